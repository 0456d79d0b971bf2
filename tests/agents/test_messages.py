import io

import numpy as np
import pytest

from stemline.agents.messages import receive, send


def round_trip(message):
    pipe = io.BytesIO()
    send(pipe, message)
    pipe.seek(0)
    received = receive(pipe)
    assert not pipe.read()
    return received


@pytest.mark.parametrize("message", [None, 3, "Å", [1, {"a": [True, 1 / 3]}], {"value": float("inf")}])
def test_json_arrives_as_it_was(message) -> None:
    assert round_trip(message) == message


def test_tuples_and_numpy_scalars_arrive_as_json_has_them() -> None:
    assert round_trip((1, np.float64(0.1), np.int64(2))) == [1, 0.1, 2]


def test_arrays_arrive_bit_for_bit_in_their_places() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(3, 4))
    first[1, 1] = np.nan
    second = rng.integers(0, 9, size=(2, 5, 2)).astype(np.uint16)[:, ::2]
    received = round_trip([first, {"deep": [second, "x"], "empty": np.empty((0, 2))}])
    np.testing.assert_array_equal(received[0], first)
    np.testing.assert_array_equal(received[1]["deep"][0], second)
    assert received[1]["deep"][0].dtype == np.uint16
    assert received[1]["empty"].shape == (0, 2)
    assert received[1]["deep"][1] == "x"


def test_messages_follow_one_another() -> None:
    pipe = io.BytesIO()
    send(pipe, [np.arange(3)])
    send(pipe, "next")
    pipe.seek(0)
    assert receive(pipe)[0].tolist() == [0, 1, 2]
    assert receive(pipe) == "next"


def test_what_is_no_data_is_refused_before_a_byte_is_written() -> None:
    pipe = io.BytesIO()
    with pytest.raises(TypeError, match="object can't be sent"):
        send(pipe, [np.zeros(3), object()])
    with pytest.raises(TypeError, match="ndarray can't be sent"):
        send(pipe, np.array([object()]))
    assert pipe.getvalue() == b""


@pytest.mark.parametrize("cut", [0, 5, 20, -1])
def test_a_broken_pipe_is_the_end(cut) -> None:
    pipe = io.BytesIO()
    send(pipe, [np.zeros(3)])
    with pytest.raises(EOFError):
        receive(io.BytesIO(pipe.getvalue()[:cut]))
