"""Whatever a client asks for, nothing beyond the limits is accepted, and the beam is off afterwards."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stemline.devices.ioc.dose import electrons

LIMITS = {
    "Scan:FieldOfView": (20.0, 200.0),
    "Scan:DwellTime": (1e-5, 1e-3),
    "EELS:cam1:AcquireTime": (1e-3, 0.1),
}
BUDGET = electrons(1e-10, 0.5)
DOSE_BUDGET = 1e6  # [e-/A^2]
BATCH, EXAMPLES = 50, 210  # requests an example, examples
NUMBERS = st.one_of(
    st.floats(),  # infinities and NaN among them
    st.floats(-1000, 1000),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, 200.0, 200.0000001, 19.9999999, 2**31 - 1.0]),
)
NAMES = st.sampled_from(
    [
        "Scan:X",
        "Scan:Y",
        "Scan:FieldOfView",
        "Scan:Rotation",
        "Scan:DwellTime",
        "Scan:NumX",
        "Scan:NumY",
        "EELS:cam1:AcquireTime",
        "EELS:cam1:Acquire",
        "HAADF:cam1:Acquire",
        "HAADF:cam1:ScanMode",
        "Beam:Current",
        "Beam:SettleTime",
        "Beam:DoseBudget",
        "Beam:Lease",
    ]
)


def violations(panel, fake) -> list[str]:
    """Everything that must not be so, whatever has been asked for."""
    frame_y = panel["Scan:FieldOfView_RBV"] * panel["Scan:NumY_RBV"] / panel["Scan:NumX_RBV"]
    checks = {
        "probe x": abs(panel["Scan:X_RBV"]) <= panel["Scan:FieldOfView_RBV"] / 2,
        "probe y": abs(panel["Scan:Y_RBV"]) <= frame_y / 2,
        "pixels": 1 <= panel["Scan:NumX_RBV"] <= 64 and 1 <= panel["Scan:NumY_RBV"] <= 64,
        "rotation": abs(panel["Scan:Rotation_RBV"]) <= 180 * (1 + 1e-12),
        "current": 0 <= panel["Beam:Current_RBV"] <= 1000,
        "settling": 0 <= panel["Beam:SettleTime_RBV"] <= 10,
        "dose budget": 0 < panel["Beam:DoseBudget_RBV"] <= DOSE_BUDGET,
        "blanked": fake.blanked,
        # what an exposure takes longer than it was charged is known afterwards
        "electrons": panel["Beam:Electrons_RBV"] <= BUDGET * 1.5,
    }
    for name, (low, high) in LIMITS.items():
        checks[name] = low <= panel[name + "_RBV"] <= high
    wrong = [what for what, holds in checks.items() if not holds]
    wrong += [name for name in LIMITS if not math.isfinite(panel[name])]
    return wrong


@pytest.mark.slow
def test_ten_thousand_random_requests(fake, play):
    answers: list[bool] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(requests=st.lists(st.tuples(NAMES, NUMBERS), min_size=BATCH, max_size=BATCH))
    def ask(requests):
        before = len(answers)

        async def script(panel):
            for name, value in requests:
                number = value
                if isinstance(panel[name], (int, str)):  # whole numbers and choices, as a client sends them
                    number = int(min(max(value, -(2**31)), 2**31 - 1)) if math.isfinite(value) else -1
                accepted = await panel.put(name, number)
                answers.append(accepted)
                assert not (accepted and not math.isfinite(number)), (name, value)
                assert violations(panel, fake) == [], (name, value)
            assert panel["IOC:Refusals_RBV"] == answers[before:].count(False)

        play(script, limits=LIMITS, budget=BUDGET, dose_budget=DOSE_BUDGET, extent=400.0)

    ask()
    print("REQUESTS", len(answers), "refused", answers.count(False))
    assert len(answers) >= 10_000
    assert 3000 < answers.count(False) < len(answers)
