"""The run writer against a real server: laid out as TiledWriter does it, and never anything twice."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from bluesky_tiled_plugins import TiledWriter

from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.forwarder.high_water_mark import Differs
from stemline.tiled_config.forwarder.run_writer import RunWriter
from stemline.tiled_config.journal.file import _decode

pytestmark = pytest.mark.system


def feed(writer: RunWriter, run: Any, stop: int | None = None, each: int = 1000) -> None:
    documents = [_decode(line) for line in run.lines[:stop]]
    for begin in range(0, len(documents), each):
        for document in documents[begin : begin + each]:
            assert document is not None
            writer(*document)
        writer.write_waiting()


@pytest.mark.slow
def test_laid_out_as_tiledwriter_does_it(runs: Any, frames: Path, tools: Any) -> None:
    run = tools.make_run(frames, wide_columns=tools.two_tables)
    feed(RunWriter(runs), run)
    writer, other = TiledWriter(runs), str(uuid.uuid4())
    for line in run.lines:
        writer(*_decode(line.replace(run.uid.encode(), other.encode())))
    assert outline(runs[run.uid], run.uid) == outline(runs[other], other)


def outline(node: Any, uid: str) -> dict[str, Any]:
    """Everything about a node and what is below it, except its uid and the numbers of dimensions."""
    about: dict[str, Any] = {
        "family": node.structure_family,
        "specs": node.specs,
        "metadata": str({key: value for key, value in node.metadata.items() if key != "notes"}).replace(
            uid, ""
        ),
        "notes": sorted(node.metadata.get("notes", [])),
    }
    if node.structure_family == "container":
        base = node.base if hasattr(node, "base") else node
        about["below"] = {key: outline(child, uid) for key, child in base.items()}
    else:
        about["structure"] = (
            node.columns
            if node.structure_family == "table"
            else (node.shape, node.dtype, len(node.dims or ()))
        )
    return about


@pytest.mark.parametrize("each", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_batches_of_any_size_give_the_same(each: int, runs: Any, frames: Path, tools: Any) -> None:
    run = tools.make_run(frames, points=3)
    feed(RunWriter(runs), run, each=each)
    tools.assert_in_catalog(runs, run)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [5, 17, None])
def test_given_again_from_the_first_line_it_writes_what_is_missing(
    stop: int | None, runs: Any, frames: Path, tools: Any
) -> None:
    run = tools.make_run(frames, wide_columns=tools.two_tables)
    feed(RunWriter(runs), run, stop)
    feed(RunWriter(runs), run, each=7)
    tools.assert_in_catalog(runs, run)


@pytest.mark.slow
def test_every_request_may_be_the_last(runs: Any, frames: Path, tools: Any) -> None:
    """A writer that dies before or after any of its requests leaves nothing that the next one trips over."""
    run = tools.make_run(frames, points=5)
    dies_at = 0
    while True:
        try:
            with Dying(runs, dies_at):
                feed(RunWriter(runs), run)
            break
        except ConnectionResetError:
            dies_at += 1
    assert dies_at > 10
    tools.assert_in_catalog(runs, run)


class Dying:
    """Fails at the n-th request that changes something, every other time after the server has done it."""

    def __init__(self, runs: Any, dies_at: int) -> None:
        self.client, self.left, self.after = runs.context.http_client, dies_at, dies_at % 2

    def __enter__(self) -> None:
        self.send = self.client.send
        self.client.send = self.fail_in_time

    def __exit__(self, *_: object) -> None:
        del self.client.send

    def fail_in_time(self, request: httpx.Request, **options: Any) -> httpx.Response:
        if request.method != "GET":
            self.left -= 1
            if self.left < 0:
                if self.after:
                    self.send(request, **options).close()
                raise ConnectionResetError
        return self.send(request, **options)  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize("stop", [12, None])
def test_of_a_retaken_point_the_latest_counts(stop: int | None, runs: Any, frames: Path, tools: Any) -> None:
    run = tools.make_run(frames, points=8, retake=(2, 7))
    retaken: Any = defaultdict(set)
    with pytest.raises(Differs):
        feed(RunWriter(runs, retaken), run, each=1)
    # While it was going on, each seq_num was there once.
    rows = runs[run.uid]["primary"].base["internal"].read()["seq_num"].tolist()
    assert rows == list(range(1, 9))
    assert "stop" not in runs[run.uid].metadata
    runs.delete_contents(run.uid, recursive=True, external_only=False)
    feed(RunWriter(runs, retaken), run, stop)
    feed(RunWriter(runs, retaken), run)
    tools.assert_in_catalog(runs, run)


def test_rows_that_are_there_twice_are_noticed(
    runs: Any, frames: Path, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the server was stopped, and carries out a request after it was repeated."""
    run = tools.make_run(frames)
    client, appends = runs.context.http_client, []
    send = client.send

    def listen(request: httpx.Request, **options: Any) -> httpx.Response:
        if "/table/partition/" in request.url.path and request.method == "PATCH":
            appends.append(request)
        return send(request, **options)  # type: ignore[no-any-return]

    monkeypatch.setattr(client, "send", listen)
    feed(RunWriter(runs), run, -1)
    send(appends[0]).raise_for_status()
    with pytest.raises(Differs):
        feed(RunWriter(runs), run)


