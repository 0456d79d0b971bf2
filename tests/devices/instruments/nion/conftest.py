from __future__ import annotations

from typing import Any

import pytest

from stemline.devices.instruments.nion.config import NionConfig
from stemline.devices.instruments.protocol import Instrument


@pytest.fixture(scope="session")
def nion_config(nion_server: Any) -> NionConfig:
    """A server over our specimen: its HAADF and EELS count electrons, and know the blanker."""
    return NionConfig(address=nion_server.address, token_file=nion_server.token_file)


@pytest.fixture(scope="session")
def nion(nion_config: NionConfig) -> Instrument:
    return nion_config.create()
