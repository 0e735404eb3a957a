"""Texts of files, many in one request, kept by the id of what they hold: that never changes.

https://docs.github.com/en/graphql/reference/objects#blob
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

from bot.github.client import Client
from bot.pull_request import PullRequest

MAX_TEXT = 512_000  # bytes; GitHub's GraphQL cuts texts there
_BATCH = 100  # blobs asked for in one query
_BLOB = "... on Blob { oid byteSize isBinary text }"
_FOLDER = f"... on Tree {{ entries {{ object {{ {_BLOB} }} }} }}"


def asking(paths: Sequence[str]) -> tuple[str, str]:
    """What a query declares, and what it asks of the repository, to bring texts along.

    A path that ends in `/` stands for all files of a folder. What is not there is no error.
    """
    declared = "".join(f", $t{at}: String" for at in range(len(paths)))
    fields = [
        f"t{at}: object(expression: $t{at}) {{ {_FOLDER if path.endswith('/') else _BLOB} }}"
        for at, path in enumerate(paths)
    ]
    return declared, "\n".join(fields)


def variables(head: str, paths: Sequence[str]) -> dict[str, str]:
    """The values of what `asking` declares: nothing in a path can be GraphQL there."""
    return {f"t{at}": f"{head}:{path.rstrip('/')}" for at, path in enumerate(paths)}


class Texts:
    """The texts of one repository; `kept` are those of all, None for what cannot be read.

    `heads` learns of the heads of pull requests on the way.
    """

    def __init__(
        self,
        client: Client,
        kept: MutableMapping[str, str | None],
        heads: MutableMapping[int, str],
    ) -> None:
        self._client = client
        self._kept = kept
        self._heads = heads

    def keep(self, found: Mapping[str, Any], paths: Sequence[str]) -> None:
        """Keep what a query brought along that asked as `asking` says."""
        for at in range(len(paths)):
            thing = found[f"t{at}"] or {}
            for each in (thing, *(entry["object"] or {} for entry in thing.get("entries") or ())):
                if "oid" in each:
                    self._kept.update(_taken(each["oid"], each))

    async def read(self, pull: PullRequest, oids: Iterable[str]) -> dict[str, str | None]:
        """Texts by blob id; None for what is too large or no UTF-8."""
        wanted = set(oids)
        # What is known is taken out first: the cache may forget it while we wait for the rest.
        got = {oid: self._kept[oid] for oid in wanted if oid in self._kept}
        unknown = sorted(oid for oid in wanted if oid not in got)
        for at in range(0, len(unknown), _BATCH):
            fetched = await self._read(pull, unknown[at : at + _BATCH])
            self._kept.update(fetched)
            got.update(fetched)
        return got

    async def _read(self, pull: PullRequest, oids: list[str]) -> dict[str, str | None]:
        """Blobs by id, all in one request."""
        names = ", ".join(f"$o{i}: GitObjectID!" for i in range(len(oids)))
        blobs = "\n".join(f"b{i}: object(oid: $o{i}) {{ {_BLOB} }}" for i in range(len(oids)))
        head = "pullRequest(number: $number) { headRefOid }"  # costs nothing to ask again
        query = (
            f"query($owner: String!, $name: String!, $number: Int!, {names}) "
            f"{{ repository(owner: $owner, name: $name) {{ {head} {blobs} }} }}"
        )
        owner, _, name = pull.repository.partition("/")
        asked: dict[str, Any] = {f"o{i}": oid for i, oid in enumerate(oids)}
        asked |= {"owner": owner, "name": name, "number": pull.number}
        data = await self._client.graphql(query, asked)
        self._heads[pull.number] = data["repository"]["pullRequest"]["headRefOid"]
        texts: dict[str, str | None] = {}
        for i, oid in enumerate(oids):
            taken = _taken(oid, data["repository"][f"b{i}"])
            texts |= taken or {oid: await self.read_exactly(pull, oid)}
        return texts

    async def read_exactly(self, pull: PullRequest, oid: str) -> str | None:
        """One text from its bytes; None when they are no UTF-8."""
        url = "/repos/{owner}/{repo}/git/blobs/{oid}"
        blob = await self._client.getitem(url, {**pull.path, "oid": oid})
        try:
            return base64.b64decode(blob["content"]).decode()
        except UnicodeDecodeError:
            return None


def _taken(oid: str, blob: Mapping[str, Any] | None) -> dict[str, str | None]:
    """What GraphQL says of a blob; nothing where it does not give the bytes as they are."""
    if blob is None or blob["byteSize"] > MAX_TEXT or blob["isBinary"]:
        return {oid: None}
    if blob["text"] is not None and _names(oid, blob["text"].encode()):
        return {oid: blob["text"]}
    return {}


def _names(oid: str, blob: bytes) -> bool:
    """Whether git gives this blob this id."""
    header = b"blob %d\0" % len(blob)
    return hashlib.sha1(header + blob, usedforsecurity=False).hexdigest() == oid
