"""The startup files, in the queue server's hands and at a prompt."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from stemline.tiled_config.journal.file import read

from .conftest import alive, family

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]

STARTUP = Path(__file__).parents[3] / "profile_collection" / "startup"
LISTS = "from bluesky_queueserver.manager.gen_lists import gen_list_of_plans_and_devices_cli as main; main()"
PROMPT = """
(uid,) = RE(random_spectroscopy(num_points=2))
assert RE(count([beam], 1))
session.flush()
print("stop", catalog[uid].metadata["stop"]["exit_status"])
"""


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "STEMLINE_CONFIG": ""}


def test_the_shipped_list_is_what_the_built_in_simulation_has_today(tmp_path: Path):
    subprocess.run(
        [sys.executable, "-c", LISTS, "--startup-dir", str(STARTUP), "--file-dir", str(tmp_path)],
        cwd=tmp_path,
        env=environment(),
        check=True,
        timeout=240,
        capture_output=True,
    )
    name = "existing_plans_and_devices.yaml"
    today = yaml.safe_load((tmp_path / name).read_text())
    shipped = yaml.safe_load((STARTUP / name).read_text())
    assert shipped == today, (
        "run `qserver-list-plans-devices --startup-dir profile_collection/startup "
        "--file-dir profile_collection/startup` and commit the file"
    )


def test_the_same_session_opens_at_a_prompt(tmp_path: Path):
    profile = tmp_path / "profile"  # a copy: IPython writes its history into it
    shutil.copytree(STARTUP, profile / "startup")
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--profile-dir", str(profile), "--no-banner", "-c", PROMPT],
        cwd=tmp_path,
        env=environment(),
        timeout=240,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "stop success" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_startup_files_are_short_and_define_nothing():
    for file in STARTUP.glob("*.py"):
        text = file.read_text()
        assert len(text.splitlines()) <= 20, file
        assert "\ndef " not in text, file
        assert "\nclass " not in text, file


def test_sigterm_at_a_prompt_aborts_the_run_and_ends_everything(tmp_path: Path):
    profile = tmp_path / "profile"
    shutil.copytree(STARTUP, profile / "startup")
    what = "RE(random_spectroscopy(num_points=200, dwell_time=0.1))"
    with subprocess.Popen(
        [sys.executable, "-m", "IPython", "--profile-dir", str(profile), "--no-banner", "-c", what],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    ) as prompt:
        try:
            deadline = time.monotonic() + 120
            while not any((tmp_path / "stemline-data" / "frames").rglob("*.h5")):
                assert time.monotonic() < deadline
                assert prompt.poll() is None
                time.sleep(0.1)
            everybody = family(prompt.pid)
            prompt.terminate()
            assert prompt.wait(60) == -signal.SIGTERM
        finally:
            prompt.kill()
    assert alive(everybody) == []
    (journal,) = (tmp_path / "stemline-data" / "journal" / "forwarded").glob("*.jsonl")
    name, stop = read(journal)[0][-1]
    assert (name, stop["exit_status"], stop["reason"]) == ("stop", "abort", "stopped by SIGTERM")
