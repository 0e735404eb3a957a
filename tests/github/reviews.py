"""Reviews, their comments and threads: where a comment may stand, and where it stands after a push."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.github.accounts import Account, node_id
from tests.github.hunks import Patch, read_patch
from tests.github.issues import Reaction, rollup
from tests.github.rest import Refused, in_words

if TYPE_CHECKING:
    from tests.github.pulls import PullRequest

MAX_BODY = 65_536
TOO_LONG = f"body is too long (maximum is {MAX_BODY} characters)"
ONE_PENDING = "User can only have one pending review per pull request"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The lines of one commit's diff that a thread hangs on; a file's thread has none."""

    path: str
    commit: str
    side: str = "RIGHT"
    line: int | None = None
    start_side: str | None = None
    start_line: int | None = None
    position: int | None = None
    diff_hunk: str = ""

    @property
    def subject(self) -> str:
        return "file" if self.line is None else "line"

    @property
    def first_line(self) -> int | None:
        return self.line if self.start_line is None else self.start_line


@dataclass(eq=False, slots=True)
class Review:
    id: int
    pull: "PullRequest"
    author: Account
    body: str
    state: str
    """PENDING, COMMENTED, APPROVED, CHANGES_REQUESTED or DISMISSED."""
    commit: str
    submitted: str | None
    minimized: str | None = None

    @property
    def comments(self) -> "list[ReviewComment]":
        return [c for thread in self.pull.threads for c in thread.comments if c.review is self]

    @property
    def html_url(self) -> str:
        return f"{self.pull.html_url}#pullrequestreview-{self.id}"

    def json(self) -> dict[str, Any]:
        """A `pull-request-review`."""
        body: dict[str, Any] = {
            "id": self.id,
            "node_id": node_id("PullRequestReview", self.id),
            "user": self.author.json(),
            "body": self.body,
            "state": self.state,
            "html_url": self.html_url,
            "pull_request_url": self.pull.url,
            "_links": {
                "html": {"href": self.html_url},
                "pull_request": {"href": self.pull.url},
            },
            "commit_id": self.commit,
            "author_association": self.pull.association(self.author),
        }
        return body if self.submitted is None else {**body, "submitted_at": self.submitted}


@dataclass(eq=False, slots=True)
class ReviewComment:
    """`minimized` is GraphQL's classifier, `reactions` who answered with what."""

    id: int
    thread: "Thread"
    review: Review
    author: Account
    body: str
    created: str
    updated: str
    minimized: str | None = None
    reactions: list[Reaction] = field(default_factory=list)

    @property
    def in_reply_to(self) -> int | None:
        """The first comment of the thread, also when it is gone."""
        return None if self.id == self.thread.first_id else self.thread.first_id

    @property
    def url(self) -> str:
        return f"{self.thread.pull.repository.url}/pulls/comments/{self.id}"

    @property
    def path(self) -> str:
        return self.thread.original.path

    @property
    def line(self) -> int | None:
        """Its last line at the head, None when outdated."""
        return None if self.thread.anchor is None else self.thread.anchor.line

    @property
    def start_line(self) -> int | None:
        return None if self.thread.anchor is None else self.thread.anchor.start_line

    @property
    def html_url(self) -> str:
        return f"{self.thread.pull.html_url}#discussion_r{self.id}"

    def json(self) -> dict[str, Any]:
        """A `pull-request-review-comment`; an outdated one has null for its lines."""
        first, pull = self.thread.original, self.thread.pull
        now = self.thread.anchor
        body: dict[str, Any] = {
            "url": self.url,
            "pull_request_review_id": self.review.id,
            "id": self.id,
            "node_id": node_id("PullRequestReviewComment", self.id),
            "diff_hunk": first.diff_hunk,
            "path": first.path if now is None else now.path,
            # It follows the newest commit on which the comment still stands.
            "commit_id": first.commit if now is None else now.commit,
            "original_commit_id": first.commit,
            "user": self.author.json(),
            "body": self.body,
            "created_at": self.created,
            "updated_at": self.updated,
            "html_url": self.html_url,
            "pull_request_url": pull.url,
            "author_association": pull.association(self.author),
            "_links": {
                "self": {"href": self.url},
                "html": {"href": self.html_url},
                "pull_request": {"href": pull.url},
            },
            "reactions": rollup(self.reactions, self.url),
            "subject_type": first.subject,
        }
        if first.subject == "line":
            body |= {
                "start_line": None if now is None else now.start_line,
                "original_start_line": first.start_line,
                "start_side": first.start_side if first.start_line is not None else None,
                "line": None if now is None else now.line,
                "original_line": first.line,
                "side": first.side,
                "position": None if now is None else now.position,
                "original_position": first.position,
            }
        if self.in_reply_to is not None:
            body["in_reply_to_id"] = self.in_reply_to
        return body


