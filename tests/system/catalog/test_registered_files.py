"""What leads out of the readable folders can't be registered, and can't be read if it gets there later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import httpx
import numpy as np
import pytest

from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.server import CatalogServer

pytestmark = pytest.mark.system

NUMBERS = np.arange(3.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A readable folder, beside one that is not."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "frames").mkdir()
    (folder / "elsewhere").mkdir()
    write(folder / "elsewhere" / "secret.h5")
    (folder / "elsewhere" / "secret.csv").write_text("a,b\n1,2\n")
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[CatalogServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HDF5_PLUGIN_PATH", str(folder / "elsewhere"))
        patch.setenv("TILED_ALLOW_ANONYMOUS_ACCESS", "1")
        with CatalogServer(CatalogConfig(folder=folder / "catalog", readable=(folder / "frames",))) as server:
            yield server


def write(path: Path, make: Callable[[h5py.File], None] | None = None) -> Path:
    with h5py.File(path, "w", libver="latest") as file:
        if make is None:
            file["d"] = NUMBERS
        else:
            make(file)
    return path


def external_link(path: Path, secret: Path) -> str:
    def make(file: h5py.File) -> None:
        file["d"] = h5py.ExternalLink(str(secret), "/d")

    return f"file://localhost{write(path, make)}"


def virtual_dataset(path: Path, secret: Path) -> str:
    def make(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((3,), "<f8")
        layout[...] = h5py.VirtualSource(str(secret), "/d", shape=(3,))
        file.create_virtual_dataset("/d", layout)

    return f"file://localhost{write(path, make)}"


def external_storage(path: Path, secret: Path) -> str:
    def make(file: h5py.File) -> None:
        file.create_dataset("/d", (3,), "<f8", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])

    return f"file://localhost{write(path, make)}"


def symbolic_link(path: Path, secret: Path) -> str:
    path.symlink_to(secret)
    return f"file://localhost{path}"


def parent_folder(path: Path, secret: Path) -> str:
    return f"file://localhost{path.parent}/../elsewhere/secret.h5"


def other_folder(path: Path, secret: Path) -> str:
    return f"file://localhost{secret}"


LEADS_OUT = [
    external_link,
    virtual_dataset,
    external_storage,
    symbolic_link,
    parent_folder,
    other_folder,
]


def node(uri: str, mimetype: str = "application/x-hdf5", **asset: Any) -> dict[str, Any]:
    structure = {
        "data_type": {"endianness": "little", "kind": "f", "itemsize": 8, "dt_units": None},
        "chunks": [[3]],
        "shape": [3],
        "dims": None,
        "resizable": False,
    }
    source = {
        "structure_family": "array",
        "structure": structure,
        "mimetype": mimetype,
        "parameters": {"dataset": "/d"},
        "properties": {},
        "assets": [{"data_uri": uri, "is_directory": False, "parameter": "data_uris", "num": 0, **asset}],
        "management": "external",
    }
    return {
        "structure_family": "array",
        "metadata": {},
        "specs": [],
        "data_sources": [source],
        "access_tags": None,
    }


def ask(server: CatalogServer, method: str, path: str, **content: Any) -> httpx.Response:
    headers = {"Authorization": f"Apikey {server.api_key}"}
    return httpx.request(method, server.uri + path, headers=headers, timeout=30, **content)


def names(server: CatalogServer) -> list[str]:
    return [item["id"] for item in ask(server, "GET", "/search/runs").json()["data"]]


@pytest.mark.parametrize("way", LEADS_OUT, ids=lambda way: way.__name__)
def test_what_leads_out_is_not_registered(
    served: CatalogServer, folder: Path, way: Callable[[Path, Path], str]
) -> None:
    before = names(served)
    uri = way(folder / "frames" / f"{way.__name__}.h5", folder / "elsewhere" / "secret.h5")
    answer = ask(served, "POST", "/register/runs", json=node(uri))
    assert answer.status_code == 403, answer.text
    assert any(word in answer.json()["detail"] for word in ("HDF5 file", "asset"))
    assert names(served) == before


@pytest.mark.parametrize("way", [external_link, parent_folder], ids=lambda way: way.__name__)
def test_what_leads_out_is_not_added_to_what_is_there(
    served: CatalogServer, folder: Path, way: Callable[[Path, Path], str]
) -> None:
    good = write(folder / "frames" / f"good_{way.__name__}.h5")
    made = ask(served, "POST", "/register/runs", json=node(f"file://localhost{good}")).json()
    (source,) = made["data_sources"]
    bad = folder / "frames" / f"added_{way.__name__}.h5"
    uri = way(bad, folder / "elsewhere" / "secret.h5")
    asset = {**source["assets"][0], "id": None, "data_uri": uri, "num": 1}
    changed = {"data_source": {**source, "assets": [*source["assets"], asset]}}
    assert ask(served, "PUT", f"/data_source/runs/{made['id']}", json=changed).status_code == 403
    read = ask(served, "GET", f"/array/full/runs/{made['id']}?format=application/json")
    assert read.json() == list(NUMBERS)


@pytest.mark.parametrize(
    "way", [external_link, virtual_dataset, external_storage, symbolic_link], ids=lambda way: way.__name__
)
def test_what_leads_out_later_is_not_read(
    served: CatalogServer, folder: Path, way: Callable[[Path, Path], str]
) -> None:
    path = write(folder / "frames" / f"later_{way.__name__}.h5")
    made = ask(served, "POST", "/register/runs", json=node(f"file://localhost{path}")).json()
    url = f"/array/full/runs/{made['id']}?format=application/json"
    assert ask(served, "GET", url).json() == list(NUMBERS)
    path.unlink()
    way(path, folder / "elsewhere" / "secret.h5")
    for again in (url, url.replace("full", "block") + "&block=0", f"{url}&slice=0:2"):
        answer = ask(served, "GET", again)
        assert answer.status_code == 403, answer.text
        assert path.name in answer.json()["detail"]
    if way is symbolic_link:
        asset = made["data_sources"][0]["assets"][0]["id"]
        assert ask(served, "GET", f"/asset/bytes/runs/{made['id']}?id={asset}").status_code == 403


def test_other_kinds_of_files_are_looked_at_too(served: CatalogServer, folder: Path) -> None:
    """Not only those that an adapter of ours reads."""
    (folder / "frames" / "link.csv").symlink_to(folder / "elsewhere" / "secret.csv")
    before = names(served)
    for uri in (
        f"file://localhost{folder}/frames/../elsewhere/secret.csv",
        f"file://localhost{folder}/frames/link.csv",
        "duckdb:////etc/passwd",
        "sqlite:////etc/passwd",
        "http://127.0.0.1:1/a.csv",
    ):
        assert ask(served, "POST", "/register/runs", json=node(uri, "text/csv")).status_code == 403
    assert names(served) == before


def test_a_file_without_a_parameter_is_refused(served: CatalogServer, folder: Path) -> None:
    """Tiled reads it wherever it lies."""
    path = write(folder / "frames" / "plain.h5")
    body = node(f"file://localhost{path}", parameter=None, num=None)
    assert ask(served, "POST", "/register/runs", json=body).status_code == 403


def test_the_server_inherits_no_settings_and_no_plugins(served: CatalogServer) -> None:
    environment = Path(f"/proc/{served.pid}/environ").read_bytes().decode()
    assert "HDF5_PLUGIN" not in environment
    assert "TILED_" not in environment
    assert "PATH=" in environment
    assert os.environ["HDF5_PLUGIN_PATH"]
