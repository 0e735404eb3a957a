"""The build context: the files of the repository that a builder is sent.

https://docs.docker.com/build/concepts/context/
"""

import posixpath
from collections.abc import Iterable, Iterator
from typing import Literal

from rules.model.cached import cached_property
from rules.model.dataclass import dataclass
from rules.model.goregexp import TooLargeError
from rules.model.ignore import IgnoreError, IgnoreFile
from rules.model.repository import Repository
from rules.model.sources import ROOT, Files, clean

Kind = Literal["local", "git", "unknown"]
"""A folder that the builder reads, filtered by the ignore file; a git repository that it fetches,
with no ignore file applied and without `.git`; or nobody knows."""

MAX_FILES = 100_000
_MOST_LINKS = 10


@dataclass(frozen=True, eq=False)
class BuildContext:
    """What a builder is sent. `root` is the folder in the repository, `""` the whole of it."""

    root: str
    kind: Kind
    files: tuple[str, ...] = ()
    """Paths relative to `root`, after the ignore file, sorted; empty when the kind is unknown."""
    ignore: IgnoreFile | None = None
    """The ignore file that governs, also when it has an error."""
    error: IgnoreError | None = None
    """Why the ignore file fails the build; then `files` are those before it."""
    keeps_git: bool = False
    """Whether a git context has its `.git` (`BUILDKIT_CONTEXT_KEEP_GIT_DIR`)."""

    @classmethod
    def read(
        cls,
        repository: Repository,
        dockerfile: str,
        root: str,
        kind: Kind = "local",
        *,
        keeps_git: bool = False,
    ) -> "BuildContext":
        """Build the context in folder `root` for the Dockerfile at a path of the repository.

        The kind turns out unknown when the tree or the ignore file is beyond our bounds.
        """
        unknown = cls(root, "unknown")
        paths = list(unknown.inside(repository.paths))
        if kind == "unknown" or len(paths) > MAX_FILES or not repository.complete:
            return unknown
        if kind == "git":
            return cls(root, kind, tuple(sorted(paths)), keeps_git=keeps_git)
        path = ignore_path(repository, dockerfile, root)
        if path is None:
            return cls(root, kind, tuple(sorted(paths)))
        real = _followed(repository, path)
        text = None if real is None else repository.read(real)
        if real is None or text is None:
            return unknown
        return _filtered(root, IgnoreFile.parse(text, real), paths)

    def may_send(self, path: str) -> bool:
        """Whether a file at this path (relative to `root`) would be sent, be it there or not."""
        if self.kind == "git":
            return self.keeps_git or not (path == ".git" or path.startswith(".git/"))
        return self.kind == "local" and not (self.ignore and self.ignore.excludes(path))

    @property
    def top(self) -> str:
        """What the paths of its folder begin with in the repository: `app/`, or nothing."""
        return f"{self.root}/" if self.root else ""

    def inside(self, paths: Iterable[str]) -> Iterator[str]:
        """Of paths of the repository those in its folder, relative to that; sent or not."""
        top = self.top
        if not top:
            return iter(paths)
        return (path[len(top) :] for path in paths if path.startswith(top))

    @cached_property
    def tree(self) -> Files:
        """The files, for looking up by source; symbolic links are not followed."""
        return Files(self.files)

    def matched_files(
        self, sources: Iterable[str], excludes: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Find the files that the sources of a COPY or ADD take, sorted.

        Sources are as written, variables expanded; `excludes` are the values of `--exclude`, which
        are matched below each source.
        """
        exclude = IgnoreFile.parse("\n".join(excludes), "")
        found: set[str] = set()
        for match in (m for source in sources for m in self.tree.match(clean(source))):
            if not match.folder:
                found.add(match.path)
                continue
            top = "" if match.path == ROOT else match.path + "/"
            below = (path[len(top) :] for path in self.tree.under(match.path))
            found.update(top + path for path in exclude.kept(below))
        return tuple(sorted(found))


def ignore_path(repository: Repository, dockerfile: str, root: str) -> str | None:
    """Find the ignore file that governs: `<Dockerfile>.dockerignore`, else the context root's.

    The first wins entirely, even when it is empty
    (https://docs.docker.com/build/concepts/context/#filename-and-location).
    """
    own = f"{dockerfile}.dockerignore"
    common = f"{root}/.dockerignore" if root else ".dockerignore"
    return next((path for path in (own, common) if repository.has(path)), None)


def _followed(repository: Repository, path: str) -> str | None:
    """The file that a path leads to over symbolic links (`.dockerignore` -> `.gitignore`)."""
    for _ in range(_MOST_LINKS):
        if path not in repository.symlinks:
            return path if repository.has(path) else None
        target = repository.read(path)
        if target is None:
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return None


def _filtered(root: str, ignore: IgnoreFile, paths: list[str]) -> BuildContext:
    if ignore.too_large:
        return BuildContext(root, "unknown", ignore=ignore)
    error = ignore.failure(paths)
    if error is not None:
        return BuildContext(root, "local", tuple(sorted(paths)), ignore, error)
    try:
        return BuildContext(root, "local", tuple(ignore.kept(paths)), ignore)
    except TooLargeError:
        return BuildContext(root, "unknown", ignore=ignore)
