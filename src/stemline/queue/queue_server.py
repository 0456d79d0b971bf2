"""A catalog, a Redis, an RE manager and its HTTP servers, all on loopback, started and ended together."""

from __future__ import annotations

import contextlib
import functools
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from bluesky_queueserver_api.zmq import REManagerAPI

from stemline.config import SessionConfig
from stemline.tiled_config.client.profile import profile
from stemline.tiled_config.forwarder import ForwarderProcess
from stemline.tiled_config.journal.recover import recover
from stemline.tiled_config.server import CatalogServer

from . import worker_lock
from .addresses import Addresses
from .environment import Environment
from .key_file import mint
from .service import Service
from .supervisor import Supervisor

MANAGER = "the RE manager"
PERIOD = 0.5  # [s] between two looks; a dead worker is to be noticed within 5 s
PLANS_AND_DEVICES = "existing_plans_and_devices.yaml"
PERMISSIONS = "user_group_permissions.yaml"
# An agent reads and submits; it may also start and stop the queue, as bluesky-adaptive's client does.
AGENT_SCOPES = [
    "read:status",
    "read:queue",
    "read:history",
    "read:resources",
    "write:queue:edit",
    "write:queue:control",
]


class QueueServer:
    """The queue server of a session, for a ``with`` block.

    Parameters
    ----------
    config
        Of the session that the worker opens.
    config_file
        Where that was read from; None for the built-in simulation.
    startup
        Folder of the startup files, the list of plans and devices, and the permissions.
    ports
        Where to listen.
    redis
        ``host:port`` of a Redis to use; without it one is started, which keeps the queue in the data folder.
    say
        Takes one line about what happens.

    Attributes
    ----------
    addresses
        Where everything listens.
    """

    def __init__(
        self,
        config: SessionConfig,
        config_file: Path | None,
        startup: Path,
        ports: Addresses | None = None,
        redis: str | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._config = config
        self.data = config.data.absolute()
        self.folder = self.data / "queue"
        self._config_file = config_file
        self._startup = startup.absolute()
        self._ports = ports or Addresses()
        self._redis = redis
        self._say = say
        self._stack = contextlib.ExitStack()
        self._services: list[Service] = []
        self._catalog: list[CatalogServer | ForwarderProcess] = []

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.addresses = self._ports.chosen()
            if self._config.catalog.uri is None:
                self._start_catalog(stack)
            self._start_services(stack)
            self._manager = REManagerAPI(
                zmq_control_addr=self.addresses.control_url, zmq_info_addr=self.addresses.info_url
            )
            stack.callback(self._manager.close)
            self.environment = Environment(self._manager, self._log("manager"))
            stack.callback(self._close_environment)
            self._supervisor = Supervisor(self.data, self.environment, self._recover, self._say)
            self.addresses.write(self.folder / "addresses.json")
            stack.callback((self.folder / "addresses.json").unlink, missing_ok=True)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def open_environment(self) -> None:
        """Open the session in the worker; the queue stays stopped.

        Raises
        ------
        ServiceError
            If the startup files fail.
        """
        for run in self._recover():
            self._say(run.line)
        began = time.monotonic()
        self.environment.open()
        self._say(f"the environment is open ({time.monotonic() - began:.0f} s)")

    def supervise(self, until: threading.Event) -> None:
        """Keep everything running until the event is set.

        Raises
        ------
        ServiceError
            If something ends and can't be started again.
        """
        while not until.wait(PERIOD):
            for service in self._services:
                if service.pid is None:
                    self._say(f"{service.name} ended: starting it again")
                    service.restart()
                    if service.name == MANAGER:
                        self.open_environment()
            for server in self._catalog:
                if not server.alive:
                    self._say(f"{server!r} ended: starting it again")
                    server.start()
            try:
                self._supervisor.look()
            except (
                self._manager.RequestTimeoutError,
                self._manager.RequestFailedError,
                self._manager.WaitTimeoutError,
            ) as error:  # a manager that is busy, or was told something else meanwhile: it is asked again
                self._say(f"{MANAGER}: {' '.join(str(error).split())}")

    def _start_catalog(self, stack: contextlib.ExitStack) -> None:
        """Start the catalog and the forwarder here: in the worker they would end with its environment."""
        server = stack.enter_context(CatalogServer(self._config.catalog_server()))
        stack.enter_context(profile(self._config.profiles, server.uri, server.viewer_key))
        forwarder = ForwarderProcess(self._config.journal, server.uri, server.api_key)
        self._catalog = [server, stack.enter_context(forwarder)]
        self._say(f"catalog  {server.url}")

    def _start_services(self, stack: contextlib.ExitStack) -> None:
        redis = self._redis
        if redis is None:
            redis = f"127.0.0.1:{self.addresses.redis}"
            settings = {"folder": str(self.folder)}
            self._start(
                stack, Service("Redis", "redis_process", settings, self.addresses.redis, self._log("redis"))
            )
        session = str(self._config_file.absolute()) if self._config_file else ""
        manager = {"config": str(self._manager_config(redis)), "session": session}
        self._start(
            stack,
            Service(MANAGER, "manager_process", manager, self.addresses.control, self._log("manager")),
        )
        for name, port, folder, group, scopes in (
            ("the HTTP server", self.addresses.http, self.folder, "primary", []),
            ("the agents' HTTP server", self.addresses.agent, self.folder / "agent", "agent", AGENT_SCOPES),
        ):
            settings_ = {
                "key_file": str(mint(folder / "api_key")),
                "control": self.addresses.control_url,
                "info": self.addresses.info_url,
                "group": group,
                "scopes": scopes,
            }
            self._start(stack, Service(name, "http_process", settings_, port, self._log("http")))

    def _start(self, stack: contextlib.ExitStack, service: Service) -> None:
        stack.callback(service.stop)
        service.start()
        self._services.append(service)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _manager_config(self, redis: str) -> Path:
        """Write the configuration file of the RE manager."""
        # A copy: the manager writes the plans and devices of this session's microscope into it.
        listed = self.folder / PLANS_AND_DEVICES
        if not listed.exists():
            shutil.copyfile(self._startup / PLANS_AND_DEVICES, listed)
        path = self.folder / "manager.yml"
        path.write_text(
            yaml.safe_dump(
                {
                    "network": {
                        # The manager's own default is every interface.
                        "zmq_control_addr": self.addresses.control_url,
                        "zmq_info_addr": self.addresses.info_url,
                        "zmq_publish_console": True,
                        "redis_addr": redis,
                        "redis_name_prefix": "stemline",
                    },
                    "startup": {
                        "keep_re": True,
                        "startup_dir": str(self._startup),
                        "existing_plans_and_devices_path": str(listed),
                        "user_group_permissions_path": str(self._startup / PERMISSIONS),
                    },
                    "operation": {"user_group_permissions_reload": "ON_STARTUP"},
                }
            )
        )
        return path

    def _close_environment(self) -> None:
        """Let the worker close its session before the manager, ending, would kill it."""
        try:
            self.environment.close(functools.partial(worker_lock.end_worker, self.data))
        except Exception as error:  # noqa: BLE001 - everything is to be ended, whatever the manager says
            self._say(f"the environment could not be closed in order: {error}")
            return
        worker_lock.wait_until_free(self.data)

    def _recover(self) -> Sequence[Any]:
        return recover(self._config.journal)
