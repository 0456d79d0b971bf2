"""The startup files, in the queue server's hands and at a prompt."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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
