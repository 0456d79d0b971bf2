from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stemline.tiled_config.child_server import ChildServer
from stemline.tiled_config.error import CatalogError

CHILD = """
import os, sys, threading
sys.path[:0] = {path!r}
from stemline.tiled_config.child_server import answer, end_with_parent, settings
told, ended = settings(), threading.Event()
end_with_parent(ended.set, 5.0)
if told.get("fail"):
    raise RuntimeError("nothing works")
answer({{"error": "no room"}} if told.get("refuse") else {{"got": told, "mark": os.environ.get("MARK")}})
print("for the log", flush=True)
ended.wait()
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChildServer:
    (tmp_path / "a_child.py").write_text(CHILD.format(path=sys.path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return ChildServer(
        "the child", "a_child", tmp_path / "child.log", environment={**os.environ, "MARK": "x"}
    )


def test_told_answers_and_ends(child: ChildServer, tmp_path: Path) -> None:
    assert child.start({"key": "secret"}, 20.0) == {"got": {"key": "secret"}, "mark": "x"}
    assert child.alive
    assert child.pid is not None
    child.stop(20.0)
    assert not child.alive
    assert "for the log\n" in (tmp_path / "child.log").read_text()
    child.stop(1.0)


def test_what_it_refuses_is_raised(child: ChildServer) -> None:
    with pytest.raises(CatalogError, match="^no room$"):
        child.start({"refuse": True}, 20.0)
    assert not child.alive


def test_when_it_dies_its_log_is_named(child: ChildServer) -> None:
    with pytest.raises(
        CatalogError, match=r"the child ended \(exit code 1\): RuntimeError: nothing works; see .*child.log"
    ):
        child.start({"fail": True}, 20.0)
