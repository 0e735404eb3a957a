"""A working tree as a Repository: what lies on disk now, tracked or not; git is not needed.

Where git is there, what it ignores and tools leave behind (`.env`, `target`) does not count.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from rules.model.context import MAX_FILES
from rules.model.dataclass import dataclass
from rules.model.leftovers import LEFTOVERS, in_a_row
from rules.model.repository import Repository

MAX_TEXT = 1024 * 1024  # bytes; no file that a rule reads is larger
MADE_BY_TOOLS = frozenset(
    ".git .hg .svn node_modules __pycache__ .venv venv .tox .nox .mypy_cache .ruff_cache "
    ".pytest_cache .gradle .terraform .next".split()
)
"""Folders that are not looked into: no Dockerfile of anybody's lies there, and a fix must not take
for the repository's own what a tool can make again."""


class Texts(dict[str, str | None]):
    """The texts of a tree's files, each read when it is asked for (`path in texts`)."""

    def __init__(self, top: Path, known: Iterable[str], read: Mapping[str, str | None]) -> None:
        super().__init__(read)
        self._top = top
        self._known = frozenset(known)

    def __contains__(self, path: object) -> bool:
        if super().__contains__(path):
            return True
        if not isinstance(path, str) or path not in self._known:
            return False
        self[path] = read_text(self._top / path)
        return True


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies below a folder: the top of a git repository, or a folder without one."""

    top: Path
    repository: Repository

    def shown(self, path: str) -> str:
        """A path of the repository as the user would write it here."""
        whole = self.top / path
        here = Path.cwd()
        return (whole.relative_to(here) if whole.is_relative_to(here) else whole).as_posix()

    def read(self, path: str) -> str | None:
        """The text of a file, None where there is none or it cannot be read."""
        return self.repository.read(path)

    def with_texts(self, texts: Mapping[str, str | None]) -> "Tree":
        """The same tree with other texts at some paths."""
        old = self.repository
        kept = Texts(self.top, old.paths, {**old.texts, **texts})
        now = replace(old, paths=old.paths | texts.keys(), texts=kept, missing=set())
        return Tree(self.top, now)

    def with_file(self, path: str) -> "Tree":
        """The same tree with a file that the walk has not met."""
        return self.with_texts({path: read_text(self.top / path)})

    def fetch_missing(self) -> bool:
        """Read what changed copies of the repository asked for; False when that was nothing."""
        missing = self.repository.missing
        wanted = [path for path in missing if path in self.repository.texts]
        missing.clear()
        return bool(wanted)


def top_of(folder: Path) -> Path | None:
    """The work tree of the git repository that a folder (absolute) lies in."""
    return next((top for top in (folder, *folder.parents) if (top / ".git").exists()), None)


def read_tree(top: Path) -> Tree:
    """All files below a folder, but for what tools have made; texts are read later."""
    paths: list[str] = []
    links: dict[str, str] = {}
    for path, target in islice(_walk(top), MAX_FILES + 1):
        paths.append(path)
        if target is not None:
            links[path] = target
    complete = len(paths) <= MAX_FILES
    has_git = (top / ".git").exists()
    known = frozenset(paths) - (_left_over(top, paths) if has_git and complete else set())
    texts = Texts(top, known, links)
    return Tree(
        top,
        Repository(known, texts, symlinks=frozenset(links), complete=complete, has_git=has_git),
    )


def _left_over(top: Path, paths: Sequence[str]) -> set[str]:
    """Files of these that git ignores and an ignore file should: no commit holds them."""
    row = in_a_row(paths)
    kinds = [leftover for leftover in LEFTOVERS if leftover.keeps_back(row)]
    some = [path for path in paths if any(kind.keeps_back(in_a_row([path])) for kind in kinds)]
    if not some:
        return set()
    import subprocess  # noqa: PLC0415  # most trees hold no such file

    command = ["git", "-C", str(top), "check-ignore", "-z", "--stdin"]
    given = b"".join(os.fsencode(path) + b"\0" for path in some)
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603
    except OSError:
        return set()
    return {os.fsdecode(path) for path in done.stdout.split(b"\0") if path}


def read_text(path: Path) -> str | None:
    """A text file; None where it is not readable or `text_of` gives None."""
    try:
        with path.open("rb") as file:
            return text_of(file.read(MAX_TEXT + 1))
    except OSError:
        return None


def text_of(content: bytes) -> str | None:
    """A file's content as text, newlines as they are; None for what is too large or no UTF-8."""
    try:
        return content.decode() if len(content) <= MAX_TEXT else None
    except UnicodeDecodeError:
        return None


def _walk(top: Path) -> Iterator[tuple[str, str | None]]:
    """Files and symbolic links (with their targets), those near the top first; no link followed."""
    folders = [""]
    for prefix in folders:
        try:
            with os.scandir(top / prefix) as entries:
                found = list(entries)
        except OSError:  # not ours to read: so it is for the builder
            continue
        for entry in found:
            path = prefix + entry.name
            if entry.is_symlink():
                yield path, str(Path(entry.path).readlink())
            elif entry.is_file():
                yield path, None
            elif entry.name not in MADE_BY_TOOLS and entry.is_dir():
                folders.append(path + "/")