class Thread:
    """A conversation on some lines. `resolved_by` is who closed it."""

    def __init__(self, number: int, pull: "PullRequest", original: Anchor) -> None:
        self.id, self.pull, self.original = number, pull, original
        self.comments: list[ReviewComment] = []
        self.first_id = 0
        self.resolved_by: Account | None = None
        self._anchors: dict[tuple[str, str], Anchor | None] = {}

    @property
    def anchor(self) -> Anchor | None:
        """Where it stands at the head; None when its lines changed or left the diff."""
        key = (self.pull.head_sha, self.pull.base_sha)
        if key not in self._anchors:
            self._anchors[key] = _carried(self.pull, self.original)
        return self._anchors[key]

    @property
    def outdated(self) -> bool:
        return self.anchor is None

    @property
    def resolved(self) -> bool:
        return self.resolved_by is not None

    def reply(self, by: str, body: str) -> ReviewComment:
        """A person answers."""
        return add_comment(self, self.pull.repository.github.account(by), body)

    def resolve(self, by: str) -> None:
        """A person presses "Resolve conversation"."""
        self.resolved_by = self.pull.repository.github.account(by)

    def unresolve(self) -> None:
        self.resolved_by = None


def _carried(pull: "PullRequest", first: Anchor) -> Anchor | None:
    """The anchor mapped to the head through the diff between the two commits.

    GitHub calls a thread outdated when a line of it changed or is no longer shown.
    """
    objects, head = pull.repository.objects, pull.head_sha
    ends = [first.commit, head]
    if first.side == "LEFT":
        ends = [pull.merge_base(end) or end for end in ends]
    trees = [objects.commit(end).tree for end in ends]
    change = next(
        (c for c in objects.diff(trees[0], trees[1]) if first.path in (c.path, c.previous)), None
    )
    if change is not None and change.status == "removed":
        return None
    path = first.path if change is None else change.path
    shown = pull.patch(path)
    if shown is None:
        return None
    if first.line is None:
        return Anchor(path, head)
    start = first.first_line or first.line
    moved = read_patch(change.patch if change else None)
    lines = [moved.moved(line) for line in range(start, first.line + 1)]
    if None in lines or lines[-1] - lines[0] != first.line - start:  # type: ignore[operator]
        return None
    return _found(Anchor(path, head, first.side, lines[-1], first.start_side,
                         None if first.start_line is None else lines[0]), shown)  # fmt: skip


def _found(anchor: Anchor, shown: Patch) -> Anchor | None:
    """The anchor with its place in the diff, None when a line of it is not shown."""
    assert anchor.line is not None
    last = shown.row(anchor.side, anchor.line)
    first = shown.row(anchor.start_side or anchor.side, anchor.first_line or anchor.line)
    if last is None or first is None or first.hunk != last.hunk:
        return None
    return Anchor(
        anchor.path, anchor.commit, anchor.side, anchor.line, anchor.start_side, anchor.start_line,
        last.position, shown.around(last),
    )  # fmt: skip


