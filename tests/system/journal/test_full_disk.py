"""A disk that fills up in a run, for real: a few MB in a mount namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# bluesky and ophyd are imported in another process.
pytestmark = [pytest.mark.system, pytest.mark.slow]

SIZES = {"tmpfs": 2 << 20, "ext4": 8 << 20}


@pytest.mark.parametrize("kind", SIZES)
def test_the_run_ends_as_failed_with_a_true_stop_document(tmp_path: Path, kind: str) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare on this machine")
    namespace = [unshare, "--mount"] if os.geteuid() == 0 else [unshare, "--mount", "--map-root-user"]
    script = [
        sys.executable,
        str(Path(__file__).with_name("full_disk.py")),
        kind,
        str(tmp_path),
        str(SIZES[kind]),
    ]
    done = subprocess.run([*namespace, *script], capture_output=True, text=True)
    if done.returncode and "unshare" in done.stderr.splitlines()[-1]:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    if "skip" in answer:
        pytest.skip(answer["skip"])

    assert "JournalError: disk full" in answer["error"]
    assert "\n" not in answer["error"]
    names = answer["documents"]
    assert (names[0], names[-1], names.count("stop")) == ("start", "stop", 1)
    assert answer["whole"]
    assert not answer["held"]
    # The finalizer ran, and what it measured is there.
    assert answer["last_events"] == [None, 1]
    assert answer["stop"]["exit_status"] == "fail"
    assert answer["stop"]["reason"].startswith("disk full")
    counts = answer["stop"]["num_events"]
    assert counts == {"primary": answer["events"] - 1, "cleanup": 1}
    # Nobody else has heard of an event that is not in the journal.
    assert answer["heard"] == answer["events"] - 1
    assert "run refused by the journal" in answer["next"]
    assert answer["journals"] == 1
