"""Processes that measure into a journal, to be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Measuring = subprocess.Popen[str]
"""Prints the uid of its run, then, after each event that the journal took, how many these are."""


@pytest.fixture
def measure(tmp_path: Path) -> Iterator[Callable[[], Measuring]]:
    processes: list[Measuring] = []

    def start() -> Measuring:
        command = [sys.executable, str(Path(__file__).with_name("measuring.py")), str(tmp_path / "journal")]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        with process:
            process.kill()
