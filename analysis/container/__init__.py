"""A file of encoded chunks, readable while it is written: `FrameWriter`, `FrameReader`.

docs/reference/frame-container.md describes the file object by object.
"""

from .layout import MIMETYPE, Calibration, ContainerError
from .reader import FrameReader
from .writer import FrameWriter

__all__ = ["MIMETYPE", "Calibration", "ContainerError", "FrameReader", "FrameWriter"]
