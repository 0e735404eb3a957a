"""The REST API of reviews and review comments.

https://docs.github.com/en/rest/pulls/reviews and https://docs.github.com/en/rest/pulls/comments
"""

from tests.github.issues import react
from tests.github.pulls import PullRequest, pull_of
from tests.github.rest import Call, Refused, Reply, endpoint
from tests.github.reviews import (
    MAX_BODY,
    ONE_PENDING,
    TOO_LONG,
    Anchor,
    Misplaced,
    Review,
    ReviewComment,
    Thread,
    add_comment,
    add_review,
    checked_body,
    checked_commit,
    forget,
    pending_review,
    place,
)

_PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"
_COMMENT = "/repos/{owner}/{repo}/pulls/comments/{comment_id}"
_READ, _WRITE = "pull_requests:read", "pull_requests:write"
_STATES = {
    None: "PENDING", "COMMENT": "COMMENTED", "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
}  # fmt: skip


def _unprocessable(*errors: str) -> Refused:
    return Refused(
        422,
        "Unprocessable Entity",
        errors,
        docs="https://docs.github.com/rest/pulls/reviews#create-a-review-for-a-pull-request",
    )


def _review(call: Call) -> Review:
    number = call.number("review_id")
    for review in pull_of(call).reviews:
        if review.id == number and (review.submitted or review.author == call.caller.account):
            return review
    raise Refused(404, "Not Found")


def _comment(call: Call) -> ReviewComment:
    number = call.number("comment_id")
    for pull in call.repository.pulls.values():
        for comment in pull.comments:
            if comment.id == number and comment.review.submitted:
                return comment
    raise Refused(404, "Not Found")


def _own_comment(call: Call) -> ReviewComment:
    comment = _comment(call)
    if comment.author != call.caller.account:
        raise Refused(403, "Resource not accessible by integration")
    return comment


@endpoint(f"GET {_PULL}/reviews", _READ, gives="[PullRequestReview]")
def list_reviews(call: Call) -> Reply:
    reviews = pull_of(call).reviews
    return call.page([r.json for r in reviews if r.submitted or r.author == call.caller.account])


@endpoint(f"POST {_PULL}/reviews", _WRITE, gives="PullRequestReview")
def create_review(call: Call) -> Reply:
    """All comments or none; the refusal does not say which comment it is about."""
    pull, author, asked = pull_of(call), call.caller.account, call.body or {}
    assert author is not None
    event = asked.get("event")
    if pending_review(pull, author) is not None:
        raise _unprocessable(ONE_PENDING)
    commit = checked_commit(pull, asked.get("commit_id"))
    comments = asked.get("comments") or []
    body = checked_body(
        asked.get("body"),
        needed=event == "REQUEST_CHANGES" or (event == "COMMENT" and not comments),
    )
    _may_judge(pull, author, event)
    placed: list[tuple[Anchor, str]] = []
    reasons: list[str] = []
    for entry in comments:
        try:
            placed.append((place(pull, commit, entry), checked_body(entry["body"])))
        except Misplaced as error:
            reasons.append(error.in_review())
    if reasons:
        raise _unprocessable(*dict.fromkeys(reasons))
    return Reply(200, add_review(pull, author, _STATES[event], body, commit, placed).json())


def _may_judge(pull: PullRequest, author: object, event: str | None) -> None:
    if author == pull.author and event == "APPROVE":
        raise _unprocessable("Can not approve your own pull request")
    if author == pull.author and event == "REQUEST_CHANGES":
        raise _unprocessable("Can not request changes on your own pull request")


@endpoint(f"GET {_PULL}/reviews/{{review_id}}", _READ, gives="PullRequestReview")
def show_review(call: Call) -> Reply:
    return Reply(200, _review(call).json())


@endpoint(f"PUT {_PULL}/reviews/{{review_id}}", _WRITE, gives="PullRequestReview")
def edit_review(call: Call) -> Reply:
    review = _review(call)
    if review.author != call.caller.account:
        raise Refused(403, "Resource not accessible by integration")
    review.body = checked_body(call.body["body"])
    return Reply(200, review.json())


@endpoint(f"DELETE {_PULL}/reviews/{{review_id}}", _WRITE, gives="PullRequestReview")
def delete_review(call: Call) -> Reply:
    review = _review(call)
    if review.state != "PENDING":
        raise _unprocessable("Can not delete a non-pending pull request review")
    for comment in review.comments:
        forget(comment)
    review.pull.reviews.remove(review)
    return Reply(200, review.json())


@endpoint(f"POST {_PULL}/reviews/{{review_id}}/events", _WRITE, gives="PullRequestReview")
def submit_review(call: Call) -> Reply:
    review, event = _review(call), call.body["event"]
    if review.state != "PENDING":
        raise _unprocessable("Can not submit a review that is not pending")
    _may_judge(review.pull, review.author, event)
    review.body = checked_body(call.body.get("body", review.body), needed=not review.comments)
    review.state, review.submitted = _STATES[event], call.github.stamp()
    return Reply(200, review.json())


