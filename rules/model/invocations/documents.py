"""YAML and JSON of others, read within bounds; what is not well-formed is nothing."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MAX_CHARACTERS = 256 * 1024
MAX_NODES = 50_000
"""Values in one file, merged ones counted again."""

MAX_DEPTH = 100


class BeyondError(Exception):
    """A file that holds more than is read of one: what it says is not known."""


def check_length(text: str, most: int = MAX_CHARACTERS) -> None:
    """Raise BeyondError for a text that is too long to be read."""
    if len(text) > most:
        raise BeyondError


def read_yaml(text: str) -> list[Any]:
    """The documents of a YAML file; none when it is not well-formed.

    Every value is a text as it stands in the file (`1.20`, `on`), but for nulls. Tags are passed
    over. Raises BeyondError.
    """
    check_length(text)
    from rules.model.invocations.yaml_text import read  # noqa: PLC0415  # many have no such file

    return read(text)


def read_json(text: str) -> Any:
    """A JSON file, comments and trailing commas allowed; None when it is not well-formed.

    Raises BeyondError.
    """
    check_length(text)
    try:
        return json.loads(_plain_json(text))
    except (ValueError, RecursionError):
        return None


def _plain_json(text: str) -> str:
    """JSON without comments and without commas before a closing bracket."""
    out: list[str] = []
    at = 0
    while at < len(text):
        start, character = at, text[at]
        at += 1
        if character == '"':
            while at < len(text) and text[at] != '"':
                at += 2 if text[at] == "\\" else 1
            at += 1
            out.append(text[start:at])
        elif text.startswith("//", start):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/*", start):
            end = text.find("*/", at + 1)
            at = len(text) if end < 0 else end + 2
        else:
            if character in "]}" and out and out[-1] == ",":
                out.pop()
            if not character.isspace():
                out.append(character)
    return "".join(out)


def table(value: Any) -> Mapping[str, Any]:
    """A mapping inside a document, empty when something else stands there."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list inside a document, empty when something else stands there."""
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str | None:
    """A string; a number or a boolean as it would be written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def pairs(value: Any) -> tuple[tuple[str, str | None], ...]:
    """`{KEY: value}` or `[KEY=value]`, as compose has its arguments; None for a missing value."""
    if isinstance(value, dict):
        return tuple((str(key), text_of(item)) for key, item in value.items())
    cut = (line.partition("=") for line in items(value) if isinstance(line, str))
    return tuple((key, item if equals else None) for key, equals, item in cut)


def walk(document: Any) -> Iterator[Mapping[str, Any] | list[Any]]:
    """Every mapping and list in a document, once each."""
    left, seen = [document], {id(document)}
    while left:
        node = left.pop()
        if isinstance(node, dict | list):
            yield node
            inner = list(node.values()) if isinstance(node, dict) else node
            new = [n for n in inner if isinstance(n, dict | list) and id(n) not in seen]
            seen.update(map(id, new))
            left += new[::-1]


_BRACED = re.compile(
    r"\$\$|\$\{([A-Za-z_]\w{0,100})(?:(:?[-+?])([^{}$]*))?\}|\$([A-Za-z_]\w{0,100})"
)


def fill(text: str, value_of: Callable[[str], str | None] = lambda _: None) -> str | None:
    """Compose's and bake's `${NAME}` and `${NAME:-default}`; None when a value is unknown."""
    unknown = False

    def replace(found: re.Match[str]) -> str:
        nonlocal unknown
        if found[0] == "$$":
            return "$"
        value = value_of(found[1] or found[4])
        if value is None and found[2] in ("-", ":-"):
            value = found[3]
        if value is None:
            unknown = True
        return value or ""

    filled = _BRACED.sub(replace, text)
    return None if unknown or "${" in filled else filled
