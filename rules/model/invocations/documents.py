"""YAML and JSON of others, read within bounds; what cannot be read is nothing."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

MAX_CHARACTERS = 256 * 1024
MAX_NODES = 50_000
"""Values in one file, merged ones counted again."""

MAX_DEPTH = 100

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def read_yaml(text: str) -> list[Any]:
    """The documents of a YAML file; none when it is not well-formed or beyond the bounds.

    Every value is a text as it stands in the file (`1.20`, `on`), but for nulls. Tags are passed
    over. PyYAML's own composer calls itself for each level, which ends in a crash of the process
    when there are enough of them.
    """
    if len(text) > MAX_CHARACTERS:
        return []
    composer = _Composer()
    try:
        for event in yaml.parse(text, _Loader):
            composer.take(event)
    except (yaml.YAMLError, _BeyondError, ValueError):
        return []
    return composer.documents


class _BeyondError(Exception):
    """Too deep or too large."""


class _Composer:
    """Builds documents from events, without recursion."""

    def __init__(self) -> None:
        self.documents: list[Any] = []
        self._open: list[tuple[dict[str, Any] | list[Any], str | None]] = []
        self._keys: list[Any] = []
        self._anchors: dict[str, Any] = {}
        self._nodes = 0

    def take(self, event: Any) -> None:
        """Read the next event."""
        if isinstance(event, _STARTS):
            if len(self._open) >= MAX_DEPTH:
                raise _BeyondError
            container: dict[str, Any] | list[Any]
            container = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._open.append((container, event.anchor))
            self._keys.append(_NO_KEY)
        elif isinstance(event, _ENDS):
            value, anchor = self._open.pop()
            self._keys.pop()
            self._put(value, anchor)
        elif isinstance(event, yaml.ScalarEvent):
            null = event.implicit[0] and event.value in ("", "~", "null", "Null", "NULL")
            self._put(None if null else event.value, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _BeyondError
            self._put(self._anchors[event.anchor], None)

    def _put(self, value: Any, anchor: str | None) -> None:
        """Put a finished value where it belongs."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _BeyondError
        if anchor is not None:
            self._anchors[anchor] = value
        if not self._open:
            self.documents.append(value)
            return
        container = self._open[-1][0]
        if isinstance(container, list):
            container.append(value)
        elif self._keys[-1] is _NO_KEY:
            self._keys[-1] = value if isinstance(value, str) else ""
        else:
            key, self._keys[-1] = self._keys[-1], _NO_KEY
            if key == "<<":
                self._merge(container, value)
            else:
                container[key] = value

    def _merge(self, container: dict[str, Any], value: Any) -> None:
        """`<<: *other` or a list of such: what is there already stays."""
        for other in [value] if isinstance(value, dict) else items(value)[:MAX_DEPTH]:
            self._nodes += len(table(other))
            if self._nodes > MAX_NODES:
                raise _BeyondError
            for key, inner in table(other).items():
                container.setdefault(key, inner)


_NO_KEY = object()


def read_json(text: str) -> Any:
    """A JSON file, comments and trailing commas allowed; None when it cannot be read."""
    if len(text) > MAX_CHARACTERS:
        return None
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
