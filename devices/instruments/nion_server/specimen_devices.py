"""Nion's simulated devices over stemline's own specimen: its scan, cameras and acquisition, our physics.

Nion's own samples have no dose, and their HAADF and EELS ignore the blanker. Here both are Poisson counts
of the electrons that a blanker lets through.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from nion.data import Calibration, DataAndMetadata
from nion.device_kit import CameraDevice
from nion.usim_device import DeviceConfiguration, InstrumentDevice, SampleSimulator, ScanDevice
from nion.usim_device import RonchigramCameraSimulator as Ronchigram
from nion.utils import Geometry
from numpy.typing import NDArray

from stemline.twin.eels import EnergyAxis
from stemline.twin.noise import counts, electrons
from stemline.twin.specimen import Design, grow
from stemline.twin.truth import Ground, Optics, Truth, ground

from .control_table import BLANKER

SEED = 28  # of the specimen: that of the simulated driver's default, so that the two can be compared
AXIS = EnergyAxis()
RESOLUTION = 0.2  # [eV] of the zero-loss peak
COLLECTION = 20.0  # [mrad]
EFFICIENCY = 0.1  # of the electrons that EELS counts, as in the simulated driver
ROWS = 16  # of the spectrometer's camera; Nion's 256 cost time and tell nothing more
RONCHIGRAM = 256  # pixels a side
# A nanometre out of focus: with all aberrations and the probe at exactly 0, Nion's Ronchigram is dark.
START = {"EHT": 80e3, "BeamCurrent": 50e-12, "ConvergenceAngle": 10e-3, "C10": 1e-9}
EXTENT_NM = Design.extent
Positions = NDArray[np.float64]
"""[nm]"""


class _Instrument(InstrumentDevice.Instrument):  # type: ignore[misc]  # Nion is not typed here
    """Nion's instrument with cameras of other sizes."""

    def camera_sensor_dimensions(self, camera_type: str) -> tuple[int, int]:
        return (ROWS, AXIS.channels) if camera_type == "eels" else (RONCHIGRAM, RONCHIGRAM)

    def camera_readout_area(self, camera_type: str) -> tuple[int, int, int, int]:
        return 0, 0, *self.camera_sensor_dimensions(camera_type)


class _Specimen(SampleSimulator.Sample):  # type: ignore[misc]  # Nion is not typed here
    """Our specimen as Nion asks for it: seen by the scan, by EELS, and as the shadow in the Ronchigram."""

    def __init__(self) -> None:
        self._ground: Ground = ground(grow(Design(), np.random.default_rng(SEED)))
        self._rng = np.random.default_rng(SEED)
        self._truth: Truth | None = None
        self._shadow: Positions = np.zeros((0, 0))
        self._shadow_of: tuple[Any, ...] = ()

    @property
    def title(self) -> str:
        return "stemline"

    @property
    def features(self) -> list[Any]:
        return []

    def plot_features(
        self, data: Any, offset_m: Any, fov_size_nm: Any, extra_nm: Any, center_nm: Any, used_size: Any
    ) -> None:
        """Add the thickness that Nion's Ronchigram casts a shadow of; the same for all pixels of a scan."""
        asked = (data.shape, *offset_m, *fov_size_nm, *center_nm)
        if asked != self._shadow_of:
            truth = self._truth or self._ground.under(Optics(), AXIS, RESOLUTION)
            y, x = _grid(data.shape, fov_size_nm.height, fov_size_nm.width)
            inside = truth.haadf(y + center_nm.y - offset_m.y * 1e9, x + center_nm.x - offset_m.x * 1e9)
            self._shadow, self._shadow_of = 100 * inside, asked  # of Nion's 100 for vacuum
        data += self._shadow

    def look(self, instrument: Any) -> Truth:
        """See it with the instrument's present optics."""
        optics = Optics(
            beam_energy=instrument.GetVal("EHT"),
            convergence_angle=instrument.GetVal("ConvergenceAngle") * 1e3,
            collection_angle=COLLECTION,
            defocus=instrument.GetVal("C10") * 1e9,
        )
        if self._truth is None or self._truth.optics != optics:
            self._truth = self._ground.under(optics, AXIS, RESOLUTION)
        return self._truth

    def count(self, expected: Any) -> NDArray[np.float32]:
        """Draw counts."""
        return counts(expected, self._rng).astype(np.float32)

    def generate_scan_data(self, instrument: Any, scan_frame_parameters: Any) -> NDArray[np.float32]:
        """Scan, as Nion's scan device asks; the pixels lie around a centre that Nion has turned already."""
        fov, centre = scan_frame_parameters.fov_size_nm, scan_frame_parameters.center_nm
        y, x = _turned(
            *_grid(tuple(scan_frame_parameters.size), fov.height, fov.width), scan_frame_parameters
        )
        offset = instrument.value_manager.actual_offset_m
        share = self.look(instrument).haadf(y + centre.y - offset.y * 1e9, x + centre.x - offset.x * 1e9)
        return self.count(share * dose(instrument, scan_frame_parameters.pixel_time_us * 1e-6))


