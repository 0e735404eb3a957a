"""What was fetched of a change: the same whether it is a pull request or a local branch."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.diff import Hunk, PatchError, text_before
from rules.model.dataclass import dataclass
from rules.model.history import History
from rules.model.repository import Repository


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that the change touches.

    `hunks` is None when the patch was not given (binary, too large) and empty when the text did
    not change (renamed, mode changed): then no line of the file can carry a comment. `previous`
    is the old path of a renamed file.
    """

    path: str
    status: str
    """As GitHub names it: added, removed, modified, renamed, copied, changed."""
    hunks: tuple[Hunk, ...] | None
    previous: str | None = None

    @property
    def added(self) -> frozenset[int]:
        """The lines of the file after the change that it adds."""
        return frozenset().union(*(hunk.added() for hunk in self.hunks or ()))


@dataclass(frozen=True)
class Snapshot:
    """The repository at the head of the change and at the merge base."""

    head: Repository
    base: Repository
    changes: Mapping[str, FileChange]

    @classmethod
    def at(cls, head: Repository, changes: Iterable[FileChange]) -> "Snapshot":
        """A snapshot whose base is made from the head and the patches: it costs no request."""
        by_path = {change.path: change for change in changes}
        return cls(head, _before(head, by_path), by_path)

    @property
    def missing(self) -> frozenset[str]:
        """Paths of head's texts that rules asked for, on either side, and nobody has fetched."""
        wanted = self.head.missing | {p for p in self.base.missing if p in self.head.paths}
        return frozenset(wanted - self.head.texts.keys())

    def with_texts(self, texts: Mapping[str, str | None]) -> "Snapshot":
        """The same snapshot with more of head's texts."""
        head = replace(self.head, texts={**self.head.texts, **texts}, missing=set())
        return Snapshot(head, _before(head, self.changes), self.changes)

    def with_history(self, history: History) -> "Snapshot":
        """The same snapshot with what is known of the commits before the change."""
        return replace(self, head=replace(self.head, history=history, missing=set()))


def _before(head: Repository, changes: Mapping[str, FileChange]) -> Repository:
    """The repository with the change taken back.

    A file whose old text cannot be told has None in `texts`, so that rules say nothing of it.
    """
    paths = set(head.paths)
    texts = {path: text for path, text in head.texts.items() if path not in changes}
    for change in changes.values():
        if change.status in ("added", "copied", "renamed"):
            paths.discard(change.path)
    for change in changes.values():
        old = change.previous if change.status == "renamed" else change.path
        if old is None or change.status in ("added", "copied"):
            continue
        paths.add(old)
        if change.status == "removed" or change.path in head.texts or change.hunks is None:
            texts[old] = _text_before(head, change)
    return replace(head, paths=frozenset(paths), texts=texts, missing=set(), history=None)


def _text_before(head: Repository, change: FileChange) -> str | None:
    text = "" if change.status == "removed" else head.texts.get(change.path)
    if text is None or change.hunks is None:
        return None
    try:
        return text_before(text, change.hunks)
    except PatchError:
        return None