class Misplaced(Exception):
    """Why a comment cannot stand where it was put, as pairs of a field and what it must be."""

    def __init__(self, *reasons: tuple[str, str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons

    def in_review(self) -> str:
        """As `POST …/reviews` says it: one sentence, which does not name the comment."""
        if self.reasons[0][0] in ("Path", "Line"):
            return " ".join(self.reasons[0])
        return in_words(
            [
                f"Pull request review thread {name.replace('_', ' ')} {must}"
                for name, must in self.reasons
            ]
        )

    def alone(self) -> list[dict[str, str]]:
        """As `POST …/pulls/{n}/comments` says it."""
        errors = []
        for name, must in self.reasons:
            error = {"resource": "PullRequestReviewComment"}
            where = f"pull_request_review_thread.{name.lower()}"
            if name == "diff_hunk":
                error |= {"code": "missing_field", "field": where}
            elif name == "Path":
                error |= {"code": "invalid", "field": where}
            else:
                error |= {"code": "custom", "field": where, "message": f"{where} {must}"}
            errors.append(error)
        return errors


def place(pull: "PullRequest", commit: str, asked: Mapping[str, Any]) -> Anchor:
    """Where a new comment stands, by the diff of the pull request at `commit`.

    Only lines of a hunk can carry one: RIGHT the added and unchanged, LEFT the removed and
    unchanged; both ends in one hunk, the first before the last. Raises Misplaced.
    https://docs.github.com/en/rest/pulls/comments#create-a-review-comment-for-a-pull-request
    """
    path, side = asked["path"], asked.get("side") or "RIGHT"
    shown = pull.patch(path, commit)
    if shown is None:
        raise Misplaced(("Path", "could not be resolved"))
    if asked.get("subject_type") == "file":
        return Anchor(path, commit)
    line, start = asked.get("line"), asked.get("start_line")
    if line is None and asked.get("position") is not None:
        row = next((r for r in shown.rows if r.position == asked["position"]), None)
        if row is not None:
            side = "LEFT" if row.mark == "-" else "RIGHT"
            line = row.line(side)
    if line is None:
        raise Misplaced(("Line", "could not be resolved"))
    if side not in ("LEFT", "RIGHT"):
        raise Misplaced(("side", "is not included in the list"))
    last = shown.row(side, line)
    start_side = asked.get("start_side") or side
    same_hunk = ("start_line", "must be part of the same hunk as the line.")
    if last is None:
        raise Misplaced(
            ("line", "must be part of the diff"),
            *([same_hunk] if start is not None else []),
            ("diff_hunk", "can't be blank"),
        )
    if start is not None:
        first = shown.row(start_side, start)
        if first is not None and first.position >= last.position:
            raise Misplaced(("start_line", "must precede the end line."))
        if first is None or first.hunk != last.hunk:
            raise Misplaced(same_hunk)
    return Anchor(
        path, commit, side, line, start_side if start is not None else None, start,
        last.position, shown.around(last),
    )  # fmt: skip


def checked_body(body: str | None, *, needed: bool = True) -> str:
    """Refused (422) when a comment says nothing, or more than GitHub keeps."""
    if needed and not (body or "").strip():
        raise Refused(422, "Unprocessable Entity", ["Body can't be blank"])
    if len(body or "") > MAX_BODY:
        raise Refused(422, "Unprocessable Entity", [TOO_LONG])
    return body or ""


def checked_commit(pull: "PullRequest", sha: str | None) -> str:
    """The commit that is reviewed: the newest, or one that the pull request had."""
    if sha is None or sha in pull.shas:
        return sha or pull.head_sha
    commits = pull.repository.objects.commits(pull.head_sha, f"^{pull.base_sha}")
    if sha not in commits:
        raise Refused(422, "Unprocessable Entity", ["commit_id is not part of the pull request"])
    return sha


def pending_review(pull: "PullRequest", author: Account) -> Review | None:
    return next((r for r in pull.reviews if r.state == "PENDING" and r.author == author), None)


def add_review(
    pull: "PullRequest", author: Account, state: str, body: str, commit: str,
    comments: Sequence[tuple[Anchor, str]] = (),
) -> Review:  # fmt: skip
    """A review with its comments, each in a thread of its own."""
    github = pull.repository.github
    submitted = None if state == "PENDING" else github.stamp()
    review = Review(github.new_id(), pull, author, body, state, commit, submitted)
    pull.reviews.append(review)
    for anchor, text in comments:
        thread = Thread(github.new_id(), pull, anchor)
        pull.threads.append(thread)
        add_comment(thread, author, text, review)
    return review


def add_comment(
    thread: Thread, author: Account, body: str, review: Review | None = None
) -> ReviewComment:
    """One more comment in a thread; alone it makes a review of its own, as on GitHub."""
    github = thread.pull.repository.github
    review = review or add_review(thread.pull, author, "COMMENTED", "", thread.pull.head_sha)
    comment = ReviewComment(
        github.new_id(), thread, review, author, body, github.stamp(), github.stamp()
    )
    thread.comments.append(comment)
    thread.first_id = thread.first_id or comment.id
    return comment


def forget(comment: ReviewComment) -> None:
    """Delete a comment; with the last one the thread goes, and an empty review with it."""
    thread, review = comment.thread, comment.review
    thread.comments.remove(comment)
    if not thread.comments:
        thread.pull.threads.remove(thread)
    if not review.body and not review.comments and review.state == "COMMENTED":
        thread.pull.reviews.remove(review)
