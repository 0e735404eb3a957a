"""A working folder as a Build: everything in it, tracked or not; git is not needed."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from rules.model.builder import Builder
from rules.model.cache import Build
from rules.model.context import MAX_FILES, BuildContext, Kind
from rules.model.dockerfile import Dockerfile, Unreadable, parse
from rules.model.ignore import IgnoreFile
from rules.model.repository import Repository

DOCKERFILES = ("Dockerfile", "dockerfile", "Containerfile")


class DiskError(Exception):
    """The folder or the Dockerfile cannot be used; the text is one line for the user."""


@dataclass(frozen=True)
class Folder:
    """A build context on disk and the Dockerfile that it is built with.

    The repository is rooted where both lie below; `root` is the context in it, `dockerfile` the
    Dockerfile. Folders that the ignore file drops with all in them are left out. Texts are those
    of the Dockerfile, its ignore file and the targets of symbolic links.
    """

    path: Path
    root: str
    dockerfile: str
    kind: Kind
    repository: Repository

    def build(self, arguments: Mapping[str, str | None] | None = None) -> Build:
        """Read the build; raises DiskError when the Dockerfile or the context is beyond us."""
        text = self.repository.texts[self.dockerfile] or ""
        dockerfile = read_dockerfile(self.dockerfile, text)
        context = self.context()
        if context.error is not None:
            error = context.error
            where = context.ignore.path if context.ignore is not None else ""
            raise DiskError(f"{where}:{error.line}: {error.message}")
        return Build(
            self.dockerfile, dockerfile, context, self.repository, Builder(), arguments or {}
        )

    def context(self) -> BuildContext:
        """Read what a builder would be sent; raises DiskError when that is beyond us."""
        context = BuildContext.read(self.repository, self.dockerfile, self.root, self.kind)
        if context.kind == "unknown":
            raise DiskError(f"{self.path}: too large: more than {MAX_FILES:,} files")
        return context

    def sizes(self, files: Iterable[str]) -> dict[str, int]:
        """Measure files of the context, in bytes; a link counts with the length of its target."""
        return {path: os.lstat(self.path / path).st_size for path in files}


def read_folder(folder: Path, dockerfile: Path | None = None, kind: Kind = "local") -> Folder:
    """Look at a folder and a Dockerfile, by default the one in the folder; raises DiskError.

    A context of the kind `git` has the files that git tracks in the folder.
    """
    if not folder.is_dir():
        raise DiskError(f"{folder}: no such folder")
    usual = (folder / name for name in DOCKERFILES)
    path = dockerfile or next((found for found in usual if found.is_file()), None)
    if path is None:
        raise DiskError(f"{folder}: no Dockerfile here; name one with --file")
    here, there = folder.resolve(), path.resolve()
    top = Path(os.path.commonpath([here, there.parent]))
    prefix = "" if here == top else here.relative_to(top).as_posix() + "/"
    name = there.relative_to(top).as_posix()
    texts: dict[str, str | None] = {name: read_text(path)}
    ignore: IgnoreFile | None = None
    owned = (f"{name}.dockerignore", f"{prefix}.dockerignore")
    governing = next((found for found in owned if (top / found).is_file()), None)
    if governing is not None:
        texts[governing] = text = read_text(top / governing)
        ignore = IgnoreFile.parse(text, governing)
    walk = _Walk(here, ignore)
    found = _tracked(here) if kind == "git" else walk.files()
    paths = [prefix + path for path in islice(found, MAX_FILES + 1)]
    named = [path for path in texts if kind == "local" or not path.startswith(prefix)]
    texts.update({prefix + link: target for link, target in walk.links.items()})
    if governing is not None and (top / governing).is_symlink():
        real = (top / governing).resolve()
        if real.is_relative_to(top):
            texts[real.relative_to(top).as_posix()] = read_text(real)
    return Folder(
        path=folder,
        root=prefix.rstrip("/"),
        dockerfile=name,
        kind=kind,
        repository=Repository(
            paths=frozenset([*paths, *named]),
            texts=texts,
            symlinks=frozenset(prefix + link for link in walk.links),
            complete=len(paths) <= MAX_FILES,
        ),
    )


def read_dockerfile(name: str, text: str) -> Dockerfile:
    """Parse a Dockerfile; raises DiskError with its name and line."""
    try:
        return parse(text)
    except Unreadable as error:
        where = name if error.line is None else f"{name}:{error.line}"
        raise DiskError(f"{where}: {error.message}") from error


def read_text(path: Path) -> str:
    """Read a text file, newlines and foreign bytes as they are; raises DiskError."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise DiskError(f"{path}: {error.strerror}") from error


def often_changed(
    folder: Path, files: Iterable[str], commits: int = 100
) -> tuple[dict[str, int], int]:
    """Count in how many of the last commits each folder (`src/`) and each of the files changed.

    Also gives the number of commits there were. Both are empty where git cannot tell.
    """
    command = ["git", "-C", str(folder), "log", f"-{commits}", "--format=%x01", "--name-only"]
    try:
        done = subprocess.run(  # noqa: S603
            [*command, "-z", "--relative", "--", "."], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return {}, 0
    known = frozenset(files)
    counts: Counter[str] = Counter()
    entries = os.fsdecode(done.stdout).split("\1")[1:]
    for entry in entries:
        touched: set[str] = set()
        for path in known.intersection(name.lstrip("\n") for name in entry.split("\0")):
            touched.add(path)
            while path := path.rpartition("/")[0]:
                touched.add(path + "/")
        counts.update(touched)
    return dict(counts), len(entries)


@dataclass
class _Walk:
    """A walk through a folder that follows no symbolic link and skips what cannot be sent."""

    top: Path
    ignore: IgnoreFile | None
    links: dict[str, str] = field(default_factory=dict)
    """The targets of the links met."""

    def files(self) -> Iterator[str]:
        """Give all files and links below the top, in no order."""
        folders = [""]
        while folders:
            prefix = folders.pop()
            for entry in _entries(self.top / prefix):
                path = prefix + entry.name
                if entry.is_symlink():
                    self.links[path] = str(Path(entry.path).readlink())
                    yield path
                elif entry.is_file():
                    yield path
                elif entry.is_dir() and not (self.ignore and self.ignore.closes(path)):
                    folders.append(path + "/")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise DiskError(f"{folder}: {error.strerror}") from error


def _tracked(folder: Path) -> Iterator[str]:
    """Ask git for the files that it tracks in a folder."""
    command = ["git", "-C", str(folder), "ls-files", "-z"]
    try:
        done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise DiskError(f"{folder}: git lists no files here: is it a clone?") from error
    for path in os.fsdecode(done.stdout).split("\0")[:-1]:
        if not (folder / path).is_dir() and os.path.lexists(folder / path):
            yield path
