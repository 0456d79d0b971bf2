"""The session's YAML: every mistake is one line that names the file and the key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from stemline.agents.acquisition import ACQUISITIONS
from stemline.agents.options import KINDS, SEEDINGS, Options
from stemline.config import Acquisition, AgentConfig, ConfigError, load

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def write(folder: Path, text: str) -> Path:
    path = folder / "session.yml"
    path.write_text(text)
    return path


def test_built_in_configuration_is_valid() -> None:
    assert load(None).experiment.num_points > 0


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yml")), ids=lambda path: path.name)
def test_examples_are_valid(path: Path) -> None:
    load(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("experiment: {num_pionts: 3}", "experiment.num_pionts: unknown key"),
        ("experiment: {num_points: 0}", "experiment.num_points"),
        ("experiment: {scalariser: {kind: magic}}", "magic"),
        ("agent: {acquisition: guess}", "agent.acquisition"),
        (
            "ioc: {instrument: {drivers: [{driver: warp}]}}",
            "ioc.instrument.drivers[0]: driver warp is unknown: use simulated, replay",
        ),
        ("ioc: {instrument: {drivers: [{seed: 3}]}}", "ioc.instrument.drivers[0]: driver is missing"),
        ("ioc: {instrument: {drivers: []}}", "ioc.instrument.drivers: give at least 1"),
        (
            "ioc: {instrument: {drivers: [{driver: replay}]}}",
            "ioc.instrument.drivers[0].spectrum_image: missing",
        ),
        ("experiment: {survey: [1]}", "experiment.survey: give keys"),
        ("experiment: {survey: {shape: 64}}", "experiment.survey.shape: give a list"),
        ("epics: {start: perhaps}", "epics.start: use true or false (given: 'perhaps')"),
        ("agent: {suggest_timeout: .inf}", "agent.suggest_timeout: must be a finite number"),
        ("agent: {uncertainty_goal: 20}", "agent.uncertainty_goal: must be less than 1"),
        ("epics: {addresses: [localhost]}", "epics.addresses[0]: give host:port"),
        ("epics: {addresses: ['localhost:99999']}", "epics.addresses[0]: give host:port"),
        ("epics: {addresses: []}", "epics.addresses: give at least 1"),
        ("catalog: {uri: 'localhost:8000'}", "catalog.uri: give the address of a server"),
        ("catalog: {uri: 'http://a:8000?api_key=s3'}", "catalog.uri: leave the key out of the file"),
        ("metadata: {date: 2026-13-01}", "not YAML: month must be in 1..12"),
        ("- a\n- b\n", "top level"),
        ("a: [", "not YAML"),
    ],
)
def test_mistakes_are_one_line_with_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    message = str(caught.value)
    assert expected in message
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("experiment: {num_pionts: 3}", "experiment.num_points"),
        ("experiment: {field_of_view: 20}", "experiment.survey.field_of_view"),
        ("experiment: {survey: {num_points: 20}}", "experiment.num_points"),
        ("agent: {dwell_time: 1}", "experiment.dwell_time"),
        ("ioc: {adresses: []}", "epics.addresses"),
        ("specimen: {}", "ioc.instrument.drivers[].specimen"),
        (
            "ioc: {instrument: {drivers: [{driver: simulated, specimen: {sed: 3}}]}}",
            "ioc.instrument.drivers[].specimen.seed",
        ),
    ],
)
def test_an_unknown_key_is_told_which_one_was_meant(tmp_path: Path, text: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"unknown key, did you mean {meant}?")):
        load(write(tmp_path, text))


@pytest.mark.parametrize(
    "text", ["zebra: 1", "ioc: {instrument: {drivers: [{driver: replay, spectrum_image: a, specimen: 1}]}}"]
)
def test_an_unknown_key_like_no_other_is_not_guessed_at(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="unknown key$"):
        load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "experiment:\n  num_points: 3\n\n  num_points: 4\n",
            "experiment.num_points: given in line 2 and again in line 4",
        ),
        ("agent: {seed: 1}\nepics: {}\nagent: {}\n", "agent: given in line 1 and again in line 3"),
        (
            "ioc: {instrument: {drivers: [{driver: simulated, seed: 1, seed: 1}]}}",
            "drivers[0].seed: given in line 1",
        ),
    ],
)
def test_a_key_given_twice_is_refused_with_its_lines(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(expected)) as caught:
        load(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_merged_key_may_be_overridden(tmp_path: Path) -> None:
    text = "metadata: {one: &one {a: 1, b: 2}, two: {<<: *one, b: 3}, three: {<<: *one}}"
    assert load(write(tmp_path, text)).metadata["two"] == {"a": 1, "b": 3}


def test_a_section_whose_keys_are_commented_out_is_the_default(tmp_path: Path) -> None:
    text = "experiment:\n  survey:\n    # shape: [64, 64]\nagent:\nmetadata: {operator: }\n"
    found = load(write(tmp_path, text))
    assert found.experiment == load(None).experiment
    assert found.metadata == {"operator": None}


def test_the_key_of_a_catalog_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = load(write(tmp_path, "catalog: {uri: 'http://127.0.0.1:8000'}")).catalog
    monkeypatch.setenv("TILED_API_KEY", "s3cret")
    assert catalog.key() == "s3cret"
    monkeypatch.delenv("TILED_API_KEY")
    with pytest.raises(ConfigError, match="set TILED_API_KEY"):
        catalog.key()


def test_the_agent_takes_all_that_the_file_offers_it() -> None:
    config = AgentConfig()
    assert Options.of(config.options()) == Options(overlap=True)  # which takes a plan that asks ahead
    choices = {name: get_args(field.annotation) for name, field in AgentConfig.model_fields.items()}
    assert (choices["kind"], choices["seeding"]) == (KINDS, SEEDINGS)
    assert choices["acquisition"] == get_args(Acquisition) == tuple(ACQUISITIONS)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere.yml"):
        load(tmp_path / "nowhere.yml")


def test_hash_follows_the_content(tmp_path: Path) -> None:
    one = load(write(tmp_path, "agent: {seed: 1}"))
    assert one.config_hash == load(write(tmp_path, "agent:\n  seed: 1\n")).config_hash
    assert one.config_hash != load(write(tmp_path, "agent: {seed: 2}")).config_hash
