"""What can be wrong between driver and server, each in one line that says what to do."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import Pyro5
import pytest

from stemline.devices.instruments.nion.config import TOKEN, NionConfig
from stemline.devices.instruments.nion.connection import Connection
from stemline.devices.instruments.protocol import Aborted, InstrumentError

SLOW = [pytest.mark.slow, pytest.mark.system]


def one_line(error: pytest.ExceptionInfo) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    with pytest.raises(InstrumentError, match=TOKEN) as error:
        NionConfig().create()
    one_line(error)
    with pytest.raises(InstrumentError, match="start the Nion server") as error:
        NionConfig(token_file=tmp_path / "token").create()
    one_line(error)


def test_no_server() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(InstrumentError, match=f"no Nion server at {address}") as error:
        Connection(address, "x" * 20).call("describe")
    one_line(error)


class TestServer:
    pytestmark = SLOW

    def test_wrong_token(self, nion_config: NionConfig) -> None:
        with pytest.raises(InstrumentError, match="refuses the token") as error:
            Connection(nion_config.address, "x" * 20).call("describe")
        one_line(error)

    def test_errors_keep_their_words(self, nion_config: NionConfig) -> None:
        connection = Connection(nion_config.address, nion_config.token_file.read_text().strip())
        frame = {"ny": 4, "nx": 4, "field_of_view": 1e-8, "rotation": 0.0}
        for method, arguments, words in (
            ("get", (["Hovercraft"],), "no control 'Hovercraft'"),
            ("set", ("C_Blank", 0.0), "no control 'C_Blank'"),  # the lease is the only way to the beam
            ("set", ("RSquareC2s", 1.0), "can be read, not set"),
            ("set", ("C10", float("nan")), "ask for a number"),
            ("start", ("holiday", {}), "can't be acquired"),
            ("start", ("scan", {"frame": {"ny": 4}, "dwell_time": 1e-6}), "a frame is"),
            ("start", ("scan", {"frame": {**frame, "field_of_view": 0.0}, "dwell_time": 1e-6}), "positive"),
            ("start", ("spectrum", {"frame": frame}), "can't be made of"),
            ("poll", (999999, 0.1), "no acquisition 999999"),
            ("place", (frame, 1.0, 0.0), "outside the frame"),
        ):
            with pytest.raises(InstrumentError, match=words) as error:
                connection.call(method, *arguments)
            one_line(error)

    def test_one_at_a_time(self, nion_config: NionConfig) -> None:
        connection = Connection(nion_config.address, nion_config.token_file.read_text().strip())
        frame = {"ny": 4, "nx": 4, "field_of_view": 1e-8, "rotation": 0.0}
        long = {"frame": frame, "probe": [0, 0], "exposure": 20.0}
        number = connection.start("spectrum", long)
        try:
            for method, arguments in (("start", ("spectrum", long)), ("set", ("C10", 1e-9))):
                with pytest.raises(InstrumentError, match="a spectrum is in progress"):
                    connection.call(method, *arguments)
            began = time.monotonic()
            connection.call("get", ["C10"])
            assert time.monotonic() - began < 0.5
        finally:
            connection.abort("spectrum")
        with pytest.raises(Aborted):
            connection.finish("spectrum", number)

    def test_spectrum_images_go_by_file(self, nion_config: NionConfig) -> None:
        connection = Connection(nion_config.address, nion_config.token_file.read_text().strip())
        connection.call("unblank")
        frame = {"ny": 3, "nx": 4, "field_of_view": 1e-7, "rotation": 0.0}
        result = connection.acquire("spectrum image", {"frame": frame, "exposure": 0.01})
        with h5py.File(result["path"]) as file:
            assert file["data"].shape == (3, 4, 1024)
            assert (file["data"][...].sum(axis=-1) > 1e5).all()
        frame |= {"ny": 64, "nx": 64}
        number = connection.start("spectrum image", {"frame": frame, "exposure": 0.01})
        while not (partial := connection.poll("spectrum image", number)["partial"]):
            pass
        assert Path(partial["path"]).exists()
        connection.abort("spectrum image")
        with pytest.raises(Aborted):
            connection.finish("spectrum image", number)
        assert not Path(partial["path"]).exists()

    @pytest.mark.parametrize("fault", ["kill", "freeze"])
    def test_a_lost_server_is_noticed_and_a_new_one_taken(
        self, start_nion: Callable, tmp_path: Path, fault: str
    ) -> None:
        server = start_nion("twin", tmp_path)
        nion = NionConfig(address=server.address, token_file=server.token_file).create()
        nion.scanner.move(1e-8, 0.0)
        getattr(server, fault)()
        began = time.monotonic()
        with pytest.raises(InstrumentError, match=server.address) as error:
            nion.spectrometer.expose(0.01)
        one_line(error)
        assert time.monotonic() - began < 4
        server.kill()
        again = start_nion("twin", tmp_path, server.port)
        nion.blanker.unblank()
        assert nion.spectrometer.expose(0.01).data.sum() > 0
        again.terminate()

    def test_tls(self, start_nion: Callable, tmp_path: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not here: it makes the certificate")
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=nion"]
            + ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
        )
        server = start_nion("twin", tmp_path, 0, "--certificate", str(certificate), "--key", str(key))
        script = (
            "import sys; from pathlib import Path\n"
            "from stemline.devices.instruments.nion.config import NionConfig\n"
            "_, address, token, certificate = sys.argv\n"
            "nion = NionConfig(address=address, token_file=token, certificate=certificate or None).create()\n"
            "print(nion.capabilities)"
        )

        def connect(given: str) -> subprocess.CompletedProcess[str]:
            arguments = [server.address, str(server.token_file), given]
            return subprocess.run(
                [sys.executable, "-c", script, *arguments],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        assert "spectrometer" in connect(str(certificate)).stdout
        assert "can't be asked" in connect("").stderr or "has gone" in connect("").stderr
        assert Pyro5.config.SSL is False  # this process's own
