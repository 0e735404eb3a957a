"""What was said on a pull request, read from GitHub, and what is taken back or answered there."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from gidgethub import QueryError

from bot import comment
from bot.command import read_command
from bot.conversation import Ask, Cleanup, Conversation, Place, Posted, Thread
from bot.github.client import Client
from bot.pull_request import PullRequest
from rules.model.dockerfile import Span

log = logging.getLogger(__name__)

FRESH = timedelta(days=1)
"""An older command that nobody answered is not carried out any more."""

HARMLESS = {"FORBIDDEN", "NOT_FOUND"}
"""Errors of tidying up: a permission was taken back, or a person was faster."""

_AT_ONCE = 20
"""Changes in one request: GitHub gives up after ten seconds."""
_INPUTS = {
    "updatePullRequestReview": ("pullRequestReviewId", ""),
    "updatePullRequestReviewComment": ("pullRequestReviewCommentId", ""),
    "minimizeComment": ("subjectId", ", classifier: OUTDATED"),
    "resolveReviewThread": ("threadId", ""),
    "deletePullRequestReviewComment": ("id", ""),
}
"""What each mutation calls the thing that it changes, and what else it is told."""

THREADS = """
fragment threads on PullRequest {
  reviewThreads(first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id path isResolved isOutdated line startLine
      comments(first: 30) {
        nodes {
          id databaseId body createdAt viewerDidAuthor isMinimized
          author { __typename login }
          reactionGroups { content viewerHasReacted }
          pullRequestReview { databaseId }
        }
      }
    }
  }
}
"""
CONVERSATION = (
    """
fragment conversation on PullRequest {
  reviews(last: 100) { nodes { id databaseId body viewerDidAuthor isMinimized } }
  comments(last: 50) @include(if: $talk) {
    nodes {
      databaseId body createdAt viewerDidAuthor
      author { __typename login }
      reactionGroups { content viewerHasReacted }
    }
  }
  commits(last: 1) {
    nodes {
      commit {
        oid
        checkSuites(first: 20, filterBy: {checkName: $check}) {
          nodes {
            checkRuns(first: 5, filterBy: {checkName: $check}) { nodes { externalId status } }
          }
        }
      }
    }
  }
  ...threads
}
"""
    + THREADS
)
"""What is asked of a pull request; `$after` pages its threads, `$check` names the check run."""
_MORE_THREADS = (
    """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { ...threads } }
}
"""
    + THREADS
)


class Conversations:
    """The conversations on the pull requests of one repository."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def read(self, variables: Mapping[str, Any], pull: Mapping[str, Any]) -> Conversation:
        """The conversation of `pull`, GitHub's answer to CONVERSATION; more is asked for."""
        threads = list(pull["reviewThreads"]["nodes"])
        page = pull["reviewThreads"]["pageInfo"]
        asked = {name: variables[name] for name in ("owner", "name", "number")}
        while page["hasNextPage"]:
            data = await self._client.graphql(_MORE_THREADS, {**asked, "after": page["endCursor"]})
            more = data["repository"]["pullRequest"]["reviewThreads"]
            threads += more["nodes"]
            page = more["pageInfo"]
        return _conversation(pull, threads, datetime.now(UTC))

    async def clean_up(self, cleanup: Cleanup, writer: Client | None) -> None:
        """Take back what should go. `writer` may resolve threads. What is gone already is well.

        Reviews are reworded first: a crash in between must not leave a marker without a comment.
        """
        changes = [
            *(("updatePullRequestReview", id_, body) for id_, body in cleanup.reword),
            *(("updatePullRequestReviewComment", id_, body) for id_, body in cleanup.edit),
            *(("minimizeComment", id_, "") for id_ in cleanup.hide),
            *(("resolveReviewThread", id_, "") for id_ in cleanup.resolve if writer is not None),
            *(("deletePullRequestReviewComment", id_, "") for id_ in cleanup.delete),
        ]
        client = writer if writer is not None and cleanup.resolve else self._client
        for at in range(0, len(changes), _AT_ONCE):
            try:
                await client.graphql(*_mutation(changes[at : at + _AT_ONCE]))
            except QueryError as error:
                kinds = sorted({str(e.get("type")) for e in error.response["errors"]})
                if not HARMLESS.issuperset(kinds):
                    raise
                log.warning("GitHub did not let us tidy up: %s", ", ".join(kinds))

    async def react(self, pull: PullRequest, ask: Ask, content: Literal["+1", "confused"]) -> None:
        """Show who asked that it was seen: "+1" done, "confused" not done."""
        url = "/repos/{owner}/{repo}/{place}/comments/{id}/reactions"
        where = {**pull.path, "place": ask.place, "id": str(ask.comment)}
        await self._client.post(url, where, data={"content": content})

    async def say(self, pull: PullRequest, body: str) -> None:
        """Comment below the pull request."""
        url = "/repos/{owner}/{repo}/issues/{number}/comments"
        await self._client.post(url, pull.path, data={"body": body})


