"""Settings that hold for a whole run: when somebody changes one, the run ends before the next exposure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bluesky.utils import MsgGenerator

from .messages import Messages, value_of
from .protocols import Watched


@dataclass(frozen=True)
class Fixed:
    """What a run was started with: settings and their values."""

    settings: tuple[tuple[Watched, float], ...]

    def check(self) -> Messages:
        """Compare the settings with what they were.

        Raises
        ------
        RuntimeError
            Naming the process variable and both values.
        """
        for setting, before in self.settings:
            now = float((yield from value_of(setting)))
            if not math.isclose(now, before, rel_tol=1e-6, abs_tol=1e-12):
                source = setting.source_name.removeprefix("PV:")
                raise RuntimeError(
                    f"{source} was changed from {before:g} to {now:g} during the run, by another client or "
                    "in a pause: start again, and leave it as it is"
                )


def fix(*settings: Watched) -> MsgGenerator[Fixed]:
    """Note what `settings` are now."""
    values = []
    for setting in settings:
        values.append((setting, float((yield from value_of(setting)))))
    return Fixed(tuple(values))
