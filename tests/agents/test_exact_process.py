import pytest
import torch

from stemline.agents.exact_process import ExactProcess


@pytest.fixture
def process() -> ExactProcess:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    y = torch.sin(2 * x[:, 0]) + x[:, 1]
    variances = torch.linspace(0.01, 0.5, 20, dtype=torch.float64)
    process = ExactProcess(4, generator)
    process.condition(x, (y - y.mean()) / y.std(), variances)
    process.train_steps(30, 0.05)
    return process


@pytest.fixture
def elsewhere() -> torch.Tensor:
    return torch.randn(30, 4, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def test_posterior_is_gpytorchs(process, elsewhere) -> None:
    mean, variance = process.posterior(elsewhere)
    with torch.no_grad():
        theirs = process(elsewhere)
    torch.testing.assert_close(mean, theirs.mean, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(variance, theirs.variance, rtol=1e-6, atol=1e-10)


def test_known_noise_counts_point_by_point(process) -> None:
    (x,) = process.train_inputs
    _, variance = process.posterior(x)
    noise = process.likelihood.noise
    assert torch.all(variance < noise)
    assert torch.all(torch.diff(noise) > 0)


def test_left_out_scores_are_those_of_leaving_out(process) -> None:
    scores = process.left_out_scores()
    (x,), y, variances = process.train_inputs, process.train_targets, process.likelihood.noise_covar.noise
    floor = process.likelihood.second_noise.detach()
    for k in range(len(y)):
        rest = torch.arange(len(y)) != k
        process.condition(x[rest], y[rest], variances[rest])
        mean, variance = process.posterior(x[k : k + 1])
        expected = (y[k] - mean[0]) / torch.sqrt(variance[0] + variances[k] + floor[0])
        assert float(scores[k]) == pytest.approx(float(expected), rel=1e-6)


def test_what_is_under_way_leaves_the_mean_and_lowers_the_variance(process, elsewhere) -> None:
    underway = elsewhere[:2]
    mean, variance = process.posterior(elsewhere)
    (x,), y, variances = process.train_inputs, process.train_targets, process.likelihood.noise_covar.noise
    with_belief = process.posterior(elsewhere, underway)
    process.condition(
        torch.cat([x, underway]), torch.cat([y, mean[:2]]), torch.cat([variances, torch.zeros(2).double()])
    )
    believed = process.posterior(elsewhere)
    torch.testing.assert_close(with_belief[0], believed[0], rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(with_belief[1], believed[1], rtol=1e-6, atol=1e-8)
    assert torch.all(with_belief[1] <= variance + 1e-12)
    assert torch.all(with_belief[1][:2] < variance[:2])


def test_training_climbs(process) -> None:
    (x,) = process.train_inputs
    untrained = ExactProcess(4, torch.Generator().manual_seed(3))
    untrained.condition(x, process.train_targets, process.likelihood.noise_covar.noise)
    before = objective(untrained)
    untrained.train_steps(30, 0.05)
    assert objective(untrained) > before + 1


def objective(process: ExactProcess) -> float:
    process.train()
    with torch.no_grad():
        likelihood = process.likelihood(process(*process.train_inputs)).log_prob(process.train_targets)
        priors = sum(p.log_prob(c(m)).sum() for _, m, p, c, _ in process.named_priors())
    process.eval()
    return float(likelihood + priors)
