"""The embedded tables of events, read and written by several requests at a time."""

from __future__ import annotations

from sqlalchemy.pool import QueuePool
from tiled import storage

CONNECTIONS = 5  # requests that hold one at a time; others wait for a turn
WAITING = 30.0  # [s] longest wait for a turn; a request takes hundredths of a second


def give_each_request_its_connection() -> None:
    """Have every request to a DuckDB file use a connection of its own.

    Tiled (0.2.20) has one connection for all threads of the server. Two requests at a time then end each
    other's transactions: reads fail ("closed pending query result", duckdb #21384), and while a table is
    appended to the server may die of a segmentation fault. DuckDB itself takes any number of connections to a
    file from one process.

    Call it when the application is built, before the first request.
    """
    for one in storage._STORAGE.values():
        if isinstance(one, storage.EmbeddedSQLStorage) and one.dialect == "duckdb":
            # Tiled makes its pool when it is first asked for, and keeps it under this name.
            one.__dict__["_connection_pool"] = QueuePool(
                one._adbc_connection.adbc_clone, pool_size=CONNECTIONS, max_overflow=0, timeout=WAITING
            )
