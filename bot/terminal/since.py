"""Which findings of a working tree are new since a revision."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.analysis import analyse_all
from bot.config import Config
from bot.diff import all_new
from bot.snapshot import FileChange, Snapshot
from bot.terminal.clone import Clone, GitError
from bot.terminal.worktree import Tree

__all__ = ["GitError", "what_is_new"]


def what_is_new(tree: Tree, base: str, config: Config) -> tuple[frozenset[str], frozenset[str]]:
    """Fingerprints of what was not there at the merge base of `base` and HEAD, or was touched.

    Beside them the paths of the files that were changed.

    Changes that are not committed count, new files too. Raises GitError.
    """
    clone = Clone(tree.top)
    changes = [*clone.changes_on_disk(base), *_untracked(clone, tree)]
    known = dict(tree.repository.texts)  # the base side must ask for what it needs, too
    repository = replace(tree.repository, texts=known, missing=set())

    def read(paths: Iterable[str]) -> dict[str, str | None]:
        return {path: tree.read(path) for path in paths}

    snapshot, analysis = analyse_all(Snapshot.at(repository, changes), config, read)
    new = frozenset(finding.fingerprint for finding in analysis.new)
    return new, frozenset(snapshot.changes)


def _untracked(clone: Clone, tree: Tree) -> Iterator[FileChange]:
    """Files that git does not know yet and does not ignore: all their lines are new."""
    for path in clone.untracked():
        text = tree.read(path) if tree.repository.has(path) else None
        yield FileChange(path, "added", None if text is None else all_new(text))
