"""What an exposure costs, and whether the budgets have room for it."""

from __future__ import annotations

from dataclasses import dataclass

from .dose_map import DoseMap, OffTheMap
from .footprint import Patch, Raster

ELEMENTARY_CHARGE = 1.602176634e-19  # [C], exact (SI 2019)


def electrons(current: float, seconds: float) -> float:
    """Electrons of a beam of `current` [A] in `seconds` [s]."""
    return current * seconds / ELEMENTARY_CHARGE


@dataclass(frozen=True)
class Stay:
    """A time of the beam at one place, or along one raster.

    Attributes
    ----------
    place
        Where.
    seconds
        How long, in all [s].
    """

    place: Raster
    seconds: float


@dataclass(frozen=True)
class Budgets:
    """What the specimen may receive; 0 for no limit.

    Attributes
    ----------
    electrons
        In all.
    local
        At any spot [e-/A^2].
    """

    electrons: float = 0.0
    local: float = 0.0


@dataclass(frozen=True)
class Charge:
    """What an exposure has been counted as before it began.

    Attributes
    ----------
    patches
        Where its electrons go, by stay; the last one is where the probe is parked.
    stays
        Time of each [s].
    current
        [A]; None where it is not known.
    """

    patches: tuple[Patch, ...]
    stays: tuple[float, ...]
    current: float | None

    @property
    def seconds(self) -> float:
        """Time unblanked [s]."""
        return sum(self.stays)


class Spent(Exception):
    """An exposure would pass a budget; the message says which."""


class Account:
    """Counts exposures before they begin, and what they took beyond that when they are over.

    So an IOC that dies under the beam has counted too much rather than too little.

    Parameters
    ----------
    dose
        The map and its totals.
    """

    def __init__(self, dose: DoseMap) -> None:
        self.dose = dose

    def charge(
        self, stays: list[Stay], fwhm: float, current: float | None, upper: float | None, budgets: Budgets
    ) -> Charge:
        """Count an exposure.

        Parameters
        ----------
        stays
            What it consists of; the probe is parked at the last one.
        fwhm
            Of the probe [nm].
        current, upper
            Best and highest value of the beam current [A]; None where it is not known.
        budgets
            What `upper` must not pass.

        Raises
        ------
        Spent
            If it would pass a budget; nothing is counted then.
        """
        times = tuple(stay.seconds for stay in stays)
        if current is None or upper is None:
            if budgets != Budgets():
                raise Spent(
                    "electron budget: the beam current is not known; set Beam:ElectronBudget and "
                    "Beam:DoseBudget to 0"
                )
            self.dose.add_unknown(sum(times))
            return Charge((), times, None)
        after = self.dose.electrons + electrons(upper, sum(times))
        if budgets.electrons and not after <= budgets.electrons:
            raise Spent(
                f"electron budget: this exposure would bring the electrons to {after:.4g}, beyond the "
                f"budget of {budgets.electrons:.4g}; reset the count (Beam:ResetElectrons) or raise "
                "Beam:ElectronBudget"
            )
        patches = self._patches(stays, fwhm, bool(budgets.local))
        if budgets.local:
            highest = self.dose.highest_after(_with(patches, times, upper))
            if not highest <= budgets.local:
                raise Spent(
                    f"dose budget: this exposure would bring a spot of the specimen to {highest:.4g} e-/A^2, "
                    f"beyond the budget of {budgets.local:.4g}; measure elsewhere, with less current or "
                    "time, or raise Beam:DoseBudget"
                )
        self.dose.add(_with(patches, times, current), electrons(current, sum(times)), sum(times))
        return Charge(patches, times, current)

    def settle(self, charge: Charge, seconds: float, current: float | None) -> None:
        """Count what an exposure took, `seconds` [s] at `current` [A], beyond what it was charged.

        An exposure that was cut short gives back its electrons, but not its local dose: nobody knows which
        part of a raster had the beam. What lasts longer is a parked probe.
        """
        if current is None or charge.current is None:
            self.dose.add_unknown(seconds - charge.seconds)
            return
        more = electrons(current, seconds) - electrons(charge.current, charge.seconds)
        grown = [electrons(max(0.0, current - charge.current), time) for time in charge.stays]
        if grown:
            grown[-1] += electrons(current, max(0.0, seconds - charge.seconds))
        local = list(zip(charge.patches, grown, strict=False))
        self.dose.add([one for one in local if one[1] > 0], more, seconds - charge.seconds)

    def _patches(self, stays: list[Stay], fwhm: float, needed: bool) -> tuple[Patch, ...]:
        try:
            return tuple(self.dose.patch(stay.place, fwhm) for stay in stays)
        except OffTheMap as error:
            if needed:
                raise Spent(f"dose budget: {error}") from None
            return ()


def _with(patches: tuple[Patch, ...], times: tuple[float, ...], current: float) -> list[tuple[Patch, float]]:
    return [(patch, electrons(current, time)) for patch, time in zip(patches, times, strict=False)]
