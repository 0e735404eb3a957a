"""What was said on a pull request, read from GitHub, and what is taken back or answered there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from gidgethub import BadRequest, QueryError

from bot import comment
from bot.command import read_command
from bot.conversation import Ask, Cleanup, Conversation, Place, Posted, Thread
from bot.github.client import Client
from bot.pull_request import PullRequest

FRESH = timedelta(days=1)
"""An older command that nobody answered is not carried out any more."""

HARMLESS = {"FORBIDDEN", "NOT_FOUND"}
"""Errors of tidying up: a permission was taken back, or a person was faster."""

THREADS = """
fragment threads on PullRequest {
  reviewThreads(first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id path isResolved isOutdated
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

    async def clean_up(self, pull: PullRequest, cleanup: Cleanup, writer: Client | None) -> None:
        """Take back what should go. `writer` may resolve threads. What is gone already is well.

        Reviews are reworded first: a crash in between must not leave a marker without a comment.
        """
        path = pull.path
        for number, body in cleanup.reword:
            url = "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}"
            await self._client.put(url, {**path, "id": str(number)}, data={"body": body})
        for client, name, field, ids in (
            (self._client, "minimizeComment", "subjectId", cleanup.hide),
            (writer, "resolveReviewThread", "threadId", cleanup.resolve),
        ):
            if ids and client is not None:
                try:
                    await client.graphql(*_mutation(name, field, ids))
                except QueryError as error:
                    if {e.get("type") for e in error.response["errors"]} - HARMLESS:
                        raise
        for number in cleanup.delete:
            url = "/repos/{owner}/{repo}/pulls/comments/{id}"
            try:
                await self._client.delete(url, {**path, "id": str(number)})
            except BadRequest as error:
                if error.status_code != 404:
                    raise

    async def react(self, pull: PullRequest, ask: Ask, content: Literal["+1", "confused"]) -> None:
        """Show who asked that it was seen: "+1" done, "confused" not done."""
        url = "/repos/{owner}/{repo}/{place}/comments/{id}/reactions"
        where = {**pull.path, "place": ask.place, "id": str(ask.comment)}
        await self._client.post(url, where, data={"content": content})

    async def say(self, pull: PullRequest, body: str) -> None:
        """Comment below the pull request."""
        url = "/repos/{owner}/{repo}/issues/{number}/comments"
        await self._client.post(url, pull.path, data={"body": body})


def _mutation(name: str, field: str, ids: Sequence[str]) -> tuple[str, dict[str, str]]:
    """One request that does the same to many things."""
    classifier = ", classifier: OUTDATED" if name == "minimizeComment" else ""
    parts = [
        f"m{i}: {name}(input: {{{field}: $i{i}{classifier}}}) {{ clientMutationId }}"
        for i in range(len(ids))
    ]
    declared = ", ".join(f"$i{i}: ID!" for i in range(len(ids)))
    text = "\n".join(parts)
    return f"mutation({declared}) {{\n{text}\n}}", {f"i{i}": each for i, each in enumerate(ids)}


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
        comment=first["databaseId"],
        node=first["id"],
        review=first["pullRequestReview"]["databaseId"],
        fingerprints=comment.fingerprints(first["body"]),
        resolved=thread["isResolved"],
        answered=any(not each["viewerDidAuthor"] for each in others),
        hidden=first["isMinimized"],
        outdated=thread["isOutdated"],
    )


def _checks(pull: Mapping[str, Any]) -> Iterator[str]:
    """The external ids of completed check runs of our name on the head, if they have one."""
    for each in pull["commits"]["nodes"]:
        if each["commit"]["oid"] != pull["headRefOid"]:
            continue
        for suite in (each["commit"]["checkSuites"] or {}).get("nodes", ()):
            for run in (suite["checkRuns"] or {}).get("nodes", ()):
                if run["status"] == "COMPLETED" and run["externalId"]:
                    yield run["externalId"]
