from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from tiled import profiles

from stemline.tiled_config.client.profile import link_profile, profile, search_profiles
from stemline.tiled_config.error import CatalogError

URI = "http://127.0.0.1:8000/api/v1"


def test_is_its_owners_alone_and_gone_when_the_catalog_is(tmp_path: Path) -> None:
    with profile(tmp_path / "profiles", URI, "secret") as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert yaml.safe_load(path.read_text()) == {
            "stemline": {"uri": f"{URI}/metadata/runs?api_key=secret"}
        }
    assert list((tmp_path / "profiles").iterdir()) == []


def test_replaces_what_a_killed_session_left(tmp_path: Path) -> None:
    (tmp_path / "stemline.yml").write_text("old")
    (tmp_path / "stemline.new").write_text("torn")
    with profile(tmp_path, URI, "secret") as path:
        assert "secret" in path.read_text()


def test_is_found_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "paths", [])
    with profile(tmp_path, URI, "secret", name="em1"):
        search_profiles(tmp_path)
        search_profiles(tmp_path)
        assert profiles.paths == [tmp_path]
        assert profiles.list_profiles() == {"em1": tmp_path / "em1.yml"}
        assert profiles.load_profiles()["em1"][1]["uri"].endswith("/runs?api_key=secret")
    profiles.load_profiles.cache_clear()


def test_link_holds_no_key_and_follows_the_session(tmp_path: Path) -> None:
    with profile(tmp_path / "data", URI, "first") as path:
        link = link_profile(path, tmp_path / "user")
        assert link.is_symlink()
    with profile(tmp_path / "data", URI, "second") as path:
        assert "second" in link_profile(path, tmp_path / "user").read_text()
        assert "second" in link.read_text()


def test_link_leaves_others_profiles_alone(tmp_path: Path) -> None:
    (tmp_path / "stemline.yml").write_text("mine: {uri: http://elsewhere}")
    with pytest.raises(CatalogError, match=r"stemline\.yml is a profile of somebody else"):
        link_profile(tmp_path / "data" / "stemline.yml", tmp_path)


def test_says_where_it_can_not_write(tmp_path: Path) -> None:
    (tmp_path / "profiles").write_text("no folder")
    with (
        pytest.raises(CatalogError, match=r"profile .*stemline\.yml can't be written"),
        profile(tmp_path / "profiles", URI, "secret"),
    ):
        pass
