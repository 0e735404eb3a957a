"""YAML of a manifest; imported only where there is one."""

from typing import Any

import yaml


def load(text: str) -> Any:
    """What a text holds; raises ValueError or RecursionError where it cannot be read."""
    try:
        return yaml.load(text, _Plain)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError("no YAML, or with anchors") from error


class _Plain(yaml.SafeLoader):
    """YAML without anchors: a few bytes of them can stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise yaml.YAMLError("anchors are not followed")
        return super().compose_node(parent, index)
