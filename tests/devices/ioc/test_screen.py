from xml.etree import ElementTree

import pytest

pytest.importorskip("pvi", reason="pvi is in the extra `screens`")


def test_every_process_variable_but_frames_is_on_the_screen(play, tmp_path):
    from stemline.devices.ioc.screen import write_screen

    async def script(panel):
        path = tmp_path / "t1.bob"
        write_screen("T1:", panel.records.pvdb, path)
        screen = ElementTree.parse(path)
        shown = {tag.text for tag in screen.iter("pv_name")}
        served = {name for name in panel.records.pvdb if not name.endswith(":ArrayData")}
        assert served - shown == set()
        assert {name for name in shown if name and name.startswith("T1:")} <= served

    play(script)


def test_strings_are_shown_as_text(play, tmp_path):
    from stemline.devices.ioc.screen import write_screen

    async def script(panel):
        path = tmp_path / "t1.bob"
        write_screen("T1:", panel.records.pvdb, path)
        (widget,) = [
            widget
            for widget in ElementTree.parse(path).iter("widget")
            if widget.findtext("pv_name") == "T1:IOC:Message_RBV"
        ]
        assert widget.findtext("format") == "6"  # Phoebus: String

    play(script)
