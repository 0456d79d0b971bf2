from __future__ import annotations

from pathlib import Path

import pytest

from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.server.keys import SCOPES, make_keys


def test_keys_are_made_once_for_their_owner(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    files = sorted((tmp_path / "keys").iterdir())
    assert [file.name for file in files] == sorted(SCOPES)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert make_keys(tmp_path) == keys
    assert len({file.read_text() for file in files}) == len(files)


def test_keys_are_not_in_what_is_printed(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    assert keys.viewer not in repr(keys)
    assert keys.acquisition not in str(keys)


def test_a_deleted_key_is_replaced_by_another(tmp_path: Path) -> None:
    before = make_keys(tmp_path)
    (tmp_path / "keys" / "agent").unlink()
    after = make_keys(tmp_path)
    assert after.agent != before.agent
    assert after.viewer == before.viewer


def test_key_of_an_older_folder_becomes_the_acquisition_s(tmp_path: Path) -> None:
    (tmp_path / "api_key").write_text("ab" * 32 + "\n")
    (tmp_path / "api_key").chmod(0o644)
    assert make_keys(tmp_path).acquisition == "ab" * 32
    assert not (tmp_path / "api_key").exists()
    assert (tmp_path / "keys" / "acquisition").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["\n", "no key\n", "abcd\n", "z" * 72])
def test_file_without_a_key_is_named(tmp_path: Path, content: str) -> None:
    make_keys(tmp_path)
    (tmp_path / "keys" / "viewer").write_text(content)
    with pytest.raises(CatalogError, match="keys/viewer holds no key: delete it"):
        make_keys(tmp_path)


def test_folder_in_place_of_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys" / "agent").mkdir(parents=True)
    with pytest.raises(CatalogError, match=r"keys/agent can't be used \(Is a directory\)"):
        make_keys(tmp_path)


def test_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").touch()
    with pytest.raises(CatalogError, match=r"keys can't be made \(File exists\)"):
        make_keys(tmp_path)


def test_no_role_may_make_keys_for_itself_and_only_one_may_for_others() -> None:
    assert not any("create:apikeys" in scopes for scopes in SCOPES.values())
    assert [role for role, scopes in SCOPES.items() if "admin:apikeys" in scopes] == ["admin"]
    assert not any(scope.startswith(("write:data", "write:metadata")) for scope in SCOPES["admin"])
