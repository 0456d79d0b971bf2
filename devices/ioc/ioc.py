"""The IOC: a driver's process, the process variables of its instrument, and their server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from .beam_group import BeamGroup, BeamSettings
from .ca_server import CannotListen, Server
from .camera_group import CameraGroup
from .client import WriteRules
from .config import IOCConfig
from .controls_group import add_controls
from .description import PIXEL_ARRAY, Description
from .detectors import add_eels, add_haadf
from .dose import Account, Budgets
from .dose_map import DoseMap
from .driver_process import LOST, DriverError, DriverProcess
from .exposure import Exposures
from .hdf5_group import HDF5Group
from .ioc_group import IOCGroup
from .lease import Leases
from .pixel_array_group import PixelArrayGroup
from .records import Records, Refused, Served
from .refusal_log import RefusalLog
from .scan_group import ScanGroup
from .synchronised_scan import SynchronisedScan


class CannotStart(Exception):
    """The IOC can't start; the message says what, where and what to do."""


class IOC:
    """One microscope served over Channel Access; lives in one event loop.

    Parameters
    ----------
    config
        What to serve, and where.
    """

    def __init__(self, config: IOCConfig) -> None:
        self.config = config
        self._driver = DriverProcess(config.instrument, self._lost)
        refusals = None if config.refusal_log is None else RefusalLog(config.refusal_log)
        self._records = Records(config.prefix, config.limits, WriteRules(config.write_rules), refusals)
        self._server: Server | None = None
        self._beam: BeamGroup | None = None
        self._cameras: list[CameraGroup] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def port(self) -> int:
        """The port it listens on; 0 before it does."""
        return 0 if self._server is None else int(self._server.port)

    @property
    def records(self) -> Mapping[str, Served]:
        """Its process variables by full name."""
        return self._records.pvdb

    @property
    def size(self) -> int:
        """Number of its process variables."""
        return len(self._records.pvdb)

    @property
    def driver_pid(self) -> int | None:
        """Process id of the driver's process."""
        return self._driver.pid

    async def start(self) -> None:
        """Start the driver's process and serve its instrument.

        Raises
        ------
        CannotStart
            If a driver fails, the address can't be listened on, or the limits make no sense.
        """
        try:
            description = await self._driver.start(self.config.max_pixels)
            heart = self._serve_groups(description)
            self._server = Server(self._records.pvdb, self.config.interface, self.config.port)
            await self._server.start()
        except (DriverError, CannotListen, Refused, ValueError) as error:
            raise CannotStart(" ".join(str(error).split())) from error
        self._tasks.append(asyncio.create_task(heart.beat()))

    async def stop(self) -> None:
        """Blank, end the driver's process, and stop serving."""
        await self._driver.stop()
        if self._beam is not None:
            await self._beam.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.stop()

    def _serve_groups(self, description: Description) -> IOCGroup:
        config, records, driver = self.config, self._records, self._driver
        leases = Leases()
        budgets = Budgets(config.electron_budget or 0.0, config.dose_budget or 0.0)
        settings = BeamSettings(config.settle_time, budgets, config.current_uncertainty)
        account = Account(DoseMap(config.dose_cell, config.dose_extent, config.dose_file))
        self._beam = BeamGroup(records, description, leases, account, settings)
        exposures = Exposures(driver, self._beam, leases, config.overrun)
        add_controls(records, description, exposures, self._beam.current, config.stage_moves)

        def file(detector: str) -> HDF5Group:
            return HDF5Group(records, detector, exposures, config.write_root)

        synchronised = None
        if description.scanner is not None:
            scanner = description.scanner
            scan = ScanGroup(records, scanner, exposures, config.max_pixels)
            haadf = add_haadf(records, scanner, scan, driver, exposures, file("HAADF"), config.max_pixels)
            synchronised = SynchronisedScan(records, scan, haadf, exposures)
            self._cameras.append(haadf)
        if description.spectrometer is not None:
            self._cameras.append(add_eels(records, description.spectrometer, driver, exposures, file("EELS")))
        if description.frame_source is not None:
            source = description.frame_source
            pixel_array = PixelArrayGroup(records, source, synchronised, driver, exposures, file(PIXEL_ARRAY))
            self._cameras.append(pixel_array.camera)
        if records.unused_limits:
            raise ValueError(
                f"limits: {', '.join(records.unused_limits)}: this instrument has no such setting; "
                "docs/reference/pvs.md names those with limits"
            )
        return IOCGroup(records, description, exposures)

    def _lost(self) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._show_lost()))

    async def _show_lost(self) -> None:
        await self._records.report(LOST)
        if self._beam is not None:
            await self._beam.lost()
        for camera in self._cameras:
            await camera.lost(LOST)
