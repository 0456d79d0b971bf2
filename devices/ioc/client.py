"""Which client a put comes from, and what clients at an address may put to."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from fnmatch import fnmatchcase

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# "address:port" of the connection whose put is being handled, "" inside the IOC. What clients call themselves
# (user, host) is their own claim; the address is where the packets come from.
CLIENT: ContextVar[str] = ContextVar("CLIENT", default="")


class WriteRules:
    """Patterns of process variables that clients may put to, by the network that they are in.

    They guard against mistakes, not against attackers: whoever shares a machine or can forge an address
    passes them.

    Parameters
    ----------
    rules
        Patterns such as ``"Scan:*"`` by network, e.g. ``{"192.168.1.0/24": ["*"]}``; the narrowest network
        that holds the client decides. Without any rule everybody may put.
    """

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        networks = {ipaddress.ip_network(network): tuple(names) for network, names in rules.items()}
        self._rules = sorted(networks.items(), key=lambda rule: -rule[0].prefixlen)

    def allow(self, client: str, name: str) -> bool:
        """Whether `client` ("address:port") may put to `name`, without prefix; the IOC itself always may."""
        if not self._rules or not client:
            return True
        address = ipaddress.ip_address(client.rpartition(":")[0])
        for network, names in self._rules:
            if address in network:
                return any(fnmatchcase(name, pattern) for pattern in names)
        return False
