"""What a place that builds a Dockerfile says."""

import posixpath
from collections.abc import Iterator
from typing import Literal

from rules.model.context import Kind
from rules.model.dataclass import dataclass
from rules.model.repository import Repository

Name = Literal["buildkit", "podman", "railway", "kaniko", "legacy", "unknown"]
"""`legacy`: a Docker, a Buildah or a service that knows no BuildKit syntax; `unknown`: a file that
may say it cannot be read."""

UNKNOWN = "${UNKNOWN_EXPRESSION}"
"""Stands in a text where a value is not known."""

TOP = "/\0"
"""Stands for the root of the repository where a path is absolute."""


@dataclass(frozen=True, slots=True)
class Cache:
    """`--cache-to`: where a build leaves its layers for the next.

    `mode` is `min` or `max`, or something else where it is not known.
    """

    type: str
    mode: str = "min"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One place in the repository that builds a Dockerfile."""

    source: str
    """The file that says so."""
    dockerfile: str
    """Path in the repository."""
    root: str | None
    """Folder of the context in the repository; None when it cannot be read off."""
    kind: Kind = "local"
    """`unknown`: the context is none of the repository's folders."""
    builder: Name = "buildkit"
    target: str | None = None
    args: tuple[tuple[str, str | None], ...] = ()
    """Build arguments; None for a value that is not known."""
    contexts: tuple[str, ...] = ()
    """Names of additional contexts."""
    caches: tuple[Cache, ...] = ()
    reuses: bool = False
    """Whether it takes layers that another build has left (`--cache-from`)."""
    workflow: str = ""
    """The workflow whose step runs it, which may be said in another file."""
    hosted: bool = False
    """Whether it runs on a fresh machine each time, which keeps nothing but `caches`."""
    keeps_disk: bool = False
    """Whether its builder is a service that keeps its disk wherever it is called from."""

    @property
    def in_workflow(self) -> bool:
        """Whether GitHub Actions runs it."""
        return bool(self.workflow)


def inside(folder: str, path: str) -> str | None:
    """The path in the repository of `path` as written in `folder`; None outside it."""
    joined = posixpath.normpath(posixpath.join(TOP, folder, path))
    if joined == TOP:
        return ""
    return joined[len(TOP) + 1 :] if joined.startswith(TOP + "/") else None


def is_remote(context: str) -> bool:
    """Whether a context is a URL, a git repository, an image or standard input."""
    return context == "-" or "://" in context or context.startswith(("git@", "github.com/"))


def default_dockerfile(repository: Repository, root: str, builder: Name) -> str:
    """The Dockerfile that a builder takes when none is named."""
    names = ("Containerfile", "Dockerfile") if builder == "podman" else ("Dockerfile", "dockerfile")
    found = (posixpath.join(root, name) for name in names)
    return next(
        (path for path in found if repository.has(path)), posixpath.join(root, "Dockerfile")
    )


def existing(repository: Repository, invocations: Iterator[Invocation]) -> Iterator[Invocation]:
    """Those whose Dockerfile is there: the others are not about this repository's files."""
    for invocation in invocations:
        folder = invocation.root
        there = folder is None or folder == "" or folder in repository.folders
        if there and repository.has(invocation.dockerfile):
            yield invocation
