"""Which recent commits on the default branch touched a path, from GitHub's GraphQL.

https://docs.github.com/en/graphql/reference/objects#commit
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gidgethub import BadRequest, QueryError

from bot.github.client import Client, Limited, Unavailable
from rules.model.history import MOST_COMMITS

DAYS = 90
A_QUERY = 10
"""Paths in one query: GitHub walks the commits for each, and gives up after ten seconds."""


async def read_history(
    client: Client, repository: str, paths: Iterable[str]
) -> Mapping[str, frozenset[str]]:
    """The ids of commits of the last 90 days, at most 100, for each path; `""` is all of them.

    What GitHub would not or could not tell is left out: a review goes on without it. So each
    query is tried once.
    """
    found: dict[str, frozenset[str]] = {}
    since = (datetime.now(UTC) - timedelta(days=DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    wanted = list(paths)
    for start in range(0, len(wanted), A_QUERY):
        some = wanted[start : start + A_QUERY]
        try:
            data = await client.graphql(*_query(repository, some, since), tries=1)
        except (QueryError, BadRequest, Unavailable, Limited):
            break
        branch = (data.get("repository") or {}).get("defaultBranchRef") or {}
        commit = branch.get("target") or {}
        for at, path in enumerate(some):
            history = commit.get(f"h{at}")
            if history is not None:
                found[path] = frozenset(node["oid"] for node in history["nodes"])
    return found


def _query(repository: str, paths: Sequence[str], since: str) -> tuple[str, dict[str, Any]]:
    """A query and its variables; paths go into variables, where nothing in them can be GraphQL."""
    names = ", ".join(f"$p{at}: String" for at in range(len(paths)))
    histories = " ".join(
        f"h{at}: history(first: {MOST_COMMITS}, path: $p{at}, since: $since) {{ nodes {{ oid }} }}"
        for at in range(len(paths))
    )
    query = (
        f"query($owner: String!, $name: String!, $since: GitTimestamp, {names}) "
        "{ repository(owner: $owner, name: $name) { defaultBranchRef { target { "
        f"... on Commit {{ {histories} }} }} }} }} }}"
    )
    owner, _, name = repository.partition("/")
    variables: dict[str, Any] = {f"p{at}": path or None for at, path in enumerate(paths)}
    return query, {**variables, "owner": owner, "name": name, "since": since}
