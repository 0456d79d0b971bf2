"""`stemline screen`: the process variables of a session's IOC, for CS-Studio Phoebus."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer


def screen(
    path: Annotated[Path, typer.Argument(help="File to write; .bob.")],
    config: Annotated[
        Path | None, typer.Option(help="Session YAML; without it, the built-in simulation.")
    ] = None,
) -> None:
    """Write a Phoebus screen of the instrument's process variables."""
    if path.suffix != ".bob":
        raise ValueError(f"{path}: a Phoebus screen is a .bob file: choose another name")
    if find_spec("pvi") is None:
        raise ModuleNotFoundError("pvi writes screens and is not installed: pip install 'stemline[screens]'")
    from stemline.config import load
    from stemline.devices.ioc.config import IOCConfig
    from stemline.devices.ioc.ioc import IOC
    from stemline.devices.ioc.screen import write_screen

    async def write(served: IOCConfig) -> int:
        ioc = IOC(served)
        try:
            await ioc.start()  # only the driver knows what its instrument has
            write_screen(served.prefix, ioc.records, path)
        finally:
            await ioc.stop()
        return ioc.size

    served = load(config).ioc_server()
    size = asyncio.run(write(served.model_copy(update={"interface": "127.0.0.1", "port": 0})))
    print(f"{path}: {size} process variables of {served.prefix.rstrip(':')}; open it in Phoebus")
