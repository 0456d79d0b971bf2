"""The embedded server that keeps the queue."""

import os
import signal
from pathlib import Path

import pytest
import redis

from stemline.queue.service import Service, ServiceError, free_port

pytestmark = pytest.mark.system


def server(folder: Path) -> Service:
    return Service("Redis", "redis_process", {"folder": str(folder)}, free_port(), folder / "redis.log")


def test_what_was_answered_outlives_kill_9(tmp_path: Path):
    service = server(tmp_path)
    service.start()
    with redis.Redis(port=service.port) as client:
        client.rpush("plans", "survey", "count")
        assert service.pid is not None
        os.kill(service.pid, signal.SIGKILL)
    service.stop()

    service = server(tmp_path)
    service.start()
    try:
        with redis.Redis(port=service.port) as client:
            assert client.lrange("plans", 0, -1) == [b"survey", b"count"]
    finally:
        service.stop()


def test_a_server_that_can_not_start_is_told_in_one_line(tmp_path: Path):
    log = tmp_path / "redis.log"
    service = Service("Redis", "redis_process", {"folder": str(tmp_path / "missing")}, free_port(), log)
    with pytest.raises(ServiceError, match=r"^Redis ended \(exit code \d+\): see .*redis.log$"):
        service.start()