def test_an_event_that_is_not_in_the_journal_is_never_deleted(runs: Any, frames: Path, tools: Any) -> None:
    run = tools.make_run(frames)
    feed(RunWriter(runs), run, -1)
    run.documents = [
        (name, doc) for name, doc in run.documents if not (name == "event" and doc["seq_num"] == 5)
    ]
    with pytest.raises(CatalogError, match="event 5 that is not in the journal"):
        feed(RunWriter(runs), run)


def test_texts_that_get_longer_are_not_cut(
    runs: Any, frames: Path, tools: Any, words: Callable[..., Any]
) -> None:
    run = words(["a", "bc"], ["a" * 100, "d"])
    feed(RunWriter(runs), run, each=1)
    node = runs[run.uid]["primary/words"]
    assert np.array_equal(node[:], [["a", "bc"], ["a" * 100, "d"]])
    with pytest.raises(ValueError, match="is longer"):
        feed(RunWriter(runs), words(["a", "bc"], ["a" * 1000, "d"]), each=1)


@pytest.fixture
def words(tmp_path: Path) -> Callable[..., Any]:
    from event_model import compose_run

    class Texts:
        lines: list[bytes]
        uid: str

    def make(*texts: list[str]) -> Texts:
        from stemline.tiled_config.journal.file import encode

        bundle = compose_run()
        about = {"words": {"source": "t", "dtype": "array", "shape": [2], "dtype_numpy": "<U1"}}
        primary = bundle.compose_descriptor(name="primary", data_keys=about)
        documents = [("start", bundle.start_doc), ("descriptor", primary.descriptor_doc)]
        for text in texts:
            doc = primary.compose_event(data={"words": text}, timestamps={"words": 0.0}, validate=False)
            documents.append(("event", doc))
        documents.append(("stop", bundle.compose_stop()))
        run = Texts()
        run.lines, run.uid = [encode(name, doc) for name, doc in documents], bundle.start_doc["uid"]
        return run

    return make


def test_an_integer_that_no_table_takes_is_named(runs: Any, frames: Path, tools: Any) -> None:
    run = tools.make_run(frames)
    for name, doc in run.documents:
        if name == "event" and "n" in doc["data"]:
            doc["data"]["n"] = 2**63
    with pytest.raises(CatalogError, match=r"n of event 1 of primary is 9223372036854775808"):
        feed(RunWriter(runs), run)


def test_a_document_of_an_unknown_kind_is_named(runs: Any) -> None:
    with pytest.raises(CatalogError, match="unknown kind 'hologram'"):
        RunWriter(runs)("hologram", {})
