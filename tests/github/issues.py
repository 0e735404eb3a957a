"""Comments on a pull request as a whole, and reactions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.github.accounts import Account, node_id
from tests.github.rest import Call, Refused, Reply, endpoint

if TYPE_CHECKING:
    from tests.github.apps import App
    from tests.github.pulls import PullRequest

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
NEEDS_READ = ("issues:read", "pull_requests:read")
NEEDS_WRITE = ("issues:write", "pull_requests:write")


@dataclass(frozen=True, slots=True)
class Reaction:
    id: int
    user: Account
    content: str
    created: str

    def json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "node_id": node_id("Reaction", self.id),
            "user": self.user.json(),
            "content": self.content,
            "created_at": self.created,
        }


@dataclass(eq=False, slots=True)
class IssueComment:
    id: int
    pull: "PullRequest"
    author: Account
    body: str
    created: str
    updated: str
    app: "App | None" = None
    minimized: str | None = None
    reactions: list[Reaction] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.pull.repository.url}/issues/comments/{self.id}"

    @property
    def html_url(self) -> str:
        return f"{self.pull.html_url}#issuecomment-{self.id}"

    def json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "node_id": node_id("IssueComment", self.id),
            "url": self.url,
            "html_url": self.html_url,
            "body": self.body,
            "user": self.author.json(),
            "created_at": self.created,
            "updated_at": self.updated,
            "issue_url": f"{self.pull.repository.url}/issues/{self.pull.number}",
            "author_association": self.pull.association(self.author),
            "reactions": rollup(self.reactions, self.url),
            "performed_via_github_app": self.app.json() if self.app else None,
        }


def rollup(reactions: Sequence[Reaction], url: str) -> dict[str, Any]:
    """A `reaction-rollup`."""
    counts = {content: sum(r.content == content for r in reactions) for content in CONTENTS}
    return {"url": f"{url}/reactions", "total_count": len(reactions), **counts}


def react(call: Call, reactions: list[Reaction]) -> Reply:
    """201 for a new reaction, 200 for one that was there."""
    assert call.caller.account is not None
    content = call.body.get("content")
    if content not in CONTENTS:
        raise Refused(
            422,
            "Validation Failed",
            [{"resource": "Reaction", "code": "invalid", "field": "content"}],
        )
    for reaction in reactions:
        if (reaction.user, reaction.content) == (call.caller.account, content):
            return Reply(200, reaction.json())
    reactions.append(
        Reaction(call.github.new_id(), call.caller.account, content, call.github.stamp())
    )
    return Reply(201, reactions[-1].json())


def _pull(call: Call) -> "PullRequest":
    pull = call.repository.pulls.get(call.number("issue_number"))
    if pull is None:
        raise Refused(404, "Not Found")
    return pull


def _comment(call: Call) -> IssueComment:
    found = call.github.issue_comments.get(call.number("comment_id"))
    if found is None or found.pull.repository is not call.repository:
        raise Refused(404, "Not Found")
    return found


def _own_comment(call: Call) -> IssueComment:
    comment = _comment(call)
    if comment.author != call.caller.account:
        raise Refused(403, "Resource not accessible by integration")
    return comment


def _body(call: Call) -> str:
    """GitHub's messages for an issue comment differ from those for a review."""
    body = call.body.get("body") or ""
    resource = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
    if not body.strip():
        raise Refused(422, "Validation Failed", [{**resource, "message": "Body cannot be blank"}])
    if len(body) > 65_536:
        message = "Body is too long (maximum is 65536 characters)"
        raise Refused(422, "Validation Failed", [{**resource, "message": message}])
    return str(body)


@endpoint(
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments", *NEEDS_READ, gives="[IssueComment]"
)
def list_comments(call: Call) -> Reply:
    return call.page([c.json for c in _pull(call).issue_comments])


@endpoint(
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments", *NEEDS_WRITE, gives="IssueComment"
)
def create_comment(call: Call) -> Reply:
    assert call.caller.account is not None
    comment = call.github.comment(_pull(call), _body(call), call.caller.account, call.caller.app)
    return Reply(201, comment.json())


@endpoint(
    "GET /repos/{owner}/{repo}/issues/comments/{comment_id}", *NEEDS_READ, gives="IssueComment"
)
def show_comment(call: Call) -> Reply:
    return Reply(200, _comment(call).json())


@endpoint(
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", *NEEDS_WRITE, gives="IssueComment"
)
def edit_comment(call: Call) -> Reply:
    comment = _own_comment(call)
    comment.body, comment.updated = _body(call), call.github.stamp()
    return Reply(200, comment.json())


@endpoint("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", *NEEDS_WRITE)
def delete_comment(call: Call) -> Reply:
    del call.github.issue_comments[_own_comment(call).id]
    return Reply(204)


@endpoint(
    "GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    *NEEDS_READ,
    gives="[Reaction]",
)
def list_reactions(call: Call) -> Reply:
    return call.page([r.json for r in _comment(call).reactions])


@endpoint(
    "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    *NEEDS_WRITE,
    gives="Reaction",
)
def add_reaction(call: Call) -> Reply:
    return react(call, _comment(call).reactions)
