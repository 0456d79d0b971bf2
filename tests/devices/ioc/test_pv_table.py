import re
from pathlib import Path

from stemline.devices.ioc.controls_group import CONTROLS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "pvs.md"


def documented() -> set[str]:
    cells = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    pairs = [(name, "+ `_RBV`" in cell) for cell in cells for name in re.findall(r"`([\w:]+:[\w.]+)`", cell)]
    return {name for name, _ in pairs} | {name + "_RBV" for name, both in pairs if both}


def test_what_is_served_is_documented(play):
    async def script(panel):
        served = {name.removeprefix("T1:") for name in panel.records.pvdb}
        assert served - documented() == set()
        assert len(served) > 60

    play(script)


def test_controls_are_documented_with_their_readbacks():
    names = {name for name, _ in CONTROLS.values()}
    assert names | {name + "_RBV" for name in names} <= documented()
