"""Every key that a model knows, wherever it stands."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from pydantic import BaseModel

LIKELY = 0.75  # similarity of `num_pionts` and `num_points` is 0.9, that of `num_seed` and `num_points` 0.55

Key = tuple[str, ...]


def sections(annotation: object) -> Iterator[type[BaseModel]]:
    """Find the models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from sections(argument)


def known_keys(model: type[BaseModel], path: Key = ()) -> Iterator[Key]:
    """List every key below `model`, from the top; of a list of sections as `name[]`."""
    for name, field in model.model_fields.items():
        inner = list(sections(field.annotation))
        is_list = bool(inner) and typing.get_origin(field.annotation) is tuple
        key = (*path, f"{name}[]" if is_list else name)
        yield key
        for section in inner:
            yield from known_keys(section, key)


def closest(unknown: Key, model: type[BaseModel]) -> Key | None:
    """Find the key that was probably meant: one of that name elsewhere, or one spelt alike; None if none is.

    Of several, the one that shares most of its path with `unknown`, then the highest.
    """
    likeness = {
        key: SequenceMatcher(None, unknown[-1], key[-1]).ratio()
        for key in known_keys(model)
        if key != unknown
    }
    likely = [key for key, ratio in likeness.items() if ratio >= LIKELY]
    return max(likely, key=lambda key: (likeness[key], _shared(key, unknown), -len(key)), default=None)


def _shared(one: Key, other: Key) -> int:
    same = [a == b for a, b in zip(one, other, strict=False)]
    return same.index(False) if False in same else len(same)


def without_empty_sections(content: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Leave out sections without a value: one whose keys are all commented out is null in YAML."""
    kept = {}
    for name, value in content.items():
        field = model.model_fields.get(name)
        inner = list(sections(field.annotation)) if field else []
        if inner and value is None:
            continue
        nested = len(inner) == 1 and isinstance(value, dict)
        kept[name] = without_empty_sections(value, inner[0]) if nested else value
    return kept
