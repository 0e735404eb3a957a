"""A pull request on GitHub as a Snapshot, and a Review posted there. Our types in and out."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from bot import comment
from bot.client import Client
from bot.config import PATH
from bot.diff import PatchError, read_patch
from bot.review import Review
from bot.snapshot import FileChange, Snapshot
from rules.model.builder import is_dockerfile, is_ignore_file
from rules.model.repository import Repository

MAX_TEXT = 512_000  # bytes; GitHub's GraphQL cuts texts there
_BATCH = 100  # blobs asked for in one query
_MIGHT_BE_NAMED = re.compile(r"docker|container", re.IGNORECASE)

_PULL_REQUEST = """
query($owner: String!, $name: String!, $number: Int!, $settings: String!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) { headRefOid isDraft state }
    object(expression: $settings) { ... on Blob { text } }
  }
}
"""
_EARLIER = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      headRefOid
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { comments(first: 1) { nodes { body viewerDidAuthor } } }
      }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Which pull request: "owner/name", its number, and the commit at its head."""

    repository: str
    number: int
    head: str
    draft: bool = False
    open: bool = True
    settings: str | None = None
    """The text of the settings file on the default branch."""

    @property
    def path(self) -> Mapping[str, str]:
        """The variables of a request's path."""
        owner, _, name = self.repository.partition("/")
        return {"owner": owner, "repo": name, "number": str(self.number), "head": self.head}


