"""An answer that was asked for before anybody wanted it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Self

import numpy as np
from caproto.threading.client import Batch
from ophyd.signal import EpicsSignalBase

from .crew import crew

FRESH = 0.5  # [s] that it may be given for


class Ahead:
    """Value and time of a signal, there already or on their way.

    Parameters
    ----------
    signal
        Whose answer it is.
    """

    def __init__(self, signal: EpicsSignalBase) -> None:
        self._signal = signal
        self._asked = time.monotonic()
        self._answer: Future[tuple[Any, float]] = Future()

    @classmethod
    def ask(cls, signals: Sequence[EpicsSignalBase]) -> list[Self]:
        """Ask for several at once, numbers (with caproto) in one packet; wait for none, and raise nothing."""
        answers = [cls(signal) for signal in signals]
        numbers = [answer for answer in answers if answer._is_number]
        try:
            with Batch(timeout=None) as batch:
                for answer in numbers:
                    batch.read(answer._signal._read_pv._caproto_pv, answer._take, data_type="time")
        except Exception as error:
            for answer in numbers:
                answer._answer.set_exception(error)
        for answer in answers:
            if answer not in numbers:
                crew().do(answer._get)
        return answers

    @classmethod
    def known(cls, signal: EpicsSignalBase, value: Any) -> Self:
        """Keep a value that `signal` has just been read to be."""
        answer = cls(signal)
        answer._answer.set_result((value, signal.timestamp))
        return answer

    @property
    def fresh(self) -> bool:
        """Whether it may still be given."""
        return time.monotonic() - self._asked < FRESH

    def wait(self) -> tuple[Any, float]:
        """Wait for value and time [s since 1970], as long as for any answer; raise what asking has raised."""
        return self._answer.result(self._signal.timeout)

    @property
    def _is_number(self) -> bool:
        signal = self._signal
        return signal.cl.name == "caproto" and not signal.as_string and signal.enum_strs is None

    def _take(self, response: Any) -> None:
        data = response.data
        scalar = self._signal._read_pv.count == 1
        value = data[0].item() if scalar else np.asarray(data, data.dtype.newbyteorder("="))
        self._answer.set_result((value, float(response.metadata.timestamp)))

    def _get(self) -> None:
        try:
            value = EpicsSignalBase.get(self._signal)
            self._answer.set_result((value, self._signal.timestamp))
        except Exception as error:
            self._answer.set_exception(error)
