"""What the Merlin driver needs to know."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..protocol import Axis, FrameMode, Instrument
from .control import MerlinControl
from .detector import MerlinDetector

Port = Annotated[int, Field(ge=1, le=65535)]
DTYPES = {1: "<u1", 6: "<u1", 12: "<u2", 24: "<u4"}  # what Merlin sends counters of so many bits as


class MerlinConfig(BaseModel):
    """A Merlin detector; compose it with the driver of the microscope that scans."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Literal["merlin"] = "merlin"
    host: str = Field(default="127.0.0.1", description="computer that runs Merlin's software")
    control_port: Port = Field(default=6341, description="of its control socket")
    data_port: Port = Field(default=6342, description="of its data socket")
    counter_depth: Literal[1, 6, 12, 24] = Field(default=12, description="of the counters [bit]")
    shape: tuple[Annotated[int, Field(ge=1, le=4096)], Annotated[int, Field(ge=1, le=4096)]] = Field(
        default=(256, 256), description="of a frame (ky, kx) [px]"
    )
    shortest: float = Field(
        default=1e-3, gt=0, le=1, description="frame time that the depth of the counters allows [s]"
    )
    step: float = Field(default=1.0, gt=0, le=100, description="scattering angle over a pixel [mrad]")
    centre: tuple[float, float] | None = Field(
        default=None,
        description="centre of the vacuum disk (ky, kx) [px]; default: the middle of the frame",
    )

    def create(self) -> Instrument:
        """Connect to the control socket, and ask for something.

        Raises
        ------
        InstrumentError
            If there is no Merlin.
        """
        control = MerlinControl(self.host, self.control_port)
        control.get("COUNTERDEPTH")
        dtype, saturation = DTYPES[self.counter_depth], 2.0**self.counter_depth - 1
        mode = FrameMode(f"Counting{self.counter_depth}", dtype, (self.shortest, 60.0), saturation)
        centre = self.centre or ((self.shape[0] - 1) / 2, (self.shape[1] - 1) / 2)
        ky, kx = (
            Axis(name, size, -middle * self.step * 1e-3, self.step * 1e-3, "rad")
            for name, size, middle in zip(("ky", "kx"), self.shape, centre, strict=True)
        )
        data = self.host, self.data_port
        return Instrument(
            name=self.driver,
            frame_source=MerlinDetector(control, data, self.counter_depth, mode, (ky, kx)),
        )
