"""A pull request on GitHub as a Snapshot, and a Review posted there. Our types in and out."""

import asyncio
import base64
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache, TTLCache
from gidgethub import BadRequest, QueryError

import rules
from bot.config import PATH, SettingsFile, read_settings
from bot.diff import PatchError, read_patch
from bot.github.checks import Checks
from bot.github.client import Client, Gone
from bot.github.commits import Commits
from bot.github.conversation import CONVERSATION, Conversations
from bot.github.history import read_history
from bot.github.texts import Texts, asking, variables
from bot.job import Job
from bot.pull_request import PullRequest
from bot.review import Review
from bot.snapshot import FileChange, Snapshot
from bot.verdict import NAME
from rules.model.history import History
from rules.model.repository import Repository

BLOB_CHARACTERS = 32 * 2**20
"""How much text of files is kept: what a blob's id names never changes."""
SETTINGS_KEPT = 600.0
"""Seconds for which settings, and whether we may commit, are not asked for again."""
HISTORY_KEPT = 3600.0
"""Seconds: counts of commits need not be of this minute."""
ORGANISATION = ".github"
"""The repository whose settings hold for an organisation's others."""
_READ_ONE = {"metadata": "read", "contents": "read"}
_WRITE = {"metadata": "read", "contents": "write", "pull_requests": "write"}

_SETTINGS = """
fragment settings on Repository { object(expression: $settings) { ... on Blob { text } } }
"""
_SETTINGS_ONLY = (
    """
query($owner: String!, $name: String!, $settings: String!, $shared: String!) {
  repository(owner: $owner, name: $name) { ...settings }
  organisation: repository(owner: $owner, name: $shared) { ...settings }
}
"""
    + _SETTINGS
)
_PULL_REQUEST = """
query(
  $owner: String!, $name: String!, $number: Int!, $settings: String!, $shared: String!,
  $check: String!, $talk: Boolean!, $after: String%s
) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    ...settings
    pullRequest(number: $number) {
      headRefOid headRefName isDraft state headRepository { nameWithOwner url }
      ...conversation
    }
    %s
  }
  organisation: repository(owner: $owner, name: $shared) { ...settings }
}
""" + _SETTINGS + CONVERSATION  # fmt: skip
_REVIEWS = "/repos/{owner}/{repo}/pulls/{number}/reviews"


class NotTaken(Exception):  # noqa: N818  an answer, not a mishap
    """GitHub refused a review as a whole (422), and does not say which comment is at fault."""


@dataclass(slots=True)
class Memory:
    """What all jobs share: texts by blob id, settings by repository, and what we may write."""

    blobs: MutableMapping[str, str | None] = field(
        default_factory=lambda: LRUCache(
            BLOB_CHARACTERS, getsizeof=lambda text: len(text or "") + 100
        )
    )
    settings: MutableMapping[str, SettingsFile] = field(
        default_factory=lambda: TTLCache(4096, SETTINGS_KEPT)
    )
    organisations: MutableMapping[str, str | None] = field(
        default_factory=lambda: TTLCache(4096, SETTINGS_KEPT)
    )
    """Text of the settings of owners whose `.github` repository is private."""
    writable: MutableMapping[int, bool] = field(
        default_factory=lambda: TTLCache(4096, SETTINGS_KEPT)
    )
    """By installation: whether it granted `contents: write`."""
    history: MutableMapping[tuple[str, str], frozenset[str]] = field(
        default_factory=lambda: TTLCache(16_384, HISTORY_KEPT)
    )
    """Which commits touched a path, by repository and path."""
    asked: MutableMapping[int, frozenset[str]] = field(default_factory=lambda: LRUCache(1024))
    """Paths whose texts were asked for, or likely to be, by the repository's id."""
    mute: MutableMapping[int, bool] = field(default_factory=lambda: TTLCache(4096, SETTINGS_KEPT))
    """Installations that do not let us read comments below pull requests."""


