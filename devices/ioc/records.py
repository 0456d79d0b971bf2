"""Process variables: what a client may read and put, with limits, alarms and completion."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np
from caproto import (
    AccessRights,
    AlarmSeverity,
    AlarmStatus,
    CAStatus,
    ChannelChar,
    ChannelDouble,
    ChannelEnum,
    ChannelFloat,
    ChannelInteger,
    ChannelString,
)

from .client import CLIENT, WriteRules
from .refusal_log import RefusalLog

log = logging.getLogger(__name__)

Put = Callable[
    [Any], Awaitable[Any]
]  # does what a put asks for; gives what the record shall hold, if another
Limits = tuple[float, float]
STRING_LENGTH = 1024
STRING_ENCODING = "latin-1"  # what the clients of Channel Access take a CHAR waveform for


class Refused(Exception):
    """The IOC refuses a put; the message says what, where and what to do."""


class Served:
    """What every record here adds to caproto's: clients write through `put` only, and a put can fail.

    A put that fails leaves the value, raises the record's alarm to MAJOR and completes with ECA_PUTFAIL, as a
    record of an EPICS IOC does. (An exception sent as a CA error would leave caproto's client waiting.)
    """

    put: Put | None = None
    allowed: Callable[[str], str | None]
    refused: Callable[[str], Awaitable[None]]

    def check_access(self, hostname: str, username: str) -> AccessRights:
        """Let everybody read, and write what has a `put`."""
        return AccessRights.READ if self.put is None else AccessRights.READ | AccessRights.WRITE

    async def verify_value(self, data: Any) -> Any:
        """Do what a put asks for; return what the record shall hold."""
        assert self.put is not None
        data = data.item() if isinstance(data, np.generic) else data  # JSON, later on, takes no numpy
        kept = await self.put(data)
        return data if kept is None else kept

    async def auth_write(
        self, *args: Any, user_address: tuple[str, int] | None = None, **kwargs: Any
    ) -> CAStatus:
        """Answer a put: with ECA_PUTFAIL where it is refused or fails."""
        client = "" if user_address is None else f"{user_address[0]}:{user_address[1]}"
        CLIENT.set(client)  # of the task that caproto makes for this put
        try:
            reason = self.allowed(client)
            if reason is not None:
                raise Refused(reason)
            await super().auth_write(*args, **kwargs)  # type: ignore[misc]
        except Exception as error:
            log.info("a put failed: %s", error, exc_info=True)
            await self.set_alarm(AlarmSeverity.MAJOR_ALARM, AlarmStatus.WRITE)
            await self.refused(str(error) or repr(error))
            return CAStatus.ECA_PUTFAIL
        await self.set_alarm(AlarmSeverity.NO_ALARM)
        return CAStatus.ECA_NORMAL

    async def show(self, value: Any) -> None:
        """Set the value from inside the IOC and publish it."""
        await self.write(value, verify_value=False)  # type: ignore[attr-defined]

    async def set_alarm(self, severity: AlarmSeverity, status: AlarmStatus = AlarmStatus.NO_ALARM) -> None:
        """Raise or clear the alarm."""
        alarm = self.alarm  # type: ignore[attr-defined]
        if (alarm.severity, alarm.status) != (severity, status):
            await alarm.write(severity=severity, status=status)


class Number(Served, ChannelDouble):  # type: ignore[misc]
    """A floating-point number with unit and limits."""


class Integer(Served, ChannelInteger):  # type: ignore[misc]
    """A whole number."""


class Text(Served, ChannelChar):  # type: ignore[misc]
    """A string of up to 1024 characters, as a CHAR waveform."""

    async def show(self, value: str) -> None:
        """Set the value from inside the IOC and publish it; what can't be sent becomes a question mark."""
        await super().show(value.encode(STRING_ENCODING, "replace").decode(STRING_ENCODING)[:STRING_LENGTH])


class Word(Served, ChannelString):  # type: ignore[misc]
    """A string of up to 40 characters, as a string record."""


class Choice(Served, ChannelEnum):  # type: ignore[misc]
    """One of a few words."""

    async def verify_value(self, data: Any) -> Any:
        """Put a word, given as such or by its number."""
        words = self.enum_strings
        word = data if isinstance(data, str) else words[int(data)] if data in range(len(words)) else None
        if word not in words:
            raise Refused(f"{data} is not one of {', '.join(words)}")
        return await super().verify_value(word)


class Waveform32(Served, ChannelFloat):  # type: ignore[misc]
    """An array in single precision."""


class Waveform64(Served, ChannelDouble):  # type: ignore[misc]
    """An array in double precision."""


R = TypeVar("R", bound=Served)


class Records:
    """The process variables of an IOC, by name; each group adds its own.

    Parameters
    ----------
    prefix
        Comes before every name.
    limits
        By name and in the unit of the process variable: they narrow those that the instrument gives.
    rules
        Who may put to what.
    refusals
        Where refused and failed puts are recorded; None keeps no record.
    """

    def __init__(
        self,
        prefix: str,
        limits: Mapping[str, Limits],
        rules: WriteRules | None = None,
        refusals: RefusalLog | None = None,
    ) -> None:
        self.pvdb: dict[str, Served] = {}
        self.prefix = prefix
        self._limits = dict(limits)
        self._rules = rules or WriteRules({})
        self._refusal_log = refusals
        self._message = self.text("IOC:Message_RBV")
        self._refusals = self.integer("IOC:Refusals_RBV")

    async def report(self, message: str) -> None:
        """Show an error line to the clients."""
        await self._message.show(message)

    async def _refused(self, name: str, message: str) -> None:
        await self._refusals.show((self._refusals.value + 1) % 2**31)
        if self._refusal_log is not None:
            self._refusal_log.add(self.prefix + name, CLIENT.get(), message)
        await self.report(message)

    def _allowed(self, name: str, client: str) -> str | None:
        if self._rules.allow(client, name):
            return None
        return (
            f"{self.prefix}{name}: clients at {client.rpartition(':')[0]} may not put to it: see write_rules "
            "in the IOC's configuration"
        )

    @property
    def unused_limits(self) -> tuple[str, ...]:
        """Names of configured limits that no process variable has taken."""
        return tuple(self._limits)

    def narrowed(self, name: str, limits: Limits) -> Limits:
        """Narrow the instrument's limits by those configured for `name`.

        Raises
        ------
        ValueError
            If nothing is left.
        """
        low, high = self._limits.pop(name, limits)
        narrowed = max(low, limits[0]), min(high, limits[1])
        if narrowed[0] > narrowed[1]:
            raise ValueError(
                f"limits of {name}: [{low:g}, {high:g}] lie outside the instrument's, "
                f"[{limits[0]:g}, {limits[1]:g}]"
            )
        return narrowed

    def number(
        self, name: str, value: float, unit: str = "", put: Put | None = None, *, precision: int = 4
    ) -> Number:
        """Add a floating-point number."""
        return self._add(name, Number(value=value, units=unit, precision=precision), put)

    def integer(self, name: str, value: int = 0, unit: str = "", put: Put | None = None) -> Integer:
        """Add a whole number."""
        return self._add(name, Integer(value=value, units=unit), put)

    def text(self, name: str, value: str = "", put: Put | None = None) -> Text:
        """Add a string."""
        return self._add(name, Text(value=value, max_length=STRING_LENGTH), put)

    def word(self, name: str, value: str, put: Put | None = None) -> Word:
        """Add a short string, of the kind that EPICS has a type for."""
        return self._add(name, Word(value=value), put)

    def choice(
        self, name: str, words: tuple[str, ...], put: Put | None = None, *, initial: int = 0
    ) -> Choice:
        """Add an enumeration."""
        return self._add(name, Choice(value=words[initial], enum_strings=words), put)

    def waveform(self, name: str, size: int, single: bool, unit: str = "") -> Waveform32 | Waveform64:
        """Add an array of up to `size` numbers, in single or double precision."""
        kind = Waveform32 if single else Waveform64
        return self._add(name, kind(value=[0.0], max_length=size, units=unit), None)

    def setting(
        self,
        name: str,
        readback: Number | Integer,
        limits: Limits,
        apply: Callable[[Any], Awaitable[float]],
    ) -> Number | Integer:
        """Add what sets a readback: of the same kind, unit and value.

        Parameters
        ----------
        limits
            A value outside is refused, and so is NaN.
        apply
            Acts on the value that was asked for, and returns what the readback shall show.
        """
        low, high = limits
        unit = readback.units

        async def put(asked: float) -> None:
            if not low <= asked <= high:  # false for NaN too
                raise refusal(self.prefix + name, asked, limits, unit)
            await readback.show(await apply(asked))

        if isinstance(readback, Integer):
            setpoint: Number | Integer = self.integer(name, readback.value, unit, put)
        else:
            setpoint = self.number(name, readback.value, unit, put, precision=readback.precision)
        put_limits(setpoint, limits)
        return setpoint

    def _add(self, name: str, record: R, put: Put | None) -> R:
        record.put = put
        record.allowed, record.refused = partial(self._allowed, name), partial(self._refused, name)
        self.pvdb[self.prefix + name] = record
        return record


def refusal(name: str, value: float, limits: Limits, unit: str) -> Refused:
    """Say that a value is not within its limits."""
    asked = f"{value:.6g} {unit}".rstrip() if math.isfinite(value) else f"{value:g}"
    return Refused(f"{name} = {asked} is refused: ask for {limits[0]:.6g} to {limits[1]:.6g} {unit}".rstrip())


def put_limits(record: Number | Integer, limits: Limits) -> None:
    """Write limits into a record's metadata, unpublished."""
    for kind in ("ctrl", "disp"):
        record._data[f"lower_{kind}_limit"], record._data[f"upper_{kind}_limit"] = limits
