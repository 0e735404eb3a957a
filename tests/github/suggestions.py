"""Suggested changes, applied as the buttons on the page of a pull request do.

https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/incorporating-feedback-in-your-pull-request
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from tests.github.git import Entry
from tests.github.pulls import PullRequest
from tests.github.reviews import Anchor, ReviewComment

CLOSED = "Suggestions cannot be applied while the pull request is closed."
PENDING = "Suggestions cannot be applied from pending reviews."
RESOLVED = "This suggestion has been applied or marked resolved."
OUTDATED = "Outdated suggestions cannot be applied."
DELETED_LINES = "Applying suggestions on deleted lines is not supported."
NO_CHANGE = "This suggestion is invalid because no changes were made to the code."
ONE_PER_LINE = "Only one suggestion per line can be applied in a batch."
NOT_THERE = "There is no suggestion in this comment."
NO_ACCESS = "You do not have permission to apply suggestions here."

_OPENING = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`\r\n]*)\r?")


class SuggestionRefused(Exception):
    """GitHub's reason not to commit a suggestion."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Lines `start` to `end` of a file, 1-based and inclusive, and what comes in their place."""

    path: str
    start: int
    end: int
    lines: tuple[str, ...]


def suggestions_in(body: str) -> list[tuple[str, ...]]:
    """The lines of each ```suggestion block, by CommonMark's rules for fences.

    https://spec.commonmark.org/0.31.2/#fenced-code-blocks
    """
    found: list[tuple[str, ...]] = []
    fence = info = ""
    lines: list[str] = []
    for line in body.split("\n"):
        if not fence:
            opening = _OPENING.fullmatch(line)
            if opening:
                fence, info, lines = opening[1], opening[2].strip(), []
            continue
        closing = re.fullmatch(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t]*\r?", line)
        if not closing:
            lines.append(line.removesuffix("\r"))
            continue
        if info.split(" ")[0] == "suggestion":
            found.append(tuple(lines))
        fence = ""
    return found


def apply(pull: PullRequest, comment_ids: Collection[int], by: str) -> str:
    """One commit with all of them; nothing is committed when one is refused."""
    comments = [_comment(pull, number) for number in comment_ids]
    if pull.state != "open":
        raise SuggestionRefused(CLOSED)
    if not may_push(pull, by):
        raise SuggestionRefused(NO_ACCESS)
    replacements = sorted((_replacement(c) for c in comments), key=lambda r: (r.path, r.start))
    for one, other in pairwise(replacements):
        if one.path == other.path and other.start <= one.end:
            raise SuggestionRefused(ONE_PER_LINE)
    files = dict(pull.repository.files(pull.head_sha))
    objects = pull.repository.objects
    for path in dict.fromkeys(r.path for r in replacements):
        before = objects.blob(files[path].sha)
        after = replaced(before, [r for r in replacements if r.path == path])
        if after == before:
            raise SuggestionRefused(NO_CHANGE)
        files[path] = Entry(files[path].mode, objects.write("blob", after), len(after))
    authors = dict.fromkeys(c.author.login for c in comments)
    trailers = [f"Co-authored-by: {login} <{login}@example.org>" for login in authors]
    message = "\n".join(["Apply suggestions from code review", "", *trailers])
    source = pull.source
    sha = source.add_commit(
        pull.head, files, message, [pull.head_sha], author=by, committer="GitHub"
    )
    source.verified.add(sha)
    pull.synchronize()
    for comment in comments:
        comment.thread.resolve(by)  # as the page does
    return sha


def may_push(pull: PullRequest, login: str) -> bool:
    """Writers of the head's repository, the author, and for forks writers of the base's too."""
    levels = {pull.source.permission(login), pull.repository.permission(login)}
    return login == pull.author.login or bool(levels & {"write", "maintain", "admin"})


def _comment(pull: PullRequest, number: int) -> ReviewComment:
    for comment in pull.comments:
        if comment.id == number:
            return comment
    raise LookupError(f"no comment {number}")


def _replacement(comment: ReviewComment) -> Replacement:
    thread, blocks = comment.thread, suggestions_in(comment.body)
    if not blocks or thread.original.line is None:
        raise SuggestionRefused(NOT_THERE)
    if comment.review.submitted is None:
        raise SuggestionRefused(PENDING)
    if thread.resolved:
        raise SuggestionRefused(RESOLVED)
    anchor = thread.anchor
    if anchor is None:
        raise SuggestionRefused(OUTDATED)
    assert anchor.line is not None
    start = anchor.first_line or anchor.line
    _on_lines_that_stay(thread.pull, anchor, start)
    found = Replacement(anchor.path, start, anchor.line, blocks[0])
    shown = _lines(thread.pull.repository.text(anchor.path, thread.pull.head_sha))
    if tuple(shown[start - 1 : anchor.line]) == found.lines:
        raise SuggestionRefused(NO_CHANGE)
    return found


def _on_lines_that_stay(pull: PullRequest, anchor: Anchor, start: int) -> None:
    """GitHub takes a comment whose range holds a removed line, and then cannot commit it."""
    patch = pull.patch(anchor.path)
    assert patch is not None
    assert anchor.line is not None
    left = "LEFT" in (anchor.side, anchor.start_side)
    if left or patch.spans_removed(start, anchor.line):
        raise SuggestionRefused(DELETED_LINES)


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def replaced(before: bytes, replacements: Collection[Replacement]) -> bytes:
    """The file with the lines replaced.

    A file with any CRLF comes out with CRLF throughout, and a changed last line ends in a newline:
    both are what edits on the page do.
    """
    text = before.decode("utf-8", "surrogateescape")
    newline = "\r\n" if "\r\n" in text else "\n"
    rows = _lines(text)
    total = len(rows) - (rows[-1] == "")
    for each in sorted(replacements, key=lambda r: -r.start):
        if each.end >= total and rows[-1] != "":
            rows.append("")
        rows[each.start - 1 : each.end] = each.lines
    return newline.join(rows).encode("utf-8", "surrogateescape")
