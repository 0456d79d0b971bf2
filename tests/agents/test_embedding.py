import math

import torch

from stemline.agents.embedding import Embedding


def embedding(seed: int = 0, num_features: int = 5) -> Embedding:
    return Embedding(num_features, torch.Generator().manual_seed(seed))


def features(n: int = 50, d: int = 5) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(9), dtype=torch.float64)


def test_starts_close_to_the_scaled_features() -> None:
    x = features()
    residual = embedding()(x) - x / math.sqrt(5)
    assert 0.001 < residual.square().mean().sqrt() < 0.15


def test_a_feature_without_relevance_has_no_effect() -> None:
    network = embedding()
    with torch.no_grad():
        network.log_relevance[2] = -60.0
    x = features()
    changed = x.clone()
    changed[:, 2] += 3.0
    torch.testing.assert_close(network(x), network(changed), atol=1e-12, rtol=0)


def test_the_seed_makes_the_weights_and_nothing_else_is_drawn_from() -> None:
    before = torch.get_rng_state()
    x = features()
    assert torch.equal(embedding(1)(x), embedding(1)(x))
    assert not torch.equal(embedding(1)(x), embedding(2)(x))
    assert torch.equal(torch.get_rng_state(), before)


def test_is_double_throughout() -> None:
    assert {p.dtype for p in embedding().parameters()} == {torch.float64}


def test_priors_are_at_their_peak_at_the_start_but_for_the_output() -> None:
    network = embedding()
    for name, module, prior, closure, _ in network.named_priors():
        at_start = prior.log_prob(closure(module)).sum()
        peak = prior.log_prob(torch.zeros_like(closure(module))).sum()
        assert torch.isclose(at_start, peak) == ("output" not in name)


def test_every_weight_is_trained() -> None:
    network = embedding()
    network(features()).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
