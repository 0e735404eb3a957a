"""YAML of others, composed within bounds; imported only where there is any."""

from typing import Any

import yaml

from rules.model.invocations.documents import MAX_DEPTH, MAX_NODES, BeyondError, items, table

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def read(text: str) -> list[Any]:
    """The documents of a YAML file; none when it is not well-formed. Raises BeyondError.

    PyYAML's own composer calls itself for each level, which ends in a crash of the process when
    there are enough of them.
    """
    composer = _Composer()
    try:
        for event in yaml.parse(text, _Loader):
            composer.take(event)
    except (yaml.YAMLError, ValueError):
        return []
    return composer.documents


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
                raise BeyondError
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
                raise ValueError(event.anchor)
            self._put(self._anchors[event.anchor], None)

    def _put(self, value: Any, anchor: str | None) -> None:
        """Put a finished value where it belongs."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise BeyondError
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
                raise BeyondError
            for key, inner in table(other).items():
                container.setdefault(key, inner)


_NO_KEY = object()
