"""Findings -> Review: which comments stand on which lines, and what they suggest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import rules
from bot import comment, peace
from bot.analysis import Analysis
from bot.config import Config, ConfigError
from bot.conversation import Conversation, Revision, Thread
from bot.diff import Hunk
from bot.snapshot import FileChange, Snapshot
from rules.model.dockerfile import Span
from rules.model.finding import Finding, Fix, Suggestion, suggest
from rules.model.prose import visible


@dataclass(frozen=True, slots=True)
class Comment:
    """One review comment on lines of the right side; `findings` are those it speaks of."""

    path: str
    span: Span
    body: str
    findings: tuple[Finding, ...]
    suggestion: Suggestion | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """What is posted at once. `elsewhere` are findings that no line of the diff can carry."""

    body: str
    comments: tuple[Comment, ...]
    elsewhere: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to post."""
        return bool(self.comments)

    def keep(self, wanted: Callable[[Comment], bool]) -> "Review":
        """The same review with some comments only; what the others said is `elsewhere`."""
        kept = tuple(said for said in self.comments if wanted(said))
        dropped = [f for said in self.comments if said not in kept for f in said.findings]
        elsewhere = (*self.elsewhere, *dropped)
        body = comment.review_body((f for c in kept for f in c.findings), more=bool(elsewhere))
        return Review(body, kept, elsewhere)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A change, what the rules say of it, and what is posted."""

    snapshot: Snapshot
    analysis: Analysis
    review: Review
    faults: tuple[ConfigError, ...] = ()
    """Of the settings file."""


class _Placed(NamedTuple):
    comments: list[Comment]
    elsewhere: list[Finding]


def compose(  # noqa: PLR0913
    snapshot: Snapshot,
    analysis: Analysis,
    config: Config,
    said: frozenset[str] = frozenset(),
    *,
    most: int | None = None,
    page: str = "",
) -> Review:
    """The review of a change, without what was `said` before (fingerprints).

    `most` is how many comments it may have, `config.most_comments` unless told. Findings of
    severity "info" get none, and old ones only in the strict profile. `page` is the address of
    GitHub's page for a new file.

    Findings on overlapping lines become one suggestion. A suggestion is made only where GitHub
    can commit it: all its lines on the right side of one hunk, none removed between them. Else
    the comment shows the diff in words.
    """
    most = config.most_comments if most is None else most
    wanted = analysis.new + (analysis.old if config.profile == "strict" else ())
    fresh = [f for f in wanted if f.fingerprint not in said]
    fresh.sort(key=lambda f: (f.path, f.span, f.rule))
    comments: list[Comment] = []
    elsewhere = [f for f in fresh if f.severity == "info"]
    for path in sorted({f.path for f in fresh}):
        change = snapshot.changes.get(path)
        mine = [f for f in fresh if f.path == path and f.severity != "info"]
        if not mine:
            continue
        if change is None or not change.hunks:
            elsewhere += mine
            continue
        placed = _place(mine, change, analysis, page)
        comments += placed.comments
        elsewhere += placed.elsewhere
    shown = sorted(sorted(comments, key=_worth)[:most], key=lambda c: (c.path, c.span))
    elsewhere += [f for dropped in comments if dropped not in shown for f in dropped.findings]
    body = comment.review_body((f for c in shown for f in c.findings), more=bool(elsewhere))
    return Review(body, tuple(shown), tuple(elsewhere))


def revise(
    conversation: Conversation, snapshot: Snapshot, analysis: Analysis, page: str = ""
) -> Revision:
    """What to do with comments of ours that hold in part, or would undo what was changed since.

    One that can be said on the same lines is edited. Else it is withdrawn, or, where somebody
    answered it, left without a suggestion.
    """
    found = {f.fingerprint: f for f in (*analysis.new, *analysis.old)}
    withdrawn: list[Thread] = []
    edited: list[tuple[Thread, str]] = []
    for thread in conversation.threads:
        standing = [found[fp] for fp in sorted(thread.fingerprints) if fp in found]
        if thread.resolved or thread.hidden or not standing:
            continue
        whole, offered = len(standing) == len(thread.fingerprints), comment.suggested(thread.body)
        if whole and (thread.outdated or offered is None):  # nobody can commit it
            continue
        now = _said_of(standing, snapshot, analysis, page)
        if whole and now is not None and comment.suggested(now.body) == offered:
            continue
        if now is not None and now.span == thread.span:
            edited.append((thread, now.body))
        elif thread.answered:
            diff, notes = _diff(standing, analysis, page)
            edited.append((thread, comment.with_diff(standing, diff, notes)))
        else:
            withdrawn.append(thread)
    return Revision(tuple(withdrawn), tuple(edited))


def _said_of(
    findings: Sequence[Finding], snapshot: Snapshot, analysis: Analysis, page: str
) -> Comment | None:
    """The one comment that says all of these findings of one file; None where none can."""
    change = snapshot.changes.get(findings[0].path)
    if change is None or not change.hunks or any(f.severity == "info" for f in findings):
        return None
    ordered = sorted(findings, key=lambda f: (f.span, f.rule))
    said = _place(ordered, change, analysis, page).comments
    whole = len(said) == 1 and len(said[0].findings) == len(findings)
    return said[0] if whole else None


def _worth(said: Comment) -> tuple[bool, int]:
    """Least for what is worth most: one click, and then how much is said at once."""
    return said.suggestion is None, -len(said.findings)


def _place(
    findings: Sequence[Finding],
    change: FileChange,
    analysis: Analysis,
    page: str,
) -> _Placed:
    """The comments on one file."""
    text = rules.text_of(analysis.build_of(findings[0]), change.path)
    hunks = change.hunks or ()
    plain = text.replace("\r\n", "")
    whole = "\r\n" not in text or "\n" not in plain  # GitHub would rewrite mixed line endings

    def committable(suggestion: Suggestion) -> bool:
        return (
            whole
            and suggestion.text == visible(suggestion.text)
            and any(hunk.replaceable(suggestion.span) for hunk in hunks)
        )

    placed = _Placed([], [])
    for group in _overlapping(findings, text):
        done = _suggestions(group, text, analysis, committable)
        placed.comments.extend(done)
        said = {f for c in done for f in c.findings}
        rest: list[tuple[Finding, Span]] = []
        for finding in group:
            span = None if finding in said else _carried(finding.span, hunks)
            if span is not None:
                rest.append((finding, span))
            elif finding not in said:
                placed.elsewhere.append(finding)
        if rest:
            spoken = [finding for finding, _ in rest]
            body = comment.with_diff(spoken, *_diff(spoken, analysis, page))
            placed.comments.append(Comment(change.path, rest[0][1], body, tuple(spoken)))
    placed.comments.sort(key=lambda c: c.span)
    return placed


def _suggestions(
    group: Sequence[Finding],
    text: str,
    analysis: Analysis,
    committable: Callable[[Suggestion], bool],
) -> list[Comment]:
    """One comment that fixes the whole group, or as much of it as GitHub can commit."""
    fixable = [f for f in group if _own(f)]
    if not fixable:
        return []
    build = analysis.build_of(fixable[0])
    combined = rules.combine(build, fixable)
    attempts = [combined, *(rules.combine(build, [f]) for f in fixable)]
    for after, done in attempts:
        path = fixable[0].path
        suggestion = suggest(path, text, rules.edits_made(build, after, path))
        if done and committable(suggestion):
            body = comment.with_suggestion(done, suggestion, peace.notes(build, after))
            return [Comment(path, suggestion.span, body, tuple(done), suggestion)]
    return []


def _own(finding: Finding) -> bool:
    """Whether the finding's fix changes the finding's file only."""
    return finding.fix is not None and finding.fix.paths == [finding.path]


def _overlapping(findings: Iterable[Finding], text: str) -> list[list[Finding]]:
    """Findings whose lines, or those of their fixes, overlap."""
    groups: list[tuple[Span, list[Finding]]] = []

    def reach(finding: Finding) -> Span:
        if not _own(finding) or finding.fix is None:
            return finding.span
        changed = suggest(finding.path, text, finding.fix.edits).span
        return Span(min(finding.span.start, changed.start), max(finding.span.end, changed.end))

    for span, finding in sorted(((reach(f), f) for f in findings), key=lambda pair: pair[0]):
        if groups and span.start <= groups[-1][0].end:
            before, together = groups.pop()
            span = Span(before.start, max(before.end, span.end))
            groups.append((span, [*together, finding]))
        else:
            groups.append((span, [finding]))
    return [group for _, group in groups]


def _carried(span: Span, hunks: Sequence[Hunk]) -> Span | None:
    """The lines of `span` that one hunk shows: those that a comment can stand on."""
    for hunk in hunks:
        right = hunk.right
        start, end = max(span.start, right.start), min(span.end, right.end)
        if start <= end:
            return Span(start, end)
    return None


def _diff(findings: Sequence[Finding], analysis: Analysis, page: str) -> tuple[str, Sequence[str]]:
    """The findings' fixes together, as a unified diff of all files they change, and notes on it.

    An empty diff when there is no fix.
    """
    fixable = [finding for finding in findings if finding.fix is not None]
    if not fixable:
        return "", ()
    build = analysis.build_of(fixable[0])
    after, done = rules.combine(build, fixable)
    paths = {path for f in done if f.fix is not None for path in f.fix.paths}
    edits = [edit for path in sorted(paths) for edit in rules.edits_made(build, after, path)]
    diff = rules.diff(build, Fix(tuple(edits)))
    made = [edit for edit in edits if page and not build.repository.has(edit.path)]
    links = [link for e in made if (link := comment.new_file(page, e.path, e.text))]
    return diff, (*peace.notes(build, after), *links)