@endpoint(f"PUT {_PULL}/reviews/{{review_id}}/dismissals", _WRITE, gives="PullRequestReview")
def dismiss_review(call: Call) -> Reply:
    review = _review(call)
    if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise _unprocessable("Can not dismiss a commented pull request review")
    review.state = "DISMISSED"
    return Reply(200, review.json())


@endpoint(f"GET {_PULL}/reviews/{{review_id}}/comments", _READ, gives="[ReviewComment]")
def list_comments_of_review(call: Call) -> Reply:
    return call.page([c.json for c in _review(call).comments])


@endpoint(f"GET {_PULL}/comments", _READ, gives="[PullRequestReviewComment]")
def list_comments(call: Call) -> Reply:
    return call.page([c.json for c in pull_of(call).comments if c.review.submitted])


@endpoint("GET /repos/{owner}/{repo}/pulls/comments", _READ, gives="[PullRequestReviewComment]")
def list_comments_of_repository(call: Call) -> Reply:
    pulls = call.repository.pulls.values()
    return call.page([c.json for p in pulls for c in p.comments if c.review.submitted])


@endpoint(f"POST {_PULL}/comments", _WRITE, gives="PullRequestReviewComment")
def create_comment(call: Call) -> Reply:
    """One comment, which makes a review of its own."""
    pull, author, asked = pull_of(call), call.caller.account, call.body
    assert author is not None
    _may_comment(call, pull)
    if asked.get("in_reply_to") is not None:
        thread = next((t for t in pull.threads if t.first_id == asked["in_reply_to"]), None)
        if thread is None:
            raise Refused(
                422,
                "Validation Failed",
                [
                    {
                        "resource": "PullRequestReviewComment",
                        "code": "invalid",
                        "field": "in_reply_to",
                    }
                ],
            )
        return Reply(201, add_comment(thread, author, asked["body"]).json())
    try:
        anchor = place(pull, _commit_of_comment(pull, asked.get("commit_id")), asked)
    except Misplaced as error:
        raise Refused(422, "Validation Failed", error.alone()) from error
    review = add_review(pull, author, "COMMENTED", "", anchor.commit, [(anchor, asked["body"])])
    return Reply(201, review.comments[0].json())


def _commit_of_comment(pull: PullRequest, sha: str | None) -> str:
    try:
        return checked_commit(pull, sha)
    except Refused as error:
        problem = {"resource": "PullRequestReviewComment", "code": "custom", "field": "commit_id"}
        message = "commit_id is not part of the pull request"
        raise Refused(422, "Validation Failed", [{**problem, "message": message}]) from error


def _may_comment(call: Call, pull: PullRequest) -> None:
    assert call.caller.account is not None
    problem = {"resource": "PullRequestReviewComment", "code": "custom", "field": "user_id"}
    if pending_review(pull, call.caller.account) is not None:
        message = "user_id can only have one pending review per pull request"
        raise Refused(422, "Validation Failed", [{**problem, "message": message}])
    body = call.body.get("body") or ""
    problem |= {"field": "body"}
    if not body.strip():
        raise Refused(422, "Validation Failed", [{**problem, "code": "missing_field"}])
    if len(body) > MAX_BODY:
        raise Refused(422, "Validation Failed", [{**problem, "message": TOO_LONG}])


@endpoint(f"POST {_PULL}/comments/{{comment_id}}/replies", _WRITE, gives="PullRequestReviewComment")
def reply(call: Call) -> Reply:
    """Only to the first comment of a thread: "replies to replies are not supported"."""
    pull, author = pull_of(call), call.caller.account
    assert author is not None
    _may_comment(call, pull)
    thread: Thread | None = next(
        (t for t in pull.threads if t.first_id == call.number("comment_id")), None
    )
    if thread is None:
        raise Refused(404, "Not Found")
    return Reply(201, add_comment(thread, author, call.body["body"]).json())


@endpoint(f"GET {_COMMENT}", _READ, gives="PullRequestReviewComment")
def show_comment(call: Call) -> Reply:
    return Reply(200, _comment(call).json())


@endpoint(f"PATCH {_COMMENT}", _WRITE, gives="PullRequestReviewComment")
def edit_comment(call: Call) -> Reply:
    comment = _own_comment(call)
    comment.body, comment.updated = checked_body(call.body["body"]), call.github.stamp()
    return Reply(200, comment.json())


@endpoint(f"DELETE {_COMMENT}", _WRITE)
def delete_comment(call: Call) -> Reply:
    forget(_own_comment(call))
    return Reply(204)


@endpoint(f"GET {_COMMENT}/reactions", _READ, gives="[Reaction]")
def list_reactions(call: Call) -> Reply:
    return call.page([r.json for r in _comment(call).reactions])


@endpoint(f"POST {_COMMENT}/reactions", _WRITE, gives="Reaction")
def add_reaction(call: Call) -> Reply:
    return react(call, _comment(call).reactions)
