"""The composition root: from one configuration to a RunEngine, devices, a catalog and an agent."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from bluesky import RunEngine

import stemline
from stemline.agents.worker import InlineProposer, WorkerProposer
from stemline.analysis.featurise import Candidates
from stemline.catalog_access import CatalogAccess
from stemline.config import ConfigError, SessionConfig
from stemline.devices.channel_access import use_channel_access
from stemline.experiments import Experiments
from stemline.ioc_process import IOCProcess
from stemline.plans.keep_reason import keep_reason
from stemline.plans.protocols import BackgroundProposer
from stemline.plans.protocols import Microscope as PlanMicroscope
from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.client.broker import broker
from stemline.tiled_config.client.profile import profile, search_profiles
from stemline.tiled_config.forwarder import ForwarderProcess
from stemline.tiled_config.forwarder.status import forwarder_lives
from stemline.tiled_config.journal import Journal
from stemline.tiled_config.journal.recover import recover
from stemline.tiled_config.server import CatalogServer

if TYPE_CHECKING:
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
    from databroker.v1 import Broker

    from stemline.devices.microscope import Microscope


class Session:
    """Everything of one session; open it with `open` or a ``with`` block, it closes in reverse order.

    Parameters
    ----------
    config
        What to build.
    say
        Takes a line about what is being started, and what was found.
    shared
        Use the catalog and the forwarder that another process runs on the data folder, if there are any.

    Attributes
    ----------
    RE
        The RunEngine; its documents go to the journal, and from there to the catalog.
    microscope
        The ophyd devices.
    experiments
        Plans that need nothing but numbers.
    """

    RE: RunEngine
    microscope: Microscope
    experiments: Experiments
    _access: CatalogAccess
    _forwarder: ForwarderProcess

    def __init__(
        self, config: SessionConfig, say: Callable[[str], None] = print, *, shared: bool = False
    ) -> None:
        self.config = config
        self._say = say
        self._shared = shared
        self._stack = contextlib.ExitStack()

    def open(self) -> Self:
        """Close the runs of a session that died, start what this one needs and connect to it.

        Raises
        ------
        Exception
            Whatever failed to start, after everything else was closed again.
        """
        with contextlib.ExitStack() as stack:
            self._make_data_folder()
            for run in recover(self.config.journal):
                self._say(run.line)
            address = self._start_servers(stack)
            self.microscope = self._connect_microscope(address)
            self.RE = self._run_engine(stack)
            self.experiments = self._experiments()
            self._stack = stack.pop_all()
        return self

    def close(self) -> None:
        """Close an open run, bring its documents to the catalog, end every process this session started."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @functools.cached_property
    def catalog(self) -> CatalogOfBlueskyRuns:
        """The container of the runs (Tiled client); connects when it is first asked for.

        Raises
        ------
        CatalogError
            While no catalog answers; runs can be measured all the same.
        """
        runs = connect(self._access.uri, self._access.key)
        self._stack.callback(disconnect, runs)
        return runs

    @property
    def catalog_url(self) -> str:
        """Address of the catalog's web pages, without a key."""
        return self._access.url

    @property
    def catalog_web_url(self) -> str:
        """The same for the user's own screen: with a key that can only read, if the session has one."""
        return self._access.web_url

    @property
    def db(self) -> Broker:
        """The catalog through databroker: ``db[-1].table()``."""
        return broker(self.catalog)

    def flush(self, timeout: float = 60.0) -> str | None:
        """Wait until the catalog has every run that has ended.

        Parameters
        ----------
        timeout
            How long [s].

        Returns
        -------
        str or None
            One line for the user that says which runs it does not have, why, and where they are; None when
            all is well.
        """
        return self._forwarder.flush(timeout)

    def _make_data_folder(self) -> None:
        try:
            self.config.data.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise ConfigError(f"data: {self.config.data}: {why}: name a folder you can write to") from error

    def _start_servers(self, stack: contextlib.ExitStack) -> tuple[str, ...]:
        """Start the catalog and the IOC side by side; return the addresses of the IOC."""
        epics, where = self.config.epics, self._running_catalog()
        own = {"the instrument (IOC)": epics.start, "the catalog": where is None}
        starting = [name for name, ours in own.items() if ours]
        self._say("starting " + " and ".join(starting) if starting else "connecting")
        stops: list[Callable[[], None]] = []
        stack.callback(_side_by_side, stops)
        with ThreadPoolExecutor(1) as background:
            if where is None:
                server = CatalogServer(self.config.catalog_server())
                stops.append(server.stop)
                served = background.submit(server.start)
            addresses = epics.addresses
            if epics.start:
                ioc = IOCProcess(self.config.ioc_server(), self.config.data / "ioc.log")
                stops.append(ioc.stop)
                addresses = (f"{self.config.ioc.interface}:{ioc.start().port}",)
            if where is None:
                served.result()
                where = CatalogAccess.own(server)
                stack.enter_context(profile(self.config.profiles, server.uri, server.viewer_key))
        if self.config.catalog.uri is None:
            search_profiles(self.config.profiles)
        self._access = where
        self._forwarder = ForwarderProcess(self.config.journal, where.uri, where.forwarder_key)
        if not (self._shared and forwarder_lives(self.config.journal)):
            stops.append(self._forwarder.stop)
            self._forwarder.start()
        return addresses

    def _running_catalog(self) -> CatalogAccess | None:
        """Find the catalog that others keep running; None if this session has to start one."""
        if self.config.catalog.uri is not None:
            return CatalogAccess.given(self.config.catalog)
        return CatalogAccess.served(self.config.catalog_server()) if self._shared else None

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
        engine.preprocessors.append(keep_reason)
        stack.callback(self._bring_home)
        # First: what it can't keep must not reach anybody else.
        engine.subscribe(stack.enter_context(Journal(self.config.journal)))
        stack.callback(_abort_if_open, engine)
        return engine

    def _bring_home(self) -> None:
        if problem := self.flush():
            self._say(problem)

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
        what = candidates.features, candidates.positions, options
        if self.config.agent.where == "inline":
            return InlineProposer(*what)
        return WorkerProposer(*what, self.config.data / "agent.log")


def _side_by_side(actions: list[Callable[[], None]]) -> None:
    """Do everything at a time: what is frozen is given seconds, and the others need not wait for them."""
    with ThreadPoolExecutor(max(1, len(actions))) as pool:
        for done in [pool.submit(action) for action in actions]:
            done.result()


def _abort_if_open(engine: RunEngine) -> None:
    """Close the run of an engine that was left paused, while there still is an IOC and a catalog."""
    if engine.state != "idle":
        engine.abort("the session was closed")
