"""What crosses between the Nion server and its driver: arrays as bytes, and errors that keep their type.

Both ends import this module; it needs numpy and Pyro5 only. Everything is packed with msgpack: numbers, text,
lists and bytes; there is no pickle, and arrays never become lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import Pyro5.api
from numpy.typing import NDArray

OBJECT = "stemline.nion"
SERIALIZER = "msgpack"
DIFFRACTION = "4D-STEM scan"  # the kind of acquisition that scanner and camera take together
DATASET = "data"  # of the files of spectrum images and 4D-STEM data
LEASE = 2.0  # [s] that the beam stays on after the last renewal


class NionError(Exception):
    """The server refused; the message says what, where and what to do."""


class Busy(NionError):
    """Another acquisition is in progress."""


class UnknownControl(NionError):
    """There is no such control, or it can't be set."""


class BadRequest(NionError):
    """A request that makes no sense: a size of 0, a time that is not a number."""


class AcquisitionFailed(NionError):
    """The instrument failed while it acquired."""


ERRORS: Mapping[str, type[NionError]] = {
    kind.__name__: kind for kind in (NionError, Busy, UnknownControl, BadRequest, AcquisitionFailed)
}


def register_errors() -> None:
    """Teach Pyro our errors; without it the other end sees their names only."""
    for name, kind in ERRORS.items():
        Pyro5.api.register_class_to_dict(kind, _error_to_dict)
        Pyro5.api.register_dict_to_class(name, _error_from_dict)


def _error_to_dict(error: Exception) -> dict[str, Any]:
    return {"__class__": type(error).__name__, "message": str(error)}


def _error_from_dict(name: str, content: Mapping[str, Any]) -> NionError:
    return ERRORS[name](content["message"])


def pack(data: NDArray[np.generic]) -> dict[str, Any]:
    """Describe an array with its bytes, in C order."""
    return {"shape": list(data.shape), "dtype": data.dtype.str, "bytes": data.tobytes()}


def unpack(packed: Mapping[str, Any]) -> NDArray[np.generic]:
    """Make the array again; it can't be written to, for it is a view of what came."""
    array: NDArray[np.generic] = np.frombuffer(packed["bytes"], np.dtype(packed["dtype"]))
    return array.reshape(packed["shape"])
