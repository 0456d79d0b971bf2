"""Reductions that take frames in any form, each with one result: exact integers, whatever the form.

`warm_up` compiles them.
"""

from .frame_sums import FrameSums
from .frame_values import FrameValues
from .pattern_maximum import PatternMaximum
from .pattern_total import PatternTotal, Total
from .radial_sums import RadialSums
from .warm_up import warm_up

__all__ = [
    "FrameSums",
    "FrameValues",
    "PatternMaximum",
    "PatternTotal",
    "RadialSums",
    "Total",
    "warm_up",
]
