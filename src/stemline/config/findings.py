"""What pydantic finds wrong, in the words of somebody who writes YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .keys import closest

# By pydantic's types of errors; what is in braces it tells with them.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "union_tag_invalid": "{discriminator} {tag} is unknown: use {expected_tags}",
        "union_tag_not_found": "{discriminator} is missing: say which one it is",
        "literal_error": "use {expected}",
        "missing": "missing: it has no default",
        "model_type": "give keys, each with its value",
        "model_attributes_type": "give keys, each with its value",
        "dict_type": "give keys, each with its value",
        "tuple_type": "give a list, as in [a, b]",
        "too_short": "give at least {min_length}",
        "too_long": "give at most {max_length}",
        "bool_parsing": "use true or false",
        "bool_type": "use true or false",
        "path_type": "give a path",
        "string_type": "give text",
        "invalid_key": "put the key in quotes",
    }
)


def describe(error: ValidationError, content: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Say all findings of pydantic in one line: key, what is wrong, and what was given.

    Parameters
    ----------
    error
        Raised by the validation.
    content
        What was validated.
    model
        What it was validated as.
    """
    findings = error.errors(include_url=False)
    # pydantic counts a list without its bad items
    counted = [finding for finding in findings if finding["type"] != "too_short"]
    return "; ".join(_sentence(finding, content, model) for finding in counted or findings)


def _sentence(finding: ErrorDetails, content: Mapping[str, Any], model: type[BaseModel]) -> str:
    path = _path(finding, content)
    key = ".".join(path)
    if finding["type"] == "extra_forbidden":
        meant = closest(tuple(re.sub(r"\[\d+\]", "[]", part) for part in path), model)
        return f"{key}: unknown key" + (f", did you mean {'.'.join(meant)}?" if meant else "")
    known = finding["type"] in WORDS
    # pydantic quotes words, and names the type of Python instead of what is asked for.
    words = {name: str(value).replace("'", "") for name, value in finding.get("ctx", {}).items()}
    what = WORDS[finding["type"]].format(**words) if known else finding["msg"]
    what = what.removeprefix("Value error, ").replace("Input should be", "must be")
    shown = isinstance(finding["input"], (str, int, float))
    return f"{key}: {what}" + (f" (given: {finding['input']!r})" if shown else "")


def _path(finding: ErrorDetails, content: Any) -> list[str]:
    """Return where in the file it is; pydantic also names the kind of a driver, which stands on no line."""
    path: list[str] = []
    *_, last = finding["loc"]
    for part in finding["loc"]:
        if isinstance(part, int) and isinstance(content, list):
            path[-1] += f"[{part}]"
            content = content[part] if part < len(content) else None
        elif isinstance(content, Mapping) and part in content:
            path.append(str(part))
            content = content[part]
        elif finding["type"] == "missing" and part == last:
            path.append(str(part))
    return path
