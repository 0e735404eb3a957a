"""What the GraphQL API changes: threads, what is minimised, commits.

The permissions that each needs are those that Apps were seen to need; GitHub does not list them.
"""

import base64
import binascii
from typing import Any

from tests.github.rest import Refused, Trouble
from tests.github.reviews import (
    Review,
    ReviewComment,
    Thread,
    add_comment,
    checked_body,
    forget,
)
from tests.github.views import FORBIDDEN, View

Input = dict[str, Any]


def mutations(view: View) -> dict[str, Any]:
    return {
        "minimizeComment": lambda _info, **given: _minimize(
            view, given["input"], given["input"]["classifier"]
        ),
        "unminimizeComment": lambda _info, **given: _minimize(view, given["input"], None),
        "resolveReviewThread": lambda _info, **given: _resolve(view, given["input"], resolved=True),
        "unresolveReviewThread": lambda _info, **given: _resolve(
            view, given["input"], resolved=False
        ),
        "addPullRequestReviewThreadReply": lambda _info, **given: _reply(view, given["input"]),
        "updatePullRequestReview": lambda _info, **given: _edit_review(view, given["input"]),
        "updatePullRequestReviewComment": lambda _info, **given: _edit(view, given["input"]),
        "deletePullRequestReviewComment": lambda _info, **given: _delete(view, given["input"]),
        "createCommitOnBranch": lambda _info, **given: _commit(view, given["input"]),
    }


def _minimize(view: View, asked: Input, classifier: str | None) -> Input:
    item = view.found(asked["subjectId"])
    if isinstance(item, Thread) or not hasattr(item, "minimized"):
        raise Trouble("UNPROCESSABLE", "This comment can't be minimized.")
    pull = item.thread.pull if isinstance(item, ReviewComment) else item.pull
    shown = view.node(asked["subjectId"])
    needs = ["pull_requests:write"]
    if shown["__typename"] == "IssueComment":
        needs.append("issues:write")
    view.need(pull.repository, *needs)
    item.minimized = classifier
    name = "minimizedComment" if classifier else "unminimizedComment"
    return {"clientMutationId": asked.get("clientMutationId"), name: view.node(asked["subjectId"])}


def _thread(view: View, identity: str) -> Thread:
    found = view.found(identity)
    if not isinstance(found, Thread):
        raise Trouble(
            "NOT_FOUND",
            f"Could not resolve to PullRequestReviewThread node with the global id of '{identity}'.",
        )
    return found


def _resolve(view: View, asked: Input, *, resolved: bool) -> Input:
    """An App needs `contents: write` for it besides `pull_requests: write`."""
    thread = _thread(view, asked["threadId"])
    view.need(thread.pull.repository, "contents:write", "pull_requests:write")
    thread.resolved_by = view.me if resolved else None
    return {"clientMutationId": asked.get("clientMutationId"), "thread": view.thread(thread)}


def _reply(view: View, asked: Input) -> Input:
    thread = _thread(view, asked["pullRequestReviewThreadId"])
    view.need(thread.pull.repository, "pull_requests:write")
    comment = add_comment(thread, view.me, asked["body"])
    shown = view.review_comment(comment)
    return {"clientMutationId": asked.get("clientMutationId"), "comment": shown}


def _own(view: View, identity: str, kind: type[ReviewComment | Review]) -> Any:
    """An App edits and deletes what it wrote itself."""
    found = view.found(identity)
    if not isinstance(found, kind):
        raise Trouble(
            "NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'."
        )
    pull = found.thread.pull if isinstance(found, ReviewComment) else found.pull
    view.need(pull.repository, "pull_requests:write")
    if found.author != view.me:
        raise Trouble("FORBIDDEN", FORBIDDEN)
    return found


def _body(asked: Input) -> str:
    try:
        return checked_body(asked["body"])
    except Refused as refused:
        raise Trouble("UNPROCESSABLE", str(refused)) from refused


def _edit_review(view: View, asked: Input) -> Input:
    review = _own(view, asked["pullRequestReviewId"], Review)
    review.body = _body(asked)
    shown = view.review(review)
    return {"clientMutationId": asked.get("clientMutationId"), "pullRequestReview": shown}


def _edit(view: View, asked: Input) -> Input:
    comment = _own(view, asked["pullRequestReviewCommentId"], ReviewComment)
    comment.body, comment.updated = _body(asked), view.github.stamp()
    shown = view.review_comment(comment)
    return {"clientMutationId": asked.get("clientMutationId"), "pullRequestReviewComment": shown}


def _delete(view: View, asked: Input) -> Input:
    comment = _own(view, asked["id"], ReviewComment)
    shown, review = view.review_comment(comment), view.review(comment.review)
    forget(comment)
    return {
        "clientMutationId": asked.get("clientMutationId"),
        "pullRequestReview": review,
        "pullRequestReviewComment": shown,
    }


def _commit(view: View, asked: Input) -> Input:
    """One signed commit of whole files, if the branch still is where the caller believes."""
    branch = asked["branch"]
    owner, _, name = (branch.get("repositoryNameWithOwner") or "").partition("/")
    repository = view.github.repositories.get(f"{owner}/{name}".lower())
    if repository is None or branch.get("branchName") not in repository.branches:
        raise Trouble("NOT_FOUND", "Could not resolve to a Repository or branch with that name.")
    view.need(repository, "contents:write")
    tip = repository.branches[branch["branchName"]]
    if asked["expectedHeadOid"] != tip:
        raise Trouble(
            "STALE_DATA",
            f'Expected branch to point to "{asked["expectedHeadOid"]}" but it did not.  Pull and try again.',
        )
    changes = _changes(asked.get("fileChanges") or {})
    files = repository.files(tip)
    if any(path not in files for path, content in changes.items() if content is None):
        raise Trouble(
            "UNPROCESSABLE",
            "A path was requested for deletion which does not exist as of commit oid " + tip,
        )
    if any(path.startswith(".github/workflows/") for path in changes):
        view.need(repository, "workflows:write")
    headline, body = asked["message"]["headline"], asked["message"].get("body")
    message = f"{headline}\n\n{body}" if body else headline
    author = view.me.login
    sha = repository.commit(
        branch["branchName"], changes, message, author=author, committer="GitHub"
    )
    repository.verified.add(sha)
    for pull in view.github.pulls_from(repository, branch["branchName"]):
        pull.synchronize()
    return {
        "clientMutationId": asked.get("clientMutationId"),
        "commit": view.commit(repository, sha),
        "ref": view.ref(repository, branch["branchName"]),
    }


def _changes(asked: Input) -> dict[str, bytes | None]:
    changes: dict[str, bytes | None] = {d["path"]: None for d in asked.get("deletions") or ()}
    for addition in asked.get("additions") or ():
        try:
            changes[addition["path"]] = base64.b64decode(addition["contents"], validate=True)
        except binascii.Error as error:
            raise Trouble("UNPROCESSABLE", "contents is not valid Base64") from error
    return changes