class GitHub:
    """One repository, through its installation's token."""

    def __init__(
        self, client: Client, installation: int, repository_id: int, memory: Memory
    ) -> None:
        """`client` is scoped to the repository already."""
        self._client = client
        self._installation = installation
        self._repository_id = repository_id
        self._memory = memory
        self._ids: dict[str, str] = {}
        self._heads: dict[int, str] = {}
        self._texts = Texts(client, memory.blobs, self._heads)
        self.checks = Checks(client)
        self.conversations = Conversations(client)
        self.commits = Commits(client)

    async def writer(self) -> Client | None:
        """A client that may commit and resolve threads, None where that was not granted."""
        client = self._client.repository(self._installation, self._repository_id, _WRITE)
        known = self._memory.writable.get(self._installation)
        if known is None:
            known = self._memory.writable[self._installation] = await client.granted()
        return client if known else None

    async def changes(self, repository: str, number: int) -> list[FileChange]:
        """The files that a pull request changes: at most 3,000, as GitHub lists them."""
        where = PullRequest(repository, number, "").path
        url = "/repos/{owner}/{repo}/pulls/{number}/files?per_page=100"
        return [_change(item) async for item in self._client.getiter(url, where)]

    async def pull_request(self, job: Job, texts: Sequence[str] = ()) -> PullRequest:
        """The pull request as it is now: its conversation, and the settings of its repository.

        `texts` are paths of files at the job's head that will be read: they are brought along.
        """
        query = _PULL_REQUEST % asking(texts)
        asked = {
            **_settings_of(job.repository),
            **variables(job.head, texts),
            "number": job.pull_request,
            "check": NAME,
            "after": None,
            "talk": self._installation not in self._memory.mute,
        }
        try:
            data = await self._ask(query, asked)
        except QueryError as error:
            if not _forbidden(error, "comments"):
                raise
            self._memory.mute[self._installation] = True
            data = await self._ask(query, {**asked, "talk": False})
        found = data["repository"]
        self._texts.keep(found, texts)
        pull, source = found["pullRequest"], found["pullRequest"]["headRepository"]
        self._heads[job.pull_request] = pull["headRefOid"]
        return PullRequest(
            found["nameWithOwner"],
            job.pull_request,
            pull["headRefOid"],
            draft=pull["isDraft"],
            open=pull["state"] == "OPEN",
            branch=pull["headRefName"],
            source=None if source is None else source["nameWithOwner"],
            source_page="" if source is None else source["url"],
            settings=await self._settings(data, found["nameWithOwner"]),
            conversation=await self.conversations.read(asked, pull),
        )

    async def settings(self, repository: str) -> SettingsFile:
        """The settings of the repository, not older than ten minutes."""
        known = self._memory.settings.get(repository)
        if known is not None:
            return known
        data = await self._ask(_SETTINGS_ONLY, _settings_of(repository))
        return await self._settings(data, repository)

    async def _settings(self, data: Mapping[str, Any], repository: str) -> SettingsFile:
        """The repository's own settings, else its owner's, else the defaults."""
        owner = repository.partition("/")[0]
        own, shared = data["repository"]["object"], data["organisation"]
        if own is not None:
            found = read_settings(own.get("text"), rules.BY_NAME)
        else:
            if shared is not None:
                text = (shared["object"] or {}).get("text")
            else:
                text = await self._private_settings(owner)
            found = read_settings(text, rules.BY_NAME, f"{owner}/{ORGANISATION}: {PATH}")
        self._memory.settings[repository] = found
        return found

    async def _private_settings(self, owner: str) -> str | None:
        """The owner's settings where they are hidden from our token, or are not there at all."""
        if owner not in self._memory.organisations:
            client = self._client.repository(self._installation, ORGANISATION, _READ_ONE)
            url = "/repos/{owner}/{repo}/contents/{+path}"
            where = {"owner": owner, "repo": ORGANISATION, "path": PATH}
            text = None
            try:
                answer = await client.getitem(url, where)
                text = base64.b64decode(answer["content"]).decode("utf-8", "replace")
            except Gone:  # no such repository, or the App is not installed on it
                pass
            except BadRequest as error:
                if error.status_code != 404:
                    raise
            self._memory.organisations[owner] = text
        return self._memory.organisations[owner]

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """GraphQL in which the organisation's `.github` repository may be missing."""
        try:
            return await self._client.graphql(query, variables)
        except QueryError as error:
            data: dict[str, Any] = error.response.get("data") or {}
            paths = [e.get("path") for e in error.response["errors"]]
            if data.get("repository") is None or paths != [["organisation"]]:
                raise
            return data

    def moved(self, pull: PullRequest) -> bool:
        """Whether the head was seen to be another one since: with each reading of texts."""
        return self._heads[pull.number] != pull.head

    @property
    def asked(self) -> frozenset[str]:
        """Paths whose texts the rules asked for when they last looked at this repository."""
        return self._memory.asked.get(self._repository_id, frozenset())

    async def fetch(self, repository: str, head: str, changes: Iterable[FileChange]) -> Snapshot:
        """The tree at a commit, its texts not yet read."""
        url = "/repos/{owner}/{repo}/git/trees/{head}?recursive=1"
        tree = await self._client.getitem(url, PullRequest(repository, 0, head).path)
        return Snapshot.at(await asyncio.to_thread(self._tree, tree), changes)

    def _tree(self, tree: Mapping[str, Any]) -> Repository:
        files = [entry for entry in tree["tree"] if entry["type"] == "blob"]
        self._ids = {entry["path"]: entry["sha"] for entry in files}
        return Repository(
            frozenset(self._ids),
            executable=frozenset(e["path"] for e in files if e["mode"] == "100755"),
            symlinks=frozenset(e["path"] for e in files if e["mode"] == "120000"),
            complete=not tree["truncated"],
            history=History(),
        )

    async def history(self, pull: PullRequest, asked: Iterable[str]) -> History:
        """What is known of the recent commits that touched these paths, in at most two requests."""
        known = {p: self._memory.history.get((pull.repository, p)) for p in asked}
        unknown = [path for path, commits in known.items() if commits is None]
        found = await read_history(self._client, pull.repository, unknown)
        self._memory.history.update({(pull.repository, p): c for p, c in found.items()})
        kept = {path: commits for path, commits in known.items() if commits is not None}
        return History(by_path={**kept, **found})

    async def read(self, pull: PullRequest, paths: Iterable[str]) -> dict[str, str | None]:
        """Texts of files at the head; None for what is too large or no UTF-8."""
        wanted = {path: self._ids[path] for path in paths}
        self._memory.asked[self._repository_id] = (self.asked | wanted.keys()) & self._ids.keys()
        got = await self._texts.read(pull, wanted.values())
        return {path: got[oid] for path, oid in wanted.items()}

    async def post(self, pull: PullRequest, review: Review) -> None:
        """Post the review as one: GitHub takes all of its comments or none; raises NotTaken."""
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
        try:
            await self._client.post(_REVIEWS, pull.path, data=body)
        except BadRequest as error:
            if error.status_code != 422:
                raise
            if "pending review" not in f"{error} {getattr(error, 'errors', '')}":
                raise NotTaken(str(error)) from error
            await self._discard_pending(pull)
            await self._client.post(_REVIEWS, pull.path, data=body)

    async def _discard_pending(self, pull: PullRequest) -> None:
        """Delete a review of ours that was never submitted: it blocks every other."""
        async for review in self._client.getiter(_REVIEWS + "?per_page=100", pull.path):
            if review["state"] == "PENDING":  # nobody sees another's
                where = {**pull.path, "id": str(review["id"])}
                await self._client.delete(_REVIEWS + "/{id}", where)


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


def _forbidden(error: QueryError, field: str) -> bool:
    """Whether a query failed only because we may not see that field."""
    errors = error.response.get("errors") or [{}]
    return all(e.get("type") == "FORBIDDEN" and field in (e.get("path") or ()) for e in errors)


def _settings_of(repository: str) -> dict[str, Any]:
    """The variables of the fragment `settings` and of what it is asked of."""
    owner, _, name = repository.partition("/")
    return {"owner": owner, "name": name, "settings": f"HEAD:{PATH}", "shared": ORGANISATION}
