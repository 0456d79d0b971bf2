"""For keeping: entropy coding with a model of the mean diffraction pattern, which follows a moving beam."""

from .chunk import decode_modelled, encode_modelled, model_of
from .pattern_model import PatternModel

__all__ = ["PatternModel", "decode_modelled", "encode_modelled", "model_of"]
