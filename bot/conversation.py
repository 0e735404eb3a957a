"""What was said on a pull request before, by us and to us; and what of it should go."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from bot import comment
from bot.command import Command
from rules.model.dockerfile import Span

Place = Literal["issues", "pulls"]
"""Where a comment is, as addresses name it: below the pull request, or on a line."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation that a comment of ours began. `id` is GraphQL's, `node` the comment's.

    `answered`: somebody else wrote in it. `hidden`: the comment is minimised. `outdated`: its
    lines are gone from the diff, so that nobody sees it there. `body` is what our comment says,
    `span` where it stands now, None when that cannot be told.
    """

    id: str
    path: str
    node: str
    review: int
    fingerprints: frozenset[str]
    resolved: bool = False
    answered: bool = False
    hidden: bool = False
    outdated: bool = False
    body: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A review of ours. Its marker names what it said, also when a comment was deleted since."""

    id: int
    node: str
    body: str
    hidden: bool = False

    @property
    def fingerprints(self) -> frozenset[str]:
        """What the review said, except what we took back."""
        return comment.fingerprints(self.body)


@dataclass(frozen=True, slots=True)
class Ask:
    """A command that waits for an answer. `place` tells the two kinds of comments apart."""

    command: Command
    author: str
    comment: int
    place: Place = "issues"


@dataclass(frozen=True, slots=True)
class Conversation:
    """All of it. `ignored` are rules that somebody with write access asked to be silent here.

    `check` is the external id of our check run on the head, where there is one.
    """

    threads: tuple[Thread, ...] = ()
    reviews: tuple[Posted, ...] = ()
    asks: tuple[Ask, ...] = ()
    ignored: frozenset[str] = frozenset()
    check: str | None = None

    @property
    def said(self) -> frozenset[str]:
        """Fingerprints that are not said again.

        Those of comments that stand, that a person resolved or answered, or that a person
        deleted: the review's own marker remembers these.
        """
        threads = (thread.fingerprints for thread in self.threads)
        reviews = (review.fingerprints for review in self.reviews)
        return frozenset().union(*threads, *reviews)

    @property
    def standing(self) -> int:
        """How many comments of ours wait for somebody to do something."""
        return sum(not thread.resolved and not thread.hidden for thread in self.threads)

    @property
    def visible(self) -> frozenset[str]:
        """Fingerprints of comments that stand on lines of the diff as it is now."""
        return frozenset().union(*(t.fingerprints for t in self.threads if not t.outdated))

    def without(self, withdrawn: Collection[Thread]) -> "Conversation":
        """The conversation when these threads are taken back: what they said may be said again."""
        threads = tuple(thread for thread in self.threads if thread not in withdrawn)
        reviews = tuple(
            replace(review, body=comment.remark(review.body, review.fingerprints - back))
            for review in self.reviews
            for back in [_said_in(review, withdrawn)]
        )
        return replace(self, threads=threads, reviews=reviews)


@dataclass(frozen=True, slots=True)
class Revision:
    """What of our comments is not right any more although some of what they say still holds.

    `withdrawn` are deleted, and what holds is said anew; `edited` get another body.
    """

    withdrawn: tuple[Thread, ...] = ()
    edited: tuple[tuple[Thread, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What is taken back, by GraphQL's ids; comments and reviews get other bodies."""

    delete: tuple[str, ...] = ()
    edit: tuple[tuple[str, str], ...] = ()
    reword: tuple[tuple[str, str], ...] = ()
    hide: tuple[str, ...] = ()
    resolve: tuple[str, ...] = ()


def clean_up(
    conversation: Conversation,
    standing: Collection[str],
    unread: Collection[str] = (),
    revision: Revision | None = None,
    *,
    may_resolve: bool = False,
) -> Cleanup:
    """What to take back when only the fingerprints `standing` are still findings.

    A comment that nobody answered is deleted; one that somebody answered is resolved, or hidden
    where we may not resolve; one that a person resolved stays as it is. Comments on `unread`
    paths stay: the file could not be analysed this time. `revision` is of those that still hold
    in part.
    """
    revision = revision or Revision()
    gone = [
        thread
        for thread in conversation.threads
        if thread.fingerprints  # else a person has edited the marker away
        and not thread.resolved
        and not thread.hidden
        and thread.path not in unread
        and not thread.fingerprints & frozenset(standing)
    ]
    delete = [*(thread for thread in gone if not thread.answered), *revision.withdrawn]
    answered = [thread for thread in gone if thread.answered]
    inhabited = {thread.review for thread in conversation.threads if thread not in delete}
    hide = [] if may_resolve else [thread.node for thread in answered]
    hide += [r.node for r in conversation.reviews if not r.hidden and r.id not in inhabited]
    back = [
        *delete,
        *(
            replace(thread, fingerprints=thread.fingerprints - comment.fingerprints(body))
            for thread, body in revision.edited
            if not thread.answered
        ),
    ]
    reword = []
    for review in conversation.reviews:
        # what a person deleted stays in the marker: only what we delete may be said again
        forgotten = _said_in(review, back)
        if forgotten & review.fingerprints:
            body = comment.remark(review.body, review.fingerprints - forgotten)
            reword.append((review.node, body))
    return Cleanup(
        tuple(thread.node for thread in delete),
        tuple((thread.node, body) for thread, body in revision.edited),
        tuple(reword),
        tuple(hide),
        tuple(thread.id for thread in answered) if may_resolve else (),
    )


def _said_in(review: Posted, threads: Collection[Thread]) -> frozenset[str]:
    """What these of a review's threads say."""
    return frozenset().union(*(t.fingerprints for t in threads if t.review == review.id))
