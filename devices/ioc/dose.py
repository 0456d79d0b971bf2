"""What the specimen has received, and what it may."""

from __future__ import annotations

from dataclasses import dataclass, replace

ELEMENTARY_CHARGE = 1.602176634e-19  # [C], exact (SI 2019)


def electrons(current: float, seconds: float) -> float:
    """Electrons of a beam of `current` [A] in `seconds` [s]."""
    return current * seconds / ELEMENTARY_CHARGE


@dataclass(frozen=True)
class Dose:
    """Time unblanked and electrons since the last reset.

    Attributes
    ----------
    on_time
        Time unblanked [s].
    electrons
        Current times that time, in elementary charges; NaN where the current is not known.
    budget
        Electrons that may be spent; 0 for no limit.
    """

    on_time: float = 0.0
    electrons: float = 0.0
    budget: float = 0.0

    def after(self, seconds: float, current: float | None) -> Dose:
        """Add an exposure of `seconds` [s] at `current` [A]."""
        spent = electrons(float("nan") if current is None else current, seconds)
        return replace(self, on_time=self.on_time + seconds, electrons=self.electrons + spent)

    def refusal(self, seconds: float, current: float | None) -> str | None:
        """Say why `seconds` [s] at `current` [A] would pass the budget, or None if they would not."""
        if self.budget == 0:
            return None
        if current is None:
            return "electron budget: the beam current is not known; set Beam:ElectronBudget to 0"
        after = self.electrons + electrons(current, seconds)
        if after <= self.budget:
            return None
        return (
            f"electron budget: this exposure would bring the electrons to {after:.4g}, beyond the budget of "
            f"{self.budget:.4g}; reset the count (Beam:ResetElectrons) or raise Beam:ElectronBudget"
        )
