"""The process variables of the beam: blanker, current, and what the specimen has received."""

from __future__ import annotations

from dataclasses import replace

from caproto import AlarmSeverity, AlarmStatus

from .client import CLIENT
from .description import Description
from .dose import Dose
from .lease import LONGEST, Leases
from .records import Number, Records, put_limits, refusal
from .units import KV, PA, S

BLANKED = ("Unblanked", "Blanked")
SETTLE_TIME = (0.0, 10.0)  # [s]
BUDGET = (0.0, 1e30)  # electrons; limits that a client can show


class BeamGroup:
    """`Beam:*`; what is known about the beam outside the driver.

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
        settle: float,
        budget: float,
    ) -> None:
        self._records, self._leases = records, leases
        self._dose = Dose(budget=budget)
        controls = description.controls
        self.current: Number | None = None
        if "beam_current" in controls:
            self.current = records.number(
                "Beam:Current_RBV", PA.to_pv(controls["beam_current"].readback), PA.name
            )
        if "beam_energy" in controls:
            records.number("Beam:HighTension_RBV", KV.to_pv(controls["beam_energy"].readback), KV.name)
        self._blanks = "blanker" in description.capabilities
        self._blanked = records.choice("Beam:Blanked_RBV", BLANKED, initial=int(self._blanks))
        self._on_time = records.number("Beam:OnTime_RBV", 0.0, S.name, precision=6)
        self._electrons = records.number("Beam:Electrons_RBV", 0.0, precision=0)
        records.integer("Beam:ResetElectrons", put=self._reset)
        self._lease = records.number("Beam:Lease", 0.0, S.name, self._renew)
        put_limits(self._lease, (0.0, LONGEST))
        self._settle = records.number("Beam:SettleTime_RBV", settle, S.name, precision=6)
        records.setting("Beam:SettleTime", self._settle, SETTLE_TIME, self._set_settle)
        budget_readback = records.number("Beam:ElectronBudget_RBV", budget, precision=0)
        records.setting("Beam:ElectronBudget", budget_readback, BUDGET, self._set_budget)

    @property
    def settle_time(self) -> float:
        """Wait between unblanking and exposing [s]."""
        return float(self._settle.value)

    def refusal(self, seconds: float) -> str | None:
        """Say why the beam may not be on for `seconds` [s], or None."""
        return self._dose.refusal(seconds, self._amperes())

    async def unblanked(self) -> None:
        """Show that the beam is on the specimen."""
        await self._blanked.show(BLANKED[0])

    async def spent(self, seconds: float, current: float | None, blanked: bool) -> None:
        """Count `seconds` [s] at `current` [A] (None: the last one), and show whether the beam is off now."""
        if self.current is not None and current is not None and PA.to_pv(current) != self.current.value:
            await self.current.show(PA.to_pv(current))
        self._dose = self._dose.after(seconds, self._amperes())
        await self._show_dose()
        if blanked:
            await self._blanked.show(BLANKED[1])
            await self._blanked.set_alarm(AlarmSeverity.NO_ALARM)
        elif self._blanks:
            await self.lost()

    async def lost(self) -> None:
        """Show that nobody knows whether the beam is off, or that it is not when it should be."""
        await self._blanked.set_alarm(AlarmSeverity.INVALID_ALARM, AlarmStatus.COMM)

    def _amperes(self) -> float | None:
        return None if self.current is None else PA.to_si(self.current.value)

    async def _renew(self, seconds: float) -> None:
        if not 0 <= seconds <= LONGEST:
            raise refusal(self._records.prefix + "Beam:Lease", seconds, (0.0, LONGEST), S.name)
        self._leases.renew(CLIENT.get(), seconds)

    async def _set_settle(self, seconds: float) -> float:
        return seconds

    async def _set_budget(self, budget: float) -> float:
        self._dose = replace(self._dose, budget=budget)
        return budget

    async def _reset(self, _: int) -> None:
        self._dose = Dose(budget=self._dose.budget)
        await self._show_dose()

    async def _show_dose(self) -> None:
        await self._on_time.show(self._dose.on_time)
        await self._electrons.show(self._dose.electrons)