def _mutation(changes: Sequence[tuple[str, str, str]]) -> tuple[str, dict[str, str]]:
    """One request that makes several changes, in this order: a mutation's name, an id, a body."""
    declared, parts, values = [], [], {}
    for at, (name, id_, body) in enumerate(changes):
        field, more = _INPUTS[name]
        declared.append(f"$i{at}: ID!")
        values[f"i{at}"] = id_
        if body:
            declared.append(f"$b{at}: String!")
            values[f"b{at}"] = body
            more = f", body: $b{at}"
        parts.append(f"m{at}: {name}(input: {{{field}: $i{at}{more}}}) {{ clientMutationId }}")
    text = "\n".join(parts)
    return f"mutation({', '.join(declared)}) {{\n{text}\n}}", values


def _conversation(
    pull: Mapping[str, Any], threads: Iterable[Mapping[str, Any]], now: datetime
) -> Conversation:
    own = [each for each in threads if _is_ours(each)]
    reviews = [
        Posted(each["databaseId"], each["id"], each["body"], each["isMinimized"])
        for each in (pull["reviews"] or {}).get("nodes", ())
        if each["viewerDidAuthor"] and comment.is_marked(each["body"])
    ]
    comments: list[tuple[Mapping[str, Any], Place]] = [
        (each, "issues") for each in (pull.get("comments") or {}).get("nodes", ())
    ]
    for each in own:
        comments += [(reply, "pulls") for reply in each["comments"]["nodes"][1:]]
    asks: list[Ask] = []
    ignored: set[str] = set()
    for written, place in comments:
        command = read_command(written["body"])
        author = written["author"] or {}  # None for an account that was deleted
        if command is None or written["viewerDidAuthor"] or author.get("__typename") != "User":
            continue
        ours_given = {
            r["content"] for r in written["reactionGroups"] or () if r["viewerHasReacted"]
        }
        if command.verb == "ignore" and "THUMBS_UP" in ours_given:
            ignored.add(command.rule)
        elif not ours_given and now - datetime.fromisoformat(written["createdAt"]) < FRESH:
            asks.append(Ask(command, author["login"], written["databaseId"], place))
    return Conversation(
        tuple(map(_thread, own)),
        tuple(reviews),
        tuple(asks),
        frozenset(ignored),
        next(_checks(pull), None),
    )


def _is_ours(thread: Mapping[str, Any]) -> bool:
    """Whether a comment of ours began it: whose it is counts, not what it says."""
    comments = thread["comments"]["nodes"]
    return bool(comments) and comments[0]["viewerDidAuthor"]


def _thread(thread: Mapping[str, Any]) -> Thread:
    first, *others = thread["comments"]["nodes"]
    return Thread(
        id=thread["id"],
        path=thread["path"],
        node=first["id"],
        review=first["pullRequestReview"]["databaseId"],
        fingerprints=comment.fingerprints(first["body"]),
        resolved=thread["isResolved"],
        answered=any(not each["viewerDidAuthor"] for each in others),
        hidden=first["isMinimized"],
        outdated=thread["isOutdated"],
        body=first["body"].replace("\r\n", "\n"),
        span=_span(thread),
    )


def _span(thread: Mapping[str, Any]) -> Span | None:
    """Where a thread stands on the right side of the diff now."""
    end = thread["line"]
    if end is None or thread["isOutdated"]:
        return None
    return Span(end if thread["startLine"] is None else thread["startLine"], end)


def _checks(pull: Mapping[str, Any]) -> Iterator[str]:
    """The external ids of completed check runs of our name on the head, if they have one."""
    for each in pull["commits"]["nodes"]:
        if each["commit"]["oid"] != pull["headRefOid"]:
            continue
        for suite in (each["commit"]["checkSuites"] or {}).get("nodes", ()):
            for run in (suite["checkRuns"] or {}).get("nodes", ()):
                if run["status"] == "COMPLETED" and run["externalId"]:
                    yield run["externalId"]
