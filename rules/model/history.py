"""What a repository's recent commits changed.

From a local clone all is known, from GitHub only what was asked for: which commits touched a path.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field

from rules.model.dataclass import dataclass

MOST_COMMITS = 100
"""Commits that are looked at, where nobody asks for more."""
MOST_PATHS = 20
"""Paths that may be asked for of a History that is known by path: two queries of GitHub's."""


@dataclass(frozen=True, slots=True)
class History:
    """The recent commits of the branch that a change goes to, newest first.

    `commits` holds the paths that each changed; it is None when the history is known by path only:
    then `by_path` holds the ids of the commits that touched a file or folder (`""` is the whole
    repository), and paths that were asked for and are not there gather in `missing`.
    """

    commits: tuple[frozenset[str], ...] | None = None
    by_path: Mapping[str, frozenset[str]] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)

    def touching(self, paths: Iterable[str]) -> frozenset[str] | None:
        """The ids of commits that touched one of these files and folders; None when unknown."""
        wanted = dict.fromkeys(paths)
        new = {path: None for path in wanted if path not in self.by_path}
        if not new:
            return frozenset[str]().union(*(self.by_path[path] for path in wanted))
        if not self.by_path and len(self.missing | new) <= MOST_PATHS:
            self.missing.update(new)
        return None
