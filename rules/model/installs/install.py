"""An Install: one call of a package manager, and what it reads and writes."""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol


class Image(Protocol):
    """The file system that a step sees, as far as COPY and ADD tell."""

    def has(self, path: str) -> bool:
        """Whether a file of the build context stands at this absolute path."""

    def text(self, path: str) -> str | None:
        """The text of the file there; None when there is none or it cannot be read."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Where a package manager keeps downloads, and what is taken away with a mount on it.

    `variables` move the folder: name, and what is appended to its value. `purges` are option
    words of the install that switch the cache off.
    """

    folder: str
    """Below the home folder (`.cache/pip`)."""
    variables: tuple[tuple[str, str], ...]
    disabled_by: tuple[str, ...] = ()
    """Variables that switch the cache off when they are set."""
    purges: tuple[str, ...] = ()
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Manager:
    """A package manager as data: how it is called, and where it keeps its downloads."""

    name: str
    programs: tuple[str, ...]
    cache: Cache
    read: Callable[["Call", Image], "Reads | None"]
    """What a call reads; None when the call does not install."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a manager sees it: literal words after the program, and where it runs."""

    words: tuple[str, ...]
    folder: str
    """Working directory, absolute."""

    def at(self, path: str) -> str:
        """An absolute path in the image for one that the call names."""
        return posixpath.normpath(posixpath.join(self.folder, path))


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


def tool_install(writes: tuple[str, ...] = ()) -> Reads:
    """An install that reads nothing of the project."""
    return Reads(project=False, writes=writes)


def source_install(reason: str) -> Reads:
    """An install that reads more of the project than can be listed."""
    return Reads(project=True, needs_source=reason)


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
