"""The process variables of the beam: blanker, current, and what the specimen has received."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from caproto import AlarmSeverity, AlarmStatus

from .agreement import disagreements
from .client import CLIENT
from .description import Description
from .dose import Account, Budgets, Charge, Spent, Stay
from .exposure import Shot
from .lease import LONGEST, Leases
from .placement import Placement
from .records import Number, Records, Refused, put_limits, refusal
from .units import KV, NM, PA, S

BLANKED = ("Unblanked", "Blanked")
SETTLE_TIME = (0.0, 10.0)  # [s]
BUDGET = (0.0, 1e30)  # electrons; limits that a client can show
DRIFT = (-1e5, 1e5)  # [nm]


@dataclass(frozen=True)
class BeamSettings:
    """What the configuration says of the beam.

    Attributes
    ----------
    settle_time
        Wait between unblanking and exposing [s].
    budgets
        What the specimen may receive, to begin with; a local budget is a ceiling for what clients set.
    uncertainty
        Of the beam current, relative: budgets are held by the upper end.
    """

    settle_time: float = 0.0
    budgets: Budgets = Budgets()
    uncertainty: float = 0.0


class BeamGroup:
    """`Beam:*`; what is known about the beam outside the driver.

    Parameters
    ----------
    records
        Of the IOC.
    description
        Of the instrument.
    leases
        Of the clients.
    account
        Of what the specimen has received.
    settings
        From the configuration.

    Attributes
    ----------
    current
        The readback of the current [pA]; None where the instrument does not know it.
    """

    def __init__(
        self,
        records: Records,
        description: Description,
        leases: Leases,
        account: Account,
        settings: BeamSettings,
    ) -> None:
        self._records, self._leases, self._account, self._settings = records, leases, account, settings
        self._budgets = settings.budgets
        self._placement = Placement(records)
        self._syncing: asyncio.Future[None] | None = None
        self._sequence = records.integer("IOC:StateSequence_RBV")
        self._mismatches = records.integer("IOC:Mismatches_RBV")
        self._mismatch = records.text("IOC:Mismatch_RBV")
        self._controls = controls = description.controls
        self.current: Number | None = None
        if "beam_current" in controls:
            current = PA.to_pv(controls["beam_current"].readback)
            self.current = records.number("Beam:Current_RBV", current, PA.name)
            self._uncertainty = records.number(
                "Beam:CurrentUncertainty_RBV", current * settings.uncertainty, PA.name
            )
            self._source = records.text("Beam:CurrentSource_RBV", "readback")
            self._age = records.number("Beam:CurrentAge_RBV", 0.0, S.name)
        if "beam_energy" in controls:
            records.number("Beam:HighTension_RBV", KV.to_pv(controls["beam_energy"].readback), KV.name)
        self._blanks = "blanker" in description.capabilities
        self._blanked = records.choice("Beam:Blanked_RBV", BLANKED, initial=int(self._blanks))
        lease = records.number("Beam:Lease", 0.0, S.name, self._renew)
        put_limits(lease, (0.0, LONGEST))
        self._settle = records.number("Beam:SettleTime_RBV", settings.settle_time, S.name, precision=6)
        records.setting("Beam:SettleTime", self._settle, SETTLE_TIME, _as_asked)
        self._add_account()
        for axis in ("Y", "X"):
            drift = records.number(f"Beam:Drift{axis}_RBV", 0.0, NM.name)
            records.setting(f"Beam:Drift{axis}", drift, DRIFT, _as_asked)

    @property
    def settle_time(self) -> float:
        """Wait between unblanking and exposing [s]."""
        return float(self._settle.value)

    async def charge(self, shot: Shot, settle: float) -> Charge:
        """Count an exposure after `settle` [s], before it begins.

        Raises
        ------
        Refused
            If there is no budget for it.
        """
        if shot.scan:
            stays = [
                Stay(self._placement.raster(shot.scan), shot.seconds),
                Stay(self._placement.spot(), settle),
            ]
        else:
            stays = [Stay(self._placement.spot(), settle + shot.seconds)]
        current = None if self.current is None else PA.to_si(self.current.value)
        upper = None if current is None else current * (1 + self._settings.uncertainty)
        asked = stays, self._placement.fwhm, current, upper, self._budgets
        try:
            if shot.scan:  # a large raster takes long to spread
                return await asyncio.to_thread(self._account.charge, *asked)
            return self._account.charge(*asked)
        except Spent as error:
            raise Refused(str(error)) from None

    async def unblanked(self) -> None:
        """Show that the beam is on the specimen."""
        await self._blanked.show(BLANKED[0])

    async def spent(self, charge: Charge, seconds: float, answer: dict[str, Any]) -> None:
        """Count the `seconds` [s] that it took, and show what the driver's process says about the beam."""
        if "state" in answer:
            await self._show_state(answer["state"])
        current = answer.get("current")
        if self.current is not None and current is not None:
            await self._show_current(current, answer)
        known = None if self.current is None else PA.to_si(self.current.value)
        self._account.settle(charge, seconds, known)
        await self._show_dose()
        self._sync()
        if answer.get("blanked", False):
            await self._blanked.show(BLANKED[1])
            await self._blanked.set_alarm(AlarmSeverity.NO_ALARM)
        elif self._blanks:
            await self.lost()

    async def lost(self) -> None:
        """Show that nobody knows whether the beam is off, or that it is not when it should be."""
        await self._blanked.set_alarm(AlarmSeverity.INVALID_ALARM, AlarmStatus.COMM)

    async def stop(self) -> None:
        """Bring the account to the disk, and let go of its file."""
        if self._syncing is not None:
            await self._syncing
        await asyncio.to_thread(self._account.dose.sync)
        self._account.dose.close()

    def _add_account(self) -> None:
        records, dose, budgets = self._records, self._account.dose, self._budgets
        self._on_time = records.number("Beam:OnTime_RBV", dose.on_time, S.name, precision=6)
        self._electrons = records.number("Beam:Electrons_RBV", dose.electrons, precision=0)
        records.integer("Beam:ResetElectrons", put=self._reset_electrons)
        electrons = records.number("Beam:ElectronBudget_RBV", budgets.electrons, precision=0)
        records.setting("Beam:ElectronBudget", electrons, BUDGET, self._set_electron_budget)
        self._dose = records.number("Beam:Dose_RBV", dose.highest, "e-/A^2")
        records.integer("Beam:ResetDose", put=self._reset_dose)
        local = records.number("Beam:DoseBudget_RBV", budgets.local, "e-/A^2")
        records.setting("Beam:DoseBudget", local, BUDGET, self._set_dose_budget)

    async def _show_state(self, state: dict[str, Any]) -> None:
        told = disagreements(self._controls, state["values"])
        if self._sequence.value != state["sequence"]:
            await self._sequence.show(state["sequence"] % 2**31)
        if self._mismatches.value != len(told):
            await self._mismatches.show(len(told))
        text = "; ".join(told)
        if self._mismatch.value != text:
            await self._mismatch.show(text)

    async def _show_current(self, current: float, answer: dict[str, Any]) -> None:
        assert self.current is not None
        if PA.to_pv(current) != self.current.value:
            await self.current.show(PA.to_pv(current))
            await self._uncertainty.show(PA.to_pv(current) * self._settings.uncertainty)
        source = str(answer.get("current_source", self._source.value))
        if source != self._source.value:
            await self._source.show(source)
        if answer.get("current_age", 0.0) != self._age.value:
            await self._age.show(answer.get("current_age", 0.0))

    def _sync(self) -> None:
        """Have a thread bring the account to the disk, unless one is about it."""
        if self._account.dose.kept and (self._syncing is None or self._syncing.done()):
            self._syncing = asyncio.get_running_loop().run_in_executor(None, self._account.dose.sync)

    async def _renew(self, seconds: float) -> None:
        if not 0 <= seconds <= LONGEST:
            raise refusal(self._records.prefix + "Beam:Lease", seconds, (0.0, LONGEST), S.name)
        self._leases.renew(CLIENT.get(), seconds)

    async def _set_electron_budget(self, budget: float) -> float:
        self._budgets = replace(self._budgets, electrons=budget)
        return budget

    async def _set_dose_budget(self, budget: float) -> float:
        ceiling = self._settings.budgets.local
        if ceiling and not 0 < budget <= ceiling:
            raise Refused(
                f"Beam:DoseBudget = {budget:g} e-/A^2 is refused: the IOC's configuration "
                f"(dose_budget) allows {ceiling:g} at most"
            )
        self._budgets = replace(self._budgets, local=budget)
        return budget

    async def _reset_electrons(self, _: int) -> None:
        self._account.dose.reset_totals()
        await self._show_dose()

    async def _reset_dose(self, _: int) -> None:
        self._account.dose.reset()
        await self._show_dose()

    async def _show_dose(self) -> None:
        dose = self._account.dose
        await self._on_time.show(dose.on_time)
        await self._electrons.show(dose.electrons)
        if dose.highest != self._dose.value:
            await self._dose.show(dose.highest)


async def _as_asked(value: float) -> float:
    return value
