"""One stream of a run, as the catalog has it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tiled.client.container import Container

Events = Mapping[str, NDArray[Any]]
"""Data keys, ``seq_num`` and ``time`` [s], each with one value an event ``(n,)``; empty without events."""

# TiledWriter keeps the scalars of a stream's events in a table of this name.
EVENTS = "internal"


def read_events(run: Container, stream: str) -> Events:
    """Read the scalars of a stream, event by event.

    Parameters
    ----------
    run
        A run in the catalog, finished or going on.
    stream
        Its name.
    """
    try:
        table = run.base[f"{stream}/{EVENTS}"].read()
    except KeyError:
        return {}
    # A row whose acknowledgement was lost is sent again.
    _, first = np.unique(table["seq_num"], return_index=True)
    return {key: table[key].to_numpy()[first] for key in table}


def read_array(run: Container, stream: str, key: str, index: int = -1) -> NDArray[np.generic] | None:
    """Read one event's array.

    Parameters
    ----------
    run
        A run in the catalog.
    stream
        Name of the stream.
    key
        Data key of frames in a file, or of arrays in events.
    index
        Of the event.

    Returns
    -------
    ndarray or None
        None when there is none.
    """
    try:
        array = run.base[f"{stream}/{key}"]
    except KeyError:
        return None
    return np.asarray(array[index]) if array.shape[0] else None


def data_keys(run: Container, stream: str) -> Mapping[str, Any]:
    """Read what a stream's descriptor says of its data keys; empty when it has not arrived."""
    try:
        keys: Mapping[str, Any] = run.base[stream].metadata["data_keys"]
    except KeyError:
        return {}
    return keys
