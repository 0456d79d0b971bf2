import numpy as np

from stemline.agents.sites import Sites
from stemline.agents.spectra import Components, SpectrumMap

RNG = np.random.default_rng(3)
X = RNG.normal(size=(250, 5))
SITES = Sites(X, np.random.default_rng(4).normal(size=(250, 2)))
ENERGY = np.linspace(0, 10, 60)
PEAKS = np.exp(-0.5 * ((ENERGY - np.array([[3.0], [6.0]])) / 0.5) ** 2)
WEIGHTS = np.stack([np.exp(-((X[:, 0] - 0.3) ** 2)), 0.6 + 0.4 * np.tanh(X[:, 1])], axis=1)
TRUTH = 50 * np.exp(-ENERGY / 4) + 200 * WEIGHTS @ PEAKS
COUNTS = RNG.poisson(TRUTH).astype(float)
SIGMAS = np.sqrt(np.maximum(COUNTS, 1.0))


def test_finds_as_many_components_as_there_are_and_leaves_noise_out() -> None:
    found = Components.of(COUNTS, SIGMAS)
    assert found.axes.shape == (2, 60)
    assert found.left < 0.1
    again = found.spectra(found.scores(COUNTS))
    assert np.sqrt(np.mean((again - TRUTH) ** 2)) < 0.3 * np.sqrt(np.mean((COUNTS - TRUTH) ** 2))


def test_noise_of_the_scores_is_what_counting_makes_it() -> None:
    found = Components.of(COUNTS, SIGMAS)
    repeats = found.scores(np.random.default_rng(1).poisson(TRUTH[0], (4000, 60)).astype(float))
    expected = found.score_sigmas(np.sqrt(TRUTH[:1]))[0]
    np.testing.assert_allclose(repeats.std(axis=0), expected, rtol=0.05)


def test_predicts_spectra_it_has_not_seen_and_knows_how_well() -> None:
    model, seen = SpectrumMap(SITES), np.arange(90)
    model.fit(seen[:80], COUNTS[:80], SIGMAS[:80])
    model.condition(seen[80:], COUNTS[80:90], SIGMAS[80:90])
    new = np.arange(90, 250)
    mean, sigma = model.predict(new)
    left = np.sum((mean - TRUTH[new]) ** 2) / np.sum((TRUTH[new] - TRUTH[seen].mean(axis=0)) ** 2)
    assert left < 0.15
    peaks = PEAKS.max(axis=0) > 0.5
    covered = np.abs(mean - TRUTH[new])[:, peaks] < 1.96 * sigma[:, peaks]
    assert 0.88 < covered.mean() <= 1.0


def test_channels_without_a_count_do_no_harm() -> None:
    counts, sigmas = COUNTS[:40].copy(), SIGMAS[:40].copy()
    counts[:, :5], sigmas[:, :5] = 0.0, 0.0
    model = SpectrumMap(SITES)
    model.fit(np.arange(40), counts, sigmas)
    mean, sigma = model.predict()
    assert np.all(np.isfinite(mean))
    assert np.all(np.isfinite(sigma))
    assert np.abs(mean[:, :5]).max() < 1.0
