"""Writes reference/configuration.md from the pydantic models: the code documents each key, once."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx.application import Sphinx

from stemline.config import SessionConfig
from stemline.config.keys import sections

HEADER = """# Configuration

One YAML file describes a session. Every key has a default; a key that is not listed here is an error.
`stemline doctor FILE` checks a file without starting anything. Examples are in `examples/`.

"""


def type_name(annotation: object) -> str:
    """Say an annotation as a reader of YAML knows it."""
    if annotation is type(None):
        return "null"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " or ".join(f"`{argument}`" for argument in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_name(argument) for argument in arguments)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin is tuple:
        return "list of " + ", ".join(type_name(one) for one in arguments if one is not Ellipsis)
    return str(getattr(annotation, "__name__", annotation))


def default_text(field: FieldInfo) -> str:
    """Say the default briefly as YAML would."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "" if list(sections(field.annotation)) else f"`{value}`"


def section(model: type[BaseModel], path: str) -> Iterator[str]:
    """Write one table a model, its nested models after it."""
    yield f"## `{path}`\n\n{(model.__doc__ or '').strip().splitlines()[0]}\n\n" if path else ""
    yield "| key | type | default | meaning |\n|---|---|---|---|\n"
    nested = []
    for name, field in model.model_fields.items():
        inner = list(sections(field.annotation))
        nested += [(one, f"{path}.{name}".lstrip(".")) for one in inner]
        kind = "section" if inner else type_name(field.annotation)
        yield f"| `{name}` | {kind} | {default_text(field)} | {field.description or 'see below'} |\n"
    yield "\n"
    for one, place in nested:
        label = (
            f"{place} (driver: {one.model_fields['driver'].default})"
            if "driver" in one.model_fields
            else place
        )
        yield from section(one, label)


def write_page(app: Sphinx) -> None:
    """Write the page before Sphinx reads its sources."""
    page = Path(app.srcdir) / "reference" / "configuration.md"
    text = HEADER + "".join(section(SessionConfig, ""))
    if not page.exists() or page.read_text() != text:
        page.write_text(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True}
