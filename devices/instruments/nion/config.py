"""What the Nion driver needs to know: where the server is, and what of it may be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ..protocol import Instrument, InstrumentError, ScanLimits, ScanRequest
from .blanker import NionBlanker
from .connection import Connection
from .controls import NionControls
from .placement import Placement
from .ronchigram import NionRonchigram
from .scanner import NionScanner
from .spectrometer import NionSpectrometer, energy_axis

TOKEN = "STEMLINE_NION_TOKEN"  # noqa: S105  # the name of a variable
Pixels = Annotated[int, Field(ge=1, le=4096)]


class NionConfig(BaseModel):
    """A Nion microscope, or Nion's simulator, behind its server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Literal["nion"] = "nion"
    address: str = Field(
        default="127.0.0.1:9380", pattern=r"^[^:\s]+:\d{1,5}$", description="host:port of the Nion server"
    )
    token_file: Path | None = Field(
        default=None,
        description=f"the server's token, a file that it writes itself; default: the variable {TOKEN}",
    )
    certificate: Path | None = Field(
        default=None, description="the server's certificate (PEM): the connection is encrypted then"
    )
    shape: tuple[Pixels, Pixels] = Field(default=(128, 128), description="default scan (ny, nx) [px]")
    field_of_view: float = Field(
        default=160.0, gt=0, le=1e6, description="extent along x of the default scan [nm]"
    )
    dwell_time: float = Field(default=1e-5, ge=1e-7, le=1, description="of a pixel of the default scan [s]")
    largest_field_of_view: float = Field(
        default=1000.0,
        gt=0,
        le=1e6,
        description="largest that is accepted [nm]; Nion has no limit of its own",
    )

    binning: Literal[1, 2, 4, 8] = Field(
        default=4, description="of the Ronchigram camera: pixels along each side that become one"
    )

    def create(self) -> Instrument:
        """Connect, and blank the beam.

        Raises
        ------
        InstrumentError
            If there is no token, or no server that takes it.
        """
        if self.certificate is not None and not self.certificate.is_file():
            raise InstrumentError(f"certificate {self.certificate} is not here: copy it from the Nion server")
        connection = Connection(self.address, self._token(), self.certificate)
        description = connection.call("describe")
        frame = ScanRequest(self.shape, self.field_of_view * 1e-9, 0.0, self.dwell_time)
        limits = ScanLimits(
            field_of_view=(1e-10, max(self.field_of_view, self.largest_field_of_view) * 1e-9),
            dwell_time=(1e-7, 1.0),
            max_shape=(4096, 4096),
            rotation=(-np.pi, np.pi),
        )
        placement = Placement(frame)
        return Instrument(
            name=self.driver,
            controls=NionControls(connection, description["controls"]),
            scanner=NionScanner(connection, placement, limits, tuple(description["channels"])),
            spectrometer=NionSpectrometer(
                connection, placement, energy_axis(description["cameras"]["eels"][0])
            ),
            frame_source=NionRonchigram(
                connection, placement, description["cameras"]["ronchigram"], self.binning
            ),
            blanker=NionBlanker(connection),
        )

    def _token(self) -> str:
        if self.token_file is None:
            token = os.environ.get(TOKEN, "")
            if not token:
                raise InstrumentError(f"no token for the Nion server: give token_file, or set {TOKEN}")
            return token
        try:
            return self.token_file.read_text().strip()
        except OSError as error:
            raise InstrumentError(
                f"token_file {self.token_file}: {error.strerror}; start the Nion server, which writes it"
            ) from error
