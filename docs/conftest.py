"""Run the Python and console examples of the documentation, and compare what they print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).resolve().parent.parent


class BashParser(CodeBlockParser):
    """A ``bash`` block is run by the shell, in one temporary folder a page; it must exit with 0."""

    language = "bash"

    def evaluate(self, example: Example) -> str | None:
        """Run one block; its output is the failure."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", example.parsed],
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        return None if done.returncode == 0 else f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory: pytest.TempPathFactory):
    """Make a folder of the page's own, with the examples in it and the environment's commands on the path."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "examples").symlink_to(ROOT / "examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
        yield folder


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), BashParser(), SkipParser()],
    patterns=["**/*.md"],
    fixtures=["page_folder"],
).pytest()
