import json
import socket

import pytest

from stemline.queue.addresses import Addresses
from stemline.queue.service import ServiceError


def test_ports_that_are_not_given_are_chosen_and_those_given_are_kept():
    given = Addresses().chosen().http
    chosen = Addresses(http=given).chosen()
    assert chosen.http == given
    assert len({chosen.control, chosen.info, chosen.http, chosen.agent, chosen.redis} - {0}) == 5


def test_a_port_in_use_is_refused_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"^port {port} for http can't be used .*give another"):
            Addresses(http=port).chosen()


def test_programs_that_start_later_find_the_addresses(tmp_path):
    Addresses(control=1, info=2, http=3, agent=4).write(tmp_path / "addresses.json")
    assert json.loads((tmp_path / "addresses.json").read_text()) == {
        "control": "tcp://127.0.0.1:1",
        "info": "tcp://127.0.0.1:2",
        "http": "http://127.0.0.1:3",
        "agent": "http://127.0.0.1:4",
    }
