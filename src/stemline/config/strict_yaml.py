"""YAML in which no key is given twice: PyYAML keeps the last and drops the others without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from .error import ConfigError

MERGE = "tag:yaml.org,2002:merge"  # of the key <<, which may stand in a mapping more than once


def read(text: str) -> Any:
    """Parse `text`.

    Raises
    ------
    ConfigError
        In one line, if it is no YAML, or a key is given twice.
    """
    try:
        # In the nodes, since in the finished mapping a merged key can't be told from a repeated one.
        twice = next(_repeated(yaml.compose(text, Loader=yaml.SafeLoader), "", set()), None)
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date in month 13
        raise ConfigError(f"not YAML: {' '.join(str(error).split())}") from error
    if twice is not None:
        key, first, again = twice
        raise ConfigError(f"{key}: given in line {first} and again in line {again}: keep one of them")
    return content


def _repeated(node: yaml.Node | None, path: str, seen: set[int]) -> Iterator[tuple[str, int, int]]:
    """Find keys given twice: the key from the top on, the line of the first and that of the second."""
    if id(node) in seen:  # an anchored node, named again
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, f"{path}[{index}]", seen)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            inner = f"{path}.{key.value}".lstrip(".")
            name, line = (key.tag, str(key.value)), key.start_mark.line + 1
            if name in lines and key.tag != MERGE:
                yield inner, lines[name], line
            lines[name] = line
            yield from _repeated(value, inner, seen)
