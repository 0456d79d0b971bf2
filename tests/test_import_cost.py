"""What is imported when: the command line answers at once, and only agents load torch."""

from __future__ import annotations

import subprocess
import sys

import pytest


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", ["analysis", "consumers", "devices", "plans", "tiled_config", "twin"])
def test_no_torch(name: str) -> None:
    assert "torch" not in modules_after(f"import stemline.{name}")


def test_help_imports_nothing_heavy() -> None:
    loaded = modules_after("import stemline.cli")
    assert not loaded & {"torch", "bluesky", "ophyd", "caproto", "tiled", "numpy", "scipy"}


def test_help_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stemline", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert all(command in done.stdout for command in ("demo", "run", "ioc", "catalog", "record", "doctor"))
