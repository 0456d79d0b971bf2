"""What each key may do: HTTP codes, key by key."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import httpx
import numpy as np
import pyarrow as pa
import pytest

from stemline.tiled_config.client import connect, derived, disconnect
from stemline.tiled_config.server import CatalogServer

pytestmark = pytest.mark.system

KEYS = ("acquisition", "agent", "viewer", "admin", "wrong", "none")
NUMBERS = np.arange(3.0)
CONTAINER: dict[str, Any] = {"structure_family": "container", "metadata": {}, "specs": [], "data_sources": []}


def array_node(**data_source: Any) -> dict[str, Any]:
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
        "mimetype": None,
        "parameters": {},
        "properties": {},
        "assets": [],
        "management": "writable",
        **data_source,
    }
    return {**CONTAINER, "structure_family": "array", "data_sources": [source]}


def external_node(path: Path) -> dict[str, Any]:
    asset = {
        "data_uri": f"file://localhost{path}",
        "is_directory": False,
        "parameter": "data_uris",
        "num": 0,
    }
    return array_node(
        mimetype="application/x-hdf5", parameters={"dataset": "/d"}, assets=[asset], management="external"
    )


def one_row() -> bytes:
    table = pa.table({"x": [1.0]})
    with io.BytesIO() as buffer:
        with pa.ipc.new_file(buffer, table.schema) as writer:
            writer.write_table(table)
        return buffer.getvalue()


ARROW = {"Content-Type": "application/vnd.apache.arrow.file"}
BYTES = {"Content-Type": "application/octet-stream"}
JSON_PATCH = {
    "content-type": "application/json-patch+json",
    "metadata": [{"op": "add", "path": "/q", "value": 1}],
    "specs": None,
    "access_tags": None,
}


def key_request(*scopes: str) -> dict[str, Any]:
    return {"scopes": scopes, "expires_in": 60, "note": None, "access_tags": None}


class Catalog:
    """A run and a derived array, as the keys they are for have made them."""

    def __init__(self, server: CatalogServer, frames: Path) -> None:
        self.server = server
        frames.mkdir(exist_ok=True)
        self.file = frames / "access.h5"
        with h5py.File(self.file, "w") as file:
            file["d"] = NUMBERS
        runs = connect(server.uri, server.api_key)
        run = runs.create_container(key="access", metadata={"start": {"uid": "access"}})
        run.write_array(NUMBERS, key="a")
        run.create_appendable_table(pa.schema([("x", pa.float64())]), key="t")
        disconnect(runs)
        answer = self.request("acquisition", "POST", "/register/runs/access", json=external_node(self.file))
        self.external = answer.json()["data_sources"][0]
        self.registered = answer.json()["id"]
        results = connect(server.uri, server.agent_key)
        derived(results).write_array(NUMBERS, key="result")
        disconnect(results)
        self.principal = self.request("admin", "GET", "/auth/principal").json()[0]["uuid"]

    def request(self, key: str, method: str, path: str, **content: Any) -> httpx.Response:
        secret = "00" * 36 if key == "wrong" else getattr(self.server.keys, key, None)
        headers = {**content.pop("headers", {}), **({"Authorization": f"Apikey {secret}"} if secret else {})}
        return httpx.request(method, self.server.uri + path, headers=headers, timeout=30, **content)


@pytest.fixture(scope="module")
def catalog(server: CatalogServer, catalog_folder: Path) -> Iterator[Catalog]:
    catalog = Catalog(server, catalog_folder / "frames")
    yield catalog
    catalog.request("acquisition", "DELETE", "/metadata/runs/access?recursive=true&external_only=false")


# What is asked, then the answer to: acquisition, agent, viewer, admin, a wrong key, no key.
READ = (200, 200, 200, 200, 401, 401)
RUN = (200, 403, 401, 401, 401, 401)
REGISTER = (200, 401, 401, 401, 401, 401)
RESULT = (403, 200, 401, 401, 401, 401)
ROOT = (403, 403, 401, 401, 401, 401)
ADMIN = (401, 401, 401, 200, 401, 401)
NOBODY = (401, 401, 401, 401, 401, 401)
MATRIX = {
    "read a run's metadata": ("GET", "/metadata/runs/access", {}, READ),
    "read a run's data": ("GET", "/array/full/runs/access/a?format=application/json", {}, READ),
    "read frames of a file": ("GET", "/array/full/runs/access/{file}?format=application/json", {}, READ),
    "download a file": ("GET", "/asset/bytes/runs/access/{file}?id={asset}", {}, READ),
    "read a result": ("GET", "/array/full/derived/result?format=application/json", {}, READ),
    "search": ("GET", "/search/runs", {}, READ),
    "make a run": ("POST", "/metadata/runs", {"json": CONTAINER}, RUN),
    "make an array in a run": ("POST", "/metadata/runs/access", {"json": array_node()}, RUN),
    "write a run's array": (
        "PUT",
        "/array/full/runs/access/a",
        {"content": NUMBERS.tobytes(), "headers": BYTES},
        RUN,
    ),
    "append to a run's table": (
        "PATCH",
        "/table/partition/runs/access/t?partition=0",
        {"content": one_row(), "headers": ARROW},
        RUN,
    ),
    "change a run's metadata": ("PATCH", "/metadata/runs/access", {"json": JSON_PATCH}, RUN),
    "end a run's stream": ("DELETE", "/stream/close/runs/access/a", {}, RUN),
    "register a file in a run": ("POST", "/register/runs/access", {"json": "{external}"}, REGISTER),
    "change what a node refers to": (
        "PUT",
        "/data_source/runs/access/{file}",
        {"json": "{source}"},
        REGISTER,
    ),
    "register a file as a result": (
        "POST",
        "/register/derived",
        {"json": "{external}"},
        (403, 401, 401, 401, 401, 401),
    ),
    "make a result": ("POST", "/metadata/derived", {"json": array_node()}, RESULT),
    "write a result": (
        "PUT",
        "/array/full/derived/result",
        {"content": NUMBERS.tobytes(), "headers": BYTES},
        RESULT,
    ),
    "change a result's metadata": ("PATCH", "/metadata/derived/result", {"json": JSON_PATCH}, RESULT),
    "delete a result": ("DELETE", "/metadata/derived/result", {}, (403, 401, 401, 401, 401, 401)),
    "make something at the root": ("POST", "/metadata/", {"json": CONTAINER}, ROOT),
    "change the metadata of all runs": ("PATCH", "/metadata/runs", {"json": JSON_PATCH}, RUN),
    "make a key": ("POST", "/auth/apikey", {"json": key_request("inherit")}, NOBODY),
    "make a key for somebody": (
        "POST",
        "/auth/principal/{principal}/apikey",
        {"json": key_request("read:metadata")},
        ADMIN,
    ),
    "list who there is": ("GET", "/auth/principal", {}, ADMIN),
    "read the server's figures": ("GET", "/metrics", {}, NOBODY),
}


@pytest.mark.parametrize("what", MATRIX)
def test_each_key_may_do_what_it_is_for(catalog: Catalog, what: str) -> None:
    method, path, content, expected = MATRIX[what]
    path = path.format(
        file=catalog.registered, asset=catalog.external["assets"][0]["id"], principal=catalog.principal
    )
    if content.get("json") == "{external}":
        content = {"json": external_node(catalog.file)}
    if content.get("json") == "{source}":
        content = {"json": {"data_source": catalog.external}}
    codes = {key: catalog.request(key, method, path, **content).status_code for key in KEYS}
    assert codes == dict(zip(KEYS, expected, strict=True))


def test_only_the_acquisition_deletes_a_run(catalog: Catalog) -> None:
    path = "/metadata/runs/to_delete?recursive=true&external_only=false"
    catalog.request("acquisition", "POST", "/metadata/runs", json={**CONTAINER, "id": "to_delete"})
    codes = [catalog.request(key, "DELETE", path).status_code for key in reversed(KEYS)]
    assert codes == [401, 401, 401, 401, 401, 200]


def test_a_key_made_by_the_admin_works_and_is_no_stronger(catalog: Catalog) -> None:
    path = f"/auth/principal/{catalog.principal}/apikey"
    assert catalog.request("admin", "POST", path, json=key_request("metrics")).status_code == 403
    made = catalog.request("admin", "POST", path, json=key_request("read:metadata")).json()
    headers = {"Authorization": f"Apikey {made['secret']}"}
    assert httpx.get(f"{catalog.server.uri}/metadata/runs/access", headers=headers).status_code == 200
    assert httpx.get(f"{catalog.server.uri}/array/full/runs/access/a", headers=headers).status_code == 401


def test_a_weaker_key_does_not_become_a_token_of_its_role(catalog: Catalog) -> None:
    path = f"/auth/principal/{catalog.principal}/apikey"
    made = catalog.request("admin", "POST", path, json=key_request("read:metadata")).json()

    def trade(secret: str) -> int:
        form = {"username": "anybody", "password": secret}
        return httpx.post(f"{catalog.server.uri}/auth/provider/stemline/token", data=form).status_code

    assert [trade(secret) for secret in (made["secret"], "00" * 36, "no key", "")] == [401, 401, 401, 422]
    assert trade(catalog.server.viewer_key) == 200


def test_a_source_of_another_node_can_not_be_changed(catalog: Catalog) -> None:
    result = catalog.request("agent", "GET", "/metadata/derived/result?include_data_sources=true").json()
    (source,) = result["data"]["attributes"]["data_sources"]
    changed = {"data_source": {**catalog.external, "id": source["id"]}}
    answer = catalog.request(
        "acquisition", "PUT", f"/data_source/runs/access/{catalog.registered}", json=changed
    )
    assert answer.status_code == 404


GRAPH = {"query": "{ entities { id name } }"}
NEW_ENTITY = {"query": 'mutation { createEntity(input: {entityType: "x", name: "y"}) { id } }'}


def test_the_graph_is_no_way_around(catalog: Catalog) -> None:
    """Tiled has a table of its own of what belongs together, which asks the access policy what to list."""
    url = f"{catalog.server.url}/api/graphql"

    def ask(query: dict[str, str], key: str) -> Any:
        headers = {"Authorization": f"Apikey {key}"} if key else {}
        return httpx.post(url, json=query, headers=headers).json().get("data")

    assert ask(NEW_ENTITY, catalog.server.agent_key)
    for key in ("", "00" * 36, catalog.server.viewer_key):
        assert not ask(NEW_ENTITY, key)
    assert ask(GRAPH, catalog.server.viewer_key)["entities"]
    for key in ("", "00" * 36):
        assert not (ask(GRAPH, key) or {}).get("entities")


# Of Tiled's client (0.2.20) with websockets 17.
@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")
def test_a_viewer_follows_live(catalog: Catalog) -> None:
    """Tiled's client would make a key for it, which a viewer may not."""
    runs = connect(catalog.server.uri, catalog.server.viewer_key)
    seen: list[str] = []
    came = threading.Event()

    def take(update: Any) -> None:
        seen.append(update.key)
        came.set()

    subscription = runs.subscribe()
    subscription.child_created.add_callback(take)
    with subscription.start_in_thread():
        catalog.request("acquisition", "POST", "/metadata/runs", json={**CONTAINER, "id": "live"})
        assert came.wait(20)
    disconnect(runs)
    assert seen == ["live"]


def test_connecting_as_a_viewer_is_refused_what_is_not_its_to_do(catalog: Catalog) -> None:
    runs = connect(catalog.server.uri, catalog.server.viewer_key)
    assert np.array_equal(runs["access"]["a"].read(), NUMBERS)
    with pytest.raises(Exception, match="401"):
        runs.create_container()
    disconnect(runs)
