"""Build the wheel and compare it with the tree: a clone without symbolic links builds an empty one."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("agents", "analysis", "consumers", "devices", "plans", "tiled_config", "twin")


def main() -> int:
    """Return 0 when every tracked module and data file of the folders is in the wheel."""
    with tempfile.TemporaryDirectory() as folder:
        # --no-isolation would need build requirements in the caller's environment; the sdist is built first,
        # so this checks both.
        subprocess.run(
            [sys.executable, "-m", "build", "--outdir", folder, str(ROOT)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (wheel,) = Path(folder).glob("*.whl")
        packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "--", *FOLDERS], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    missing = [
        name for name in tracked if name.endswith((".py", ".yml")) and f"stemline/{name}" not in packed
    ]
    if missing or not any(name.startswith("agents/") for name in tracked):
        print("not in the wheel:", *missing, sep="\n  ")
        return 1
    print(f"{wheel.name}: all {len(tracked)} files of {', '.join(FOLDERS)} are in it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
