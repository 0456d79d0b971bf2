"""Phase of the specimen from diffraction patterns of overlapping probe positions."""

from .single_sideband import single_sideband

__all__ = ["single_sideband"]
