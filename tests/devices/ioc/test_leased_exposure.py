"""Exposures of a client whose lease is not there, or ends."""

import asyncio

from stemline.devices.ioc.lease import Leases


def test_without_a_lease_the_beam_stays_off(fake, play):
    async def script(panel):
        assert not await panel.put("EELS:cam1:Acquire", 1)
        assert "no lease" in panel["EELS:cam1:StatusMessage_RBV"]
        assert "unblank" not in fake.log
        assert panel["Beam:Electrons_RBV"] == 0
        assert await panel.put("Beam:Lease", 1.5)
        assert await panel.put("EELS:cam1:Acquire", 1)

    play(script, leases=Leases())


def test_a_lease_that_ends_blanks_and_its_electrons_are_counted(fake, play):
    now = [0.0]

    async def script(panel):
        fake.hold = True
        panel.leases.renew("", 1.0)
        acquiring = asyncio.create_task(panel.put("EELS:cam1:Acquire", 1))
        while not fake.exposing.is_set():
            await asyncio.sleep(0.001)
        now[0] = 1.1
        assert not await acquiring
        assert fake.blanked
        assert "was not renewed" in panel["EELS:cam1:StatusMessage_RBV"]
        assert panel["EELS:cam1:DetectorState_RBV"] == "Aborted"
        assert panel["Beam:Electrons_RBV"] > 0

    play(script, leases=Leases(lambda: now[0]))


def test_an_abort_while_a_raster_is_counted_keeps_the_beam_off(fake, play, monkeypatch):
    async def script(panel):
        counted = panel.beam._account.charge

        def slow(*arguments):
            loop.call_soon_threadsafe(panel.exposures.call_off, "aborted by a test")
            charge = counted(*arguments)
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result(5)
            return charge

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(panel.beam._account, "charge", slow)
        assert not await panel.put("HAADF:cam1:Acquire", 1)
        assert panel["HAADF:cam1:StatusMessage_RBV"] == "aborted by a test"
        assert "unblank" not in fake.log
        assert panel["Beam:Electrons_RBV"] == 0

    play(script)
