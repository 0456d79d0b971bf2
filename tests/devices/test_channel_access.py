from __future__ import annotations

import os
import subprocess
import sys

import pytest

from stemline.devices.channel_access import Timeouts, use_channel_access


@pytest.mark.parametrize("addresses", [[], ["localhost"], [":5064"], ["127.0.0.1:0"], ["127.0.0.1:port"]])
def test_bad_addresses_are_refused(addresses):
    with pytest.raises(ValueError, match="host:port"):
        use_channel_access(addresses)


def test_frozen_iocs_fail_a_run_in_time():
    timeouts = Timeouts()
    assert timeouts.connection + timeouts.read < 10


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("EPICS", "OPHYD"))}
    return subprocess.run(
        [sys.executable, "-c", code], env=variables | environment, capture_output=True, text=True, timeout=60
    )


def test_importing_the_devices_loads_no_client_and_no_torch():
    code = (
        "import sys, stemline.devices, stemline.devices.channel_access\n"
        "print(sorted({'ophyd', 'epics', 'caproto', 'torch', 'bluesky'} & set(sys.modules)))"
    )
    assert python(code).stdout.strip() == "[]"


def test_the_layer_is_chosen_before_ophyd_loads_another():
    code = (
        "import sys\n"
        "from stemline.devices.channel_access import use_channel_access\n"
        "use_channel_access(['127.0.0.1:5111'])\n"
        "import ophyd, os\n"
        "from ophyd import EpicsSignal\n"
        "signal = EpicsSignal('A:B', name='b')\n"
        "print(ophyd.cl.name, 'epics' in sys.modules, os.environ['EPICS_CA_ADDR_LIST'],"
        " signal.write_timeout, signal.timeout, signal.connection_timeout)"
    )
    assert python(code).stdout.split() == ["caproto", "False", "127.0.0.1:5111", "8.0", "3.0", "3.0"]


def test_pyepics_that_already_searches_elsewhere_is_an_error():
    pytest.importorskip("epics")
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import epics\n"
        "from stemline.devices.channel_access import use_channel_access\n"
        "use_channel_access(['127.0.0.1:5111'], layer='pyepics')"
    )
    result = python(code)
    assert result.returncode
    assert "EPICS_CA_ADDR_LIST='127.0.0.1:5111'" in result.stderr.splitlines()[-1]
