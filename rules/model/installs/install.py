"""An Install: one call of a package manager, what it reads and writes, where it keeps downloads."""

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Protocol

from rules.model.dataclass import dataclass


class Image(Protocol):
    """The file system that a step sees, as far as COPY and ADD tell."""

    def has(self, path: str) -> bool:
        """Whether a file of the build context stands at this absolute path."""

    def text(self, path: str) -> str | None:
        """The text of the file there; None when there is none or it cannot be read."""

    def below(self, folder: str) -> Iterable[str]:
        """The absolute paths of all files of the build context in this folder and below it."""


LATEST = 9999
"""As the last release of an image in `Cache.on`: there is no later one that does without."""


@dataclass(frozen=True, slots=True)
class Cache:
    """One folder in which a package manager keeps what it downloads, from the tool's own pages.

    The folder: the value of the first of `options` in the call, else of the first of `variables`
    that is set, else that of the base image in `in_images`, else `root_folder` for root where
    there is one, else `folder`.
    """

    folder: str
    """Below the home folder (`.cache/pip`), or absolute."""
    variables: tuple[tuple[str, str], ...] = ()
    """Variables that move it, the strongest first, each with what is appended to its value."""
    options: tuple[str, ...] = ()
    """Options of the call whose value is the folder (`--cache-dir`)."""
    in_images: tuple[tuple[str, str], ...] = ()
    """Where images set such a variable themselves: the repository (`golang`), absolute folder."""
    root_folder: str | None = None
    """Where root has it, when that is not below root's home."""
    parts: tuple[str, ...] = ()
    """Folders in it that hold downloads alone; then a mount belongs on these, not on the whole."""
    disabled_by: tuple[str, ...] = ()
    """Variables that switch it off when they are set."""
    purges: tuple[str, ...] = ()
    """Options of the call that switch it off or empty it afterwards."""
    cleaned_by: tuple[str, ...] = ()
    """Commands that empty it, by their first words (`pip cache purge`)."""
    moved_by: tuple[str, ...] = ()
    """Commands after which it may be elsewhere, by their first words (`npm config set`)."""
    locked: bool = False
    """Whether two calls must not use it at once."""
    id: str = ""
    """The mount's own name, where other projects must not have the same one."""
    shared: bool = False
    """Later calls of the tool read from it: each RUN that calls it needs the mount, or none."""
    compiled: bool = False
    """It holds what was built, not downloads: that it alone lacks a mount is no fault."""
    refused: str | None = None
    """Why never a mount: what else lies there and is used afterwards."""
    moved_with: tuple[str, ...] = ()
    """Variables with which it is elsewhere, in ways that are not followed."""
    not_with: tuple[str, ...] = ()
    """Options with which a call is left alone."""
    not_for: tuple[str, ...] = ()
    """First words of calls that do not use it."""
    offline: tuple[str, ...] = ()
    """Options with which a call must find all in it: an empty mount would make it fail."""
    on: tuple[tuple[str, int, int], ...] = ()
    """The only images that have it: the repository (`fedora`), the first release and the last."""
    accepted: tuple[str, ...] = ()
    """Other folders that hold some of it: a mount there is left alone."""
    index: bool = False
    """It is the index that `update` fetches, and that an install in the same RUN reads."""
    instead: tuple[str, ...] = ()
    """What stands in the place of an option of `purges` where that does more; all mean the same."""
    keep_options: tuple[tuple[str, str], ...] = ()
    """By program: the options with which packages stay in it once they are installed."""
    emptied_by: str = ""
    """A settings file of base images that empties it, and is in the way of a mount."""

    def __hash__(self) -> int:
        """Caches are looked up often, and few have the same folder."""
        return hash(self.folder)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a manager sees it: literal words after the program, and where it runs."""

    words: tuple[str, ...]
    folder: str
    """Working directory, absolute."""
    program: str = ""
    """As typed where it is a path (`./mvnw`), for it is then a file that the call reads."""
    environment: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    """Variables that are set; None where the value is not known."""

    def at(self, path: str) -> str:
        """An absolute path in the image for one that the call names."""
        return join(self.folder, path)

    def sets(self, *names: str) -> bool:
        """Whether one of these variables is set, and not to a value that says no."""
        said = (self.environment.get(name, "") for name in names)
        return any(value is None or value.lower() not in _NO for value in said)

    def own_program(self) -> tuple[str, ...]:
        """The program's file where it is called by a path (`./gradlew`), absolute."""
        return (self.at(self.program),) if "/" in self.program else ()


