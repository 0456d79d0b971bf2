from stemline.plans.random_spectroscopy import random_spectroscopy


def positions(engine, microscope, records, scalarise, seed):
    engine.documents.all.clear()
    engine(
        random_spectroscopy(
            microscope, records, scalarise, num_points=20, dwell_time=0.1, seed=seed, candidate_grid=(6, 8)
        )
    )
    return [(event["scanner_y"], event["scanner_x"]) for event in engine.documents.events("primary")]


def test_positions_are_drawn_without_repetition_and_follow_from_the_seed(
    engine, microscope, records, scalarise
):
    first = positions(engine, microscope, records, scalarise, 1)
    assert engine.documents.of("start")[0]["seed"] == 1
    assert len(set(first)) == 20
    assert positions(engine, microscope, records, scalarise, 1) == first
    assert positions(engine, microscope, records, scalarise, 2) != first


def test_streams_are_those_of_the_adaptive_plan(engine, microscope, records, scalarise):
    positions(engine, microscope, records, scalarise, 0)
    names = {doc["name"] for doc in engine.documents.of("descriptor")}
    assert names == {"survey", "decisions", "primary", "prediction"}
    strategies = [event["decision_strategy"] for event in engine.documents.events("decisions")]
    assert strategies == ["random"] * 20 + ["stop"]
