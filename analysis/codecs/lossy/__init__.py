"""Smaller than lossless, at a price that is stated: what is lost of centres of mass and virtual detectors."""

from .binning import binned
from .loss import Loss, loss
from .principal_patterns import PrincipalPatterns

__all__ = ["Loss", "PrincipalPatterns", "binned", "loss"]
