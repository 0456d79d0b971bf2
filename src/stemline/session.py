"""The composition root: from one configuration to a RunEngine, devices, a catalog and an agent."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from bluesky import RunEngine

import stemline
from stemline.agents.worker import InlineProposer, WorkerProposer
from stemline.analysis.featurise import Candidates
from stemline.config import ConfigError, SessionConfig
from stemline.devices.channel_access import use_channel_access
from stemline.experiments import Experiments
from stemline.ioc_process import IOCProcess
from stemline.plans.protocols import BackgroundProposer
from stemline.plans.protocols import Microscope as PlanMicroscope
from stemline.tiled_config.broker import broker
from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.server import CatalogServer
from stemline.tiled_config.writer import CatalogWriter

if TYPE_CHECKING:
    from databroker.v1 import Broker

    from stemline.devices.microscope import Microscope


class Session:
    """Everything of one session; open it with `open` or a ``with`` block, it closes in reverse order.

    Parameters
    ----------
    config
        What to build.
    say
        Takes a line about what is being started.

    Attributes
    ----------
    RE
        The RunEngine; its documents go to the catalog.
    microscope
        The ophyd devices.
    experiments
        Plans that need nothing but numbers.
    catalog
        The container of the runs (Tiled client).
    catalog_url
        Address of the catalog's web pages, without the key.
    """

    RE: RunEngine
    microscope: Microscope
    experiments: Experiments
    writer: CatalogWriter

    def __init__(self, config: SessionConfig, say: Callable[[str], None] = print) -> None:
        self.config = config
        self._say = say
        self._stack = contextlib.ExitStack()
        self._server: CatalogServer | None = None

    def open(self) -> Self:
        """Start what the session needs and connect to it.

        Raises
        ------
        Exception
            Whatever failed to start, after everything else was closed again.
        """
        with contextlib.ExitStack() as stack:
            self._make_data_folder()
            address = self._start_servers(stack)
            self.microscope = self._connect_microscope(address)
            self.RE = self._run_engine(stack)
            self.experiments = self._experiments()
            self._stack = stack.pop_all()
        return self

    def close(self) -> None:
        """Flush documents, disconnect, end every process this session started."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def db(self) -> Broker:
        """The catalog through databroker: ``db[-1].table()``."""
        return broker(self.catalog)

    def _make_data_folder(self) -> None:
        try:
            self.config.data.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise ConfigError(f"data: {self.config.data}: {why}: name a folder you can write to") from error

    def _start_servers(self, stack: contextlib.ExitStack) -> tuple[str, ...]:
        """Start the catalog and the IOC side by side; return the addresses of the IOC."""
        epics, catalog = self.config.epics, self.config.catalog
        self._say("starting " + " and ".join(self._own_servers()) if self._own_servers() else "connecting")
        with ThreadPoolExecutor(1) as background:
            server = None
            if catalog.uri is None:
                server = CatalogServer(self.config.catalog_server())
                starting = background.submit(server.start)
                stack.callback(server.stop)
            addresses = epics.addresses
            if epics.start:
                ioc = stack.enter_context(IOCProcess(self.config.ioc_server(), self.config.data / "ioc.log"))
                addresses = (f"{self.config.ioc.interface}:{ioc.port}",)
            if server is not None:
                starting.result()
        if server is not None:
            self.catalog_url, uri, key = server.url, server.uri, server.api_key
        else:
            uri = self.catalog_url = str(catalog.uri)
            key = os.environ.get("TILED_API_KEY", "")
            if not key:
                raise ConfigError(f"catalog.uri is {uri}: set TILED_API_KEY to its key")
        self._server = server
        self.catalog = connect(uri, key)
        stack.callback(disconnect, self.catalog)
        return addresses

    def _own_servers(self) -> list[str]:
        servers = {
            "the instrument (IOC)": self.config.epics.start,
            "the catalog": self.config.catalog.uri is None,
        }
        return [name for name, own in servers.items() if own]

    def _connect_microscope(self, addresses: tuple[str, ...]) -> Microscope:
        use_channel_access(addresses, layer=self.config.epics.client)
        # Not before: importing ophyd's signals starts the client layer, which reads the addresses.
        from stemline.devices.frame_file import DataRoots
        from stemline.devices.microscope import connect as connect_microscope

        roots = DataRoots(write=self.config.ioc_server().write_root, read=self.config.read_root)
        return connect_microscope(self.config.ioc.prefix, roots)

    def _experiments(self) -> Experiments:
        from stemline.devices.records import make_records

        scalariser = self.config.experiment.make_scalariser()
        records = make_records(units=scalariser.unit, origin=scalariser.measure.kind)
        # A microscope's parts may be None; a plan that needs one says so.
        return Experiments(self.config, cast("PlanMicroscope", self.microscope), records, self._make_agent)

    def _run_engine(self, stack: contextlib.ExitStack) -> RunEngine:
        metadata = {
            "microscope": self.config.ioc.prefix.rstrip(":"),
            "instrument_driver": self.config.ioc.instrument.name,
            "stemline_version": stemline.__version__,
            "config_hash": self.config.config_hash,
            **self._beam_energy(),
            **self.config.metadata,
        }
        engine = RunEngine(metadata, scan_id_source=self._next_scan_id)
        self.writer = stack.enter_context(
            CatalogWriter(self.catalog, self.config.catalog_server().backup_folder)
        )
        engine.subscribe(self.writer)
        stack.callback(_abort_if_open, engine)
        return engine

    def _beam_energy(self) -> dict[str, float]:
        high_tension = getattr(self.microscope.beam, "high_tension", None)
        return {} if high_tension is None else {"beam_energy": 1e3 * float(high_tension.get())}  # kV -> eV

    def _next_scan_id(self, metadata: Mapping[str, Any]) -> int:
        # Only the number outlives the session: other metadata would come back after the YAML dropped it.
        kept, fresh = self.config.data / "scan_id", self.config.data / "scan_id.new"
        number = int(kept.read_text()) + 1 if kept.exists() else 1
        fresh.write_text(f"{number}\n")
        fresh.replace(kept)
        return number

    def _make_agent(self, candidates: Candidates, options: Mapping[str, Any]) -> BackgroundProposer:
        where = WorkerProposer if self.config.agent.where == "worker" else InlineProposer
        return where(candidates.features, candidates.positions, options)


def _abort_if_open(engine: RunEngine) -> None:
    """Close the run of an engine that was left paused, while there still is an IOC and a catalog."""
    if engine.state != "idle":
        engine.abort("the session was closed")
