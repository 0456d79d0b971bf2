import pytest
from pydantic import ValidationError

from stemline.devices.ioc.config import IOCConfig


def test_defaults_are_safe():
    config = IOCConfig()
    assert config.interface == "127.0.0.1"
    assert config.port == 0
    assert config.settle_time == 1e-3


@pytest.mark.parametrize(
    "wrong",
    [
        {"prefx": "EM1:"},
        {"prefix": "EM1"},
        {"prefix": "EM 1:"},
        {"port": 70000},
        {"settle_time": -1},
        {"electron_budget": float("inf")},
        {"electron_budget": 0},  # who wants to spend nothing must not get no limit
        {"limits": {"Scan:DwellTime": (1.0, 0.1)}},
        {"limits": {"Scan:DwellTime": (0.0, float("nan"))}},
        {"write_root": "/データ"},
    ],
)
def test_mistakes_are_refused(wrong):
    with pytest.raises(ValidationError):
        IOCConfig.model_validate(wrong)
