import numpy as np

from stemline.agents.seeding import space_filling, uniform


def test_uniform_draws_all_alike() -> None:
    rng = np.random.default_rng(0)
    free = np.array([3, 5, 9])
    draws = [uniform(free, rng) for _ in range(3000)]
    assert all(abs(draws.count(index) - 1000) < 150 for index in free)


def test_space_filling_reaches_every_cluster_sooner_than_uniform() -> None:
    rng = np.random.default_rng(1)
    sizes = [500, 5, 5, 5]
    centres = np.repeat([[0, 0], [9, 0], [0, 9], [9, 9]], sizes, axis=0)
    features = centres + rng.normal(size=centres.shape) * 0.1
    cluster = np.repeat(np.arange(4), sizes)

    def clusters_of(draw) -> int:
        visited: list[int] = []
        for _ in range(6):
            free = np.setdiff1d(np.arange(len(features)), visited)
            visited.append(draw(np.array(visited, dtype=int), free))
        assert len(set(visited)) == 6
        return len(set(cluster[visited]))

    filling = [clusters_of(lambda v, f: space_filling(features, v, f, rng)) for _ in range(10)]
    chance = [clusters_of(lambda v, f: uniform(f, rng)) for _ in range(10)]
    assert min(filling) == 4
    assert max(chance) < 4


def test_space_filling_among_equals() -> None:
    rng = np.random.default_rng(2)
    assert space_filling(np.zeros((4, 2)), np.array([0]), np.array([1, 3]), rng) in (1, 3)