_NO = frozenset(["", "0", "false", "no", "off", "n", "f"])


@dataclass(frozen=True, slots=True)
class Split:
    """A command that does the part of a call which needs manifests only; the call follows it."""

    words: tuple[str, ...]
    """The command without wrappers (`poetry install --only main --no-root`), variables as written
    where they need not be known."""
    reads: "Reads"


@dataclass(frozen=True, slots=True)
class Reads:
    """What an install reads and writes, as absolute paths in the image.

    `project`: it installs what files of the project name (else it installs what its own words
    name, and reads nothing of the project). `needs_source`: why it must stay behind the source.
    `writes`: folders it fills, when a later COPY could reach them.
    """

    project: bool
    files: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    needs_source: str | None = None
    split: Split | None = None
    """With `needs_source`: what can be done before the source is there."""
    instead: str | None = None
    """With `needs_source`: how people have it download before the source is there, in words."""
    caches: tuple[Cache, ...] | None = None
    """Where the project's files decide on the caches: these, in place of the manager's."""


@dataclass(frozen=True, slots=True)
class Manager:
    """A package manager as data: how it is called, what it reads, where it keeps downloads."""

    name: str
    programs: tuple[str, ...]
    """Names without a folder; `mvnw` stands for `./mvnw` too."""
    read: Callable[[Call, Image], Reads | None]
    """What a call reads; None when the call does not install."""
    caches: tuple[Cache, ...] = ()
    edit: Callable[[Call, Image], Mapping[str, str] | None] | None = None
    """The texts that a call leaves in manifests by its own words alone, by path; saying it twice
    changes nothing. None when it does something else."""
    other_folders: tuple[str, ...] = ()
    """Folders below a home where other versions have it, or where people think it is."""
    free: frozenset[str] = frozenset()
    """Options whose value names no file and no package, so that it need not be known; those that
    end in `:` or `=` are what a word starts with (`-p:`)."""

    @property
    def cache(self) -> Cache:
        """The first of its caches."""
        return self.caches[0]


def tool_install(writes: tuple[str, ...] = ()) -> Reads:
    """An install that reads nothing of the project."""
    return Reads(project=False, writes=writes)


def source_install(reason: str, split: Split | None = None, instead: str | None = None) -> Reads:
    """An install that reads more of the project than can be listed."""
    return Reads(project=True, needs_source=reason, split=split, instead=instead)


def join(folder: str, path: str) -> str:
    """An absolute path for one that is relative to an absolute folder."""
    return "/" + posixpath.normpath(posixpath.join(folder, path)).lstrip("/")


def join_known(folder: str, path: str) -> str:
    """The same for a path with a pattern: the folder below which all lies that it can match."""
    parts = posixpath.join(folder, path).split("/")
    known = next((i for i, part in enumerate(parts) if set(part) & set("*?[{")), len(parts))
    return join("/", "/".join(parts[:known]))


def split_options(
    words: Iterable[str], valued: frozenset[str]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Words of a call as options with their values ("" without) and plain arguments.

    `valued` are the options whose value is the next word; `--name=value` always has one.
    """
    options: list[tuple[str, str]] = []
    arguments: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            arguments += rest
        elif word.startswith("-") and word != "-":
            name, equals, value = word.partition("=")
            if not equals and name in valued:
                value = next(rest, "")
            options.append((name, value))
        else:
            arguments.append(word)
    return options, arguments
