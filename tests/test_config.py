"""The session's YAML: every mistake is one line that names the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from stemline.config import ConfigError, load

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def write(folder: Path, text: str) -> Path:
    path = folder / "session.yml"
    path.write_text(text)
    return path


def test_built_in_configuration_is_valid() -> None:
    assert load(None).experiment.num_points > 0


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yml")), ids=lambda path: path.name)
def test_examples_are_valid(path: Path) -> None:
    load(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("experiment: {num_pionts: 3}", "experiment.num_pionts: unknown key"),
        ("experiment: {num_points: 0}", "experiment.num_points"),
        ("experiment: {scalariser: {kind: magic}}", "magic"),
        ("agent: {acquisition: guess}", "agent.acquisition"),
        ("ioc: {instrument: {drivers: [{driver: warp}]}}", "warp"),
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


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere.yml"):
        load(tmp_path / "nowhere.yml")


def test_hash_follows_the_content(tmp_path: Path) -> None:
    one = load(write(tmp_path, "agent: {seed: 1}"))
    assert one.config_hash == load(write(tmp_path, "agent:\n  seed: 1\n")).config_hash
    assert one.config_hash != load(write(tmp_path, "agent: {seed: 2}")).config_hash
