"""Where a queue server answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .service import check_free, free_port


@dataclass(frozen=True)
class Addresses:
    """Ports on the loopback interface; 0 is one still to be chosen.

    Attributes
    ----------
    control
        Of the RE manager (0MQ), as `qserver` and `REManagerAPI` use it.
    info
        Of its console output and status (0MQ).
    http
        Of the HTTP server, for people's programs.
    agent
        Of the HTTP server for agents, whose key opens less.
    redis
        Of the embedded server that keeps the queue.
    """

    control: int = 0
    info: int = 0
    http: int = 0
    agent: int = 0
    redis: int = 0

    def chosen(self) -> Addresses:
        """Choose free ports where 0 was given.

        Raises
        ------
        ServiceError
            If a given port is in use.
        """
        ports = {}
        for name, port in asdict(self).items():
            if port:
                check_free(port, name)
            ports[name] = port or free_port()
        return Addresses(**ports)

    @property
    def control_url(self) -> str:
        """For ``REManagerAPI(zmq_control_addr=...)``."""
        return f"tcp://127.0.0.1:{self.control}"

    @property
    def info_url(self) -> str:
        """For ``REManagerAPI(zmq_info_addr=...)``."""
        return f"tcp://127.0.0.1:{self.info}"

    @property
    def http_url(self) -> str:
        """Of the HTTP server."""
        return f"http://127.0.0.1:{self.http}"

    @property
    def agent_url(self) -> str:
        """Of the HTTP server for agents."""
        return f"http://127.0.0.1:{self.agent}"

    def write(self, path: Path) -> None:
        """Tell programs that start later."""
        fresh = path.with_suffix(".new")
        fresh.write_text(
            json.dumps(
                {
                    "control": self.control_url,
                    "info": self.info_url,
                    "http": self.http_url,
                    "agent": self.agent_url,
                }
            )
            + "\n"
        )
        fresh.replace(path)
