"""The process variables of the scan: probe position and frame."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from caproto import SubscriptionType

from .description import ScannerDescription
from .exposure import Exposures
from .records import Integer, Limits, Number, Records, Refused, put_limits, refusal
from .units import DEG, NM, S


@dataclass(frozen=True)
class Frame:
    """The frame that is scanned, in the units of the process variables: nm, deg, s."""

    field_of_view: float
    rotation: float
    num_x: int
    num_y: int
    dwell_time: float

    @property
    def pixel_size(self) -> float:
        """Distance of two pixels [nm]."""
        return self.field_of_view / self.num_x

    @property
    def half(self) -> tuple[float, float]:
        """Half of the extent along (y, x) [nm]: how far the probe may go."""
        return self.pixel_size * self.num_y / 2, self.field_of_view / 2

    def request(self) -> dict[str, Any]:
        """Give the frame as the driver's process takes it: in SI units."""
        return {
            "ny": self.num_y,
            "nx": self.num_x,
            "field_of_view": NM.to_si(self.field_of_view),
            "rotation": DEG.to_si(self.rotation),
            "dwell_time": self.dwell_time,
        }


class ScanGroup:
    """`Scan:*`.

    Attributes
    ----------
    frame
        As it is set.
    changed
        Called when `frame` has changed.

    Raises
    ------
    ValueError
        If the scanner's own frame is larger than `max_pixels`.
    """

    def __init__(
        self, records: Records, scanner: ScannerDescription, exposures: Exposures, max_pixels: int
    ) -> None:
        self._records, self._exposures, self._max_pixels = records, exposures, max_pixels
        self.changed: Callable[[], Awaitable[None]] = _nothing
        ny, nx = scanner.max_shape
        low, high = scanner.field_of_view
        field_of_view = records.narrowed("Scan:FieldOfView", (NM.to_pv(low), NM.to_pv(high)))
        low, high = scanner.rotation
        rotation = records.narrowed("Scan:Rotation", (DEG.to_pv(low), DEG.to_pv(high)))
        dwell_time = records.narrowed("Scan:DwellTime", scanner.dwell_time)
        num_x, num_y = records.narrowed("Scan:NumX", (1, nx)), records.narrowed("Scan:NumY", (1, ny))
        default = scanner.default
        self.frame = Frame(
            _clamped(NM.to_pv(default.field_of_view), field_of_view),
            _clamped(DEG.to_pv(default.rotation), rotation),
            int(_clamped(default.nx, num_x)),
            int(_clamped(default.ny, num_y)),
            _clamped(default.dwell_time, dwell_time),
        )
        self._check(self.frame)
        self._y, self._y_readback = self._position("Scan:Y", "y")
        self._x, self._x_readback = self._position("Scan:X", "x")
        self._parameter("Scan:FieldOfView", "field_of_view", field_of_view, NM.name)
        self._parameter("Scan:Rotation", "rotation", rotation, DEG.name)
        self._parameter("Scan:DwellTime", "dwell_time", dwell_time, S.name, 7)
        self._parameter("Scan:NumX", "num_x", num_x, "px")
        self._parameter("Scan:NumY", "num_y", num_y, "px")
        self._pixel_size = records.number("Scan:PixelSize_RBV", self.frame.pixel_size, NM.name)
        self._limit_positions()

    def _position(self, name: str, axis: str) -> tuple[Number, Number]:
        async def put(asked: float) -> None:
            await self._move(**{axis: asked})

        return self._records.number(name, 0.0, NM.name, put), self._records.number(
            name + "_RBV", 0.0, NM.name
        )

    def _parameter(self, name: str, field: str, limits: Limits, unit: str, precision: int = 4) -> None:
        async def apply(value: Any) -> Any:
            await self._configure(field, value)
            return value

        value = getattr(self.frame, field)
        readback: Number | Integer
        if isinstance(value, int):
            readback = self._records.integer(name + "_RBV", value, unit)
        else:
            readback = self._records.number(name + "_RBV", value, unit, precision=precision)
        self._records.setting(name, readback, limits, apply)

    async def _move(self, y: float | None = None, x: float | None = None) -> None:
        async with self._exposures.blanked() as driver:
            to_y = self._y_readback.value if y is None else y
            to_x = self._x_readback.value if x is None else x
            for name, value, half in zip(("Scan:Y", "Scan:X"), (to_y, to_x), self.frame.half, strict=True):
                if not abs(value) <= half:  # true for NaN too
                    raise refusal(self._records.prefix + name, value, (-half, half), NM.name)
            await driver.post("move", y=NM.to_si(to_y), x=NM.to_si(to_x))
            await self._y_readback.show(to_y)
            await self._x_readback.show(to_x)

    async def _configure(self, field: str, value: Any) -> None:
        async with self._exposures.blanked() as driver:
            frame = replace(self.frame, **{field: value})
            self._check(frame)
            await driver.post("configure", scan=frame.request())
            self.frame = frame
            half_y, half_x = frame.half
            if abs(self._y_readback.value) > half_y or abs(self._x_readback.value) > half_x:
                await driver.post("move", y=0.0, x=0.0)
                for record in (self._y, self._y_readback, self._x, self._x_readback):
                    await record.show(0.0)
        await self._pixel_size.show(frame.pixel_size)
        self._limit_positions()
        for record in (self._y, self._x):
            await record.publish(SubscriptionType.DBE_PROPERTY)
        await self.changed()

    def _limit_positions(self) -> None:
        half_y, half_x = self.frame.half
        put_limits(self._y, (-half_y, half_y))
        put_limits(self._x, (-half_x, half_x))

    def _check(self, frame: Frame) -> None:
        if frame.num_x * frame.num_y > self._max_pixels:
            raise Refused(
                f"{frame.num_y} x {frame.num_x} pixels are refused: ask for {self._max_pixels} in all, "
                "or raise max_pixels in the IOC's configuration"
            )


def _clamped(value: float, limits: Limits) -> float:
    return min(max(value, limits[0]), limits[1])


async def _nothing() -> None:
    """Do nothing: nobody cares for the frame yet."""