class GitHub:
    """One repository, through its installation's token."""

    def __init__(self, client: Client, blobs: MutableMapping[str, str | None]) -> None:
        """`blobs` keeps texts by the id of their blob: what an id names never changes."""
        self._client = client
        self._blobs = blobs
        self._ids: dict[str, str] = {}

    async def changes(self, repository: str, number: int) -> list[FileChange]:
        """The files that a pull request changes: at most 3,000, as GitHub lists them."""
        where = PullRequest(repository, number, "").path
        url = "/repos/{owner}/{repo}/pulls/{number}/files?per_page=100"
        return [_change(item) async for item in self._client.getiter(url, dict(where))]

    async def pull_request(self, repository: str, number: int) -> PullRequest:
        """The pull request as it is now, and the settings of its repository."""
        owner, _, name = repository.partition("/")
        variables = {"owner": owner, "name": name, "number": number, "settings": f"HEAD:{PATH}"}
        data = await self._client.graphql(_PULL_REQUEST, variables)
        pull, settings = data["repository"]["pullRequest"], data["repository"]["object"]
        return PullRequest(
            repository,
            number,
            pull["headRefOid"],
            draft=pull["isDraft"],
            open=pull["state"] == "OPEN",
            settings=None if settings is None else settings["text"],
        )

    async def fetch(self, pull: PullRequest, changes: Iterable[FileChange]) -> Snapshot:
        """The tree at the head of the pull request, its texts not yet read."""
        url = "/repos/{owner}/{repo}/git/trees/{head}?recursive=1"
        tree = await self._client.getitem(url, dict(pull.path))
        head = await asyncio.to_thread(self._tree, tree)
        return Snapshot.at(head, changes)

    def _tree(self, tree: Mapping[str, Any]) -> Repository:
        files = [entry for entry in tree["tree"] if entry["type"] == "blob"]
        self._ids = {entry["path"]: entry["sha"] for entry in files}
        return Repository(
            frozenset(self._ids),
            executable=frozenset(e["path"] for e in files if e["mode"] == "100755"),
            symlinks=frozenset(e["path"] for e in files if e["mode"] == "120000"),
            complete=not tree["truncated"],
        )

    async def read(self, pull: PullRequest, paths: Iterable[str]) -> dict[str, str | None]:
        """Texts of files at the head; None for what is too large or no UTF-8."""
        wanted = {path: self._ids[path] for path in paths}
        # What is known is taken out first: the cache may forget it while we wait for the rest.
        got = {oid: self._blobs[oid] for oid in wanted.values() if oid in self._blobs}
        unknown = sorted({oid for oid in wanted.values() if oid not in got})
        for at in range(0, len(unknown), _BATCH):
            fetched = await self._read(pull, unknown[at : at + _BATCH])
            self._blobs.update(fetched)
            got.update(fetched)
        return {path: got[oid] for path, oid in wanted.items()}

    async def _read(self, pull: PullRequest, oids: list[str]) -> dict[str, str | None]:
        """Blobs by id, all in one request."""
        names = ", ".join(f"$o{i}: GitObjectID!" for i in range(len(oids)))
        blobs = "\n".join(
            f"b{i}: object(oid: $o{i}) {{ ... on Blob {{ byteSize isBinary text }} }}"
            for i in range(len(oids))
        )
        query = (
            f"query($owner: String!, $name: String!, {names}) "
            f"{{ repository(owner: $owner, name: $name) {{ {blobs} }} }}"
        )
        variables = {f"o{i}": oid for i, oid in enumerate(oids)}
        owner, _, name = pull.repository.partition("/")
        data = await self._client.graphql(query, {"owner": owner, "name": name, **variables})
        texts: dict[str, str | None] = {}
        for i, oid in enumerate(oids):
            blob = data["repository"][f"b{i}"]
            if blob is None or blob["byteSize"] > MAX_TEXT or blob["isBinary"]:
                texts[oid] = None
            elif blob["text"] is not None and _names(oid, blob["text"].encode()):
                texts[oid] = blob["text"]
            else:  # GraphQL did not give the bytes as they are
                texts[oid] = await self._read_exactly(pull, oid)
        return texts

    async def _read_exactly(self, pull: PullRequest, oid: str) -> str | None:
        url = "/repos/{owner}/{repo}/git/blobs/{oid}"
        blob = await self._client.getitem(url, {**pull.path, "oid": oid})
        try:
            return base64.b64decode(blob["content"]).decode()
        except UnicodeDecodeError:
            return None

    async def earlier(self, pull: PullRequest) -> tuple[str, frozenset[str]]:
        """The head as it is now, and the fingerprints of what we said on the pull request."""
        owner, _, name = pull.repository.partition("/")
        variables = {"owner": owner, "name": name, "number": pull.number, "after": None}
        said: set[str] = set()
        while True:
            data = await self._client.graphql(_EARLIER, variables)
            found = data["repository"]["pullRequest"]
            threads = found["reviewThreads"]
            for thread in threads["nodes"]:
                for first in thread["comments"]["nodes"]:
                    if first["viewerDidAuthor"]:
                        said |= comment.fingerprints(first["body"])
            if not threads["pageInfo"]["hasNextPage"]:
                return found["headRefOid"], frozenset(said)
            variables["after"] = threads["pageInfo"]["endCursor"]

    async def post(self, pull: PullRequest, review: Review) -> None:
        """Post the review as one: GitHub takes all of its comments or none."""
        comments = []
        for said in review.comments:
            item: dict[str, Any] = {
                "path": said.path,
                "body": said.body,
                "line": said.span.end,
                "side": "RIGHT",
            }
            if said.span.start < said.span.end:  # GitHub refuses a start that is no start
                item |= {"start_line": said.span.start, "start_side": "RIGHT"}
            comments.append(item)
        body = {
            "commit_id": pull.head,
            "event": "COMMENT",  # without it the review stays pending and blocks later ones
            "body": review.body,
            "comments": comments,
        }
        url = "/repos/{owner}/{repo}/pulls/{number}/reviews"
        await self._client.post(url, dict(pull.path), data=body)


def concerns_us(changes: Iterable[FileChange]) -> bool:
    """Whether a change could touch a Dockerfile or an ignore file."""
    return any(
        is_dockerfile(c.path) or is_ignore_file(c.path) or _MIGHT_BE_NAMED.search(c.path)
        for c in changes
        if c.status != "removed"
    )


def _change(item: Mapping[str, Any]) -> FileChange:
    patch = item.get("patch")
    if patch is not None:
        try:
            hunks = read_patch(patch)
        except PatchError:
            hunks = None
    else:
        hunks = () if item["changes"] == 0 else None
    return FileChange(item["filename"], item["status"], hunks, item.get("previous_filename"))


def _names(oid: str, blob: bytes) -> bool:
    """Whether git gives this blob this id."""
    header = b"blob %d\0" % len(blob)
    return hashlib.sha1(header + blob, usedforsecurity=False).hexdigest() == oid
