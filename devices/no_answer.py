"""What is raised when an IOC does not answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ophyd.utils import DisconnectedError


class NoAnswer(TimeoutError):
    """The IOC is frozen or gone, or does not end what it was asked to do; the message names the PV."""


@contextlib.contextmanager
def answered(pv: str) -> Iterator[None]:
    """Turn whatever an exchange with the IOC raises into one line that names the process variable.

    Raises
    ------
    NoAnswer
        From the error of the client layer, whose types and words differ from layer to layer.
    """
    try:
        yield
    except NoAnswer:
        raise
    except (TimeoutError, DisconnectedError) as error:
        raise NoAnswer(f"{pv}: the IOC does not answer: it is frozen or gone, restart it") from error
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise NoAnswer(f"{pv}: no answer from the IOC: {said}") from error
