"""Connections: the pages of GraphQL.

https://docs.github.com/en/graphql/guides/using-pagination-in-the-graphql-api
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.github.rest import Trouble

Item = dict[str, Any]
MOST = 100


def connection(
    name: str, items: Sequence[Any], show: Callable[[Any], Any], asked: Mapping[str, Any]
) -> Item:
    """The `first` items `after` a cursor, or the `last` ones `before` it; 100 at most."""
    first, last = asked.get("first"), asked.get("last")
    size = first if first is not None else last
    if size is None:
        raise Trouble(
            "MISSING_PAGINATION_BOUNDARIES",
            "You must provide a `first` or `last` value to properly paginate the "
            f"`{name}` connection.",
        )
    which = "first" if first is not None else "last"
    if not 0 <= size <= MOST:
        raise Trouble(
            "EXCESSIVE_PAGINATION",
            f"Requesting {size} records on the `{name}` connection exceeds the "
            f"`{which}` limit of {MOST} records.",
        )
    start, end = int(asked.get("after") or 0), int(asked.get("before") or len(items))
    low, high = (
        (start, min(start + size, end)) if which == "first" else (max(end - size, start), end)
    )
    return {
        "totalCount": len(items),
        "nodes": [show(item) for item in items[low:high]],
        "pageInfo": {
            "hasNextPage": high < len(items),
            "endCursor": str(high) if high > low else None,
            "hasPreviousPage": low > 0,
            "startCursor": str(low) if high > low else None,
        },
    }