class _Spectrometer:
    """A camera that counts electrons by energy loss where the probe is."""

    def __init__(self, instrument: Any, specimen: _Specimen) -> None:
        self._instrument, self._specimen = instrument, specimen

    def close(self) -> None:
        """Nothing is open."""

    def get_dimensional_calibrations(self, readout_area: Any, binning_shape: Any) -> list[Any]:
        manager = self._instrument.value_manager
        energy = Calibration.Calibration(manager.energy_offset_eV, manager.energy_per_channel_eV, "eV")
        return [Calibration.Calibration(), energy]

    def get_frame_data(
        self, readout_area: Any, binning_shape: Any, exposure_s: float, scan_context: Any, probe_position: Any
    ) -> Any:
        offset = self._instrument.value_manager.actual_offset_m
        y, x = self._probe(scan_context, probe_position)
        where = np.array([y - offset.y * 1e9]), np.array([x - offset.x * 1e9])
        share = self._specimen.look(self._instrument).spectra(*where)[0]
        expected = share * dose(self._instrument, exposure_s) * EFFICIENCY / ROWS
        rows = self._specimen.count(np.broadcast_to(expected, (ROWS, AXIS.channels)))
        return DataAndMetadata.new_data_and_metadata(
            rows,
            intensity_calibration=Calibration.Calibration(units="counts"),
            dimensional_calibrations=self.get_dimensional_calibrations(readout_area, binning_shape),
        )

    def _probe(self, context: Any, parked: Any) -> tuple[float, float]:
        """Position (y, x) [nm] of the pixel that is scanned, or of the parked probe."""
        instrument, fov, rotation = self._instrument, context.fov_nm, context.rotation_rad
        centre = Geometry.FloatPoint(0.5, 0.5)
        if instrument.probe_state == "scanning":
            # Nion's simulated scan has turned it; it names the corners of pixels, and is one pixel ahead.
            late = Geometry.FloatPoint(0.5, -0.5).rotate(rotation)
            pixel = fov / context.size.width
            at = instrument.scan_controller.scan_device.current_probe_position - centre
            return at.y * fov + late.y * pixel, at.x * fov + late.x * pixel
        turned = ((parked or centre) - centre).rotate(rotation)
        return turned.y * fov + context.center_nm.y, turned.x * fov + context.center_nm.x


def dose(instrument: Any, seconds: float) -> float:
    """Electrons on the specimen in `seconds` [s]."""
    on = 0.0 if instrument.GetVal(BLANKER) else 1.0
    return on * electrons(instrument.GetVal("BeamCurrent") * 1e12, seconds)


def _grid(shape: tuple[int, int], height: float, width: float) -> tuple[Positions, Positions]:
    """Positions (y, x) of the pixels of a frame from its centre."""
    y = (np.arange(shape[0]) - (shape[0] - 1) / 2) * (height / shape[0])
    x = (np.arange(shape[1]) - (shape[1] - 1) / 2) * (width / shape[1])
    return tuple(np.meshgrid(y, x, indexing="ij"))


def _turned(y: Positions, x: Positions, parameters: Any) -> tuple[Positions, Positions]:
    """Turn as Nion does: clockwise as displayed."""
    cos, sin = math.cos(parameters.rotation_rad), math.sin(parameters.rotation_rad)
    return cos * y + sin * x, cos * x - sin * y


class _Devices(DeviceConfiguration.AcquisitionContextConfiguration):  # type: ignore[misc]  # Nion is not typed
    """Nion's set of devices, made of ours; its `run` and `stop` are used."""

    def __init__(self) -> None:
        self.instrument_id = "usim_stem_controller"
        specimen, manager = _Specimen(), InstrumentDevice.ValueManager()
        specimen.sample = specimen  # where Nion's Ronchigram looks for it
        instrument = _Instrument(self.instrument_id, manager, InstrumentDevice.AxisManager(), specimen)
        instrument.stage_size_nm = EXTENT_NM
        manager.energy_per_channel_eV, manager.energy_offset_eV = AXIS.dispersion, AXIS.offset
        for name, value in START.items():
            instrument.SetVal(name, value)
        self.instrument = instrument
        self.scan_module = ScanDevice.ScanModule(instrument)
        sensor = Geometry.IntSize(RONCHIGRAM, RONCHIGRAM)
        shadow = Ronchigram.RonchigramCameraSimulator(
            instrument, sensor, instrument.counts_per_electron, instrument.stage_size_nm
        )
        for kind, title, simulator in (
            ("eels", "EELS", _Spectrometer(instrument, specimen)),
            ("ronchigram", "Ronchigram", shadow),
        ):
            name = f"usim_{kind}_camera"
            camera = CameraDevice.Camera(name, kind, title, simulator, instrument)
            setattr(self, f"{kind}_camera_device_id", name)
            for prefix in ("", "_"):  # Nion's `run` uses both
                setattr(self, f"{prefix}{kind}_camera_device", camera)
                setattr(self, f"{prefix}{kind}_camera_settings", CameraDevice.CameraSettings(name))
            setattr(manager, f"{kind}_camera", camera)


def over_twin() -> Any:
    """Make Nion's simulated devices over our specimen."""
    return _Devices()
