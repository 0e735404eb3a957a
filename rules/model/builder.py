"""Which context a Dockerfile is built with, and by what: read from what the repository shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rules.model.context import BuildContext
from rules.model.dockerfile import Dockerfile
from rules.model.repository import Repository

Name = Literal["buildkit", "podman", "railway", "kaniko", "legacy"]


@dataclass(frozen=True, slots=True)
class Builder:
    """What builds a Dockerfile."""

    name: Name = "buildkit"
    """The least able of those that are seen: its suggestions must suit them all."""
    shown: bool = False
    """Whether anything in the repository shows it; else it is the default of today's Docker."""

    @property
    def takes_mounts(self) -> bool:
        """Whether `RUN --mount=type=cache` and heredocs may be suggested to it."""
        return self.name in ("buildkit", "podman")


def find(
    repository: Repository,
    path: str,
    dockerfile: Dockerfile,
    contexts: Mapping[str, str] | None = None,
    builder: str = "auto",
) -> tuple[BuildContext, Builder]:
    """Find the context and the builder of the Dockerfile at `path`.

    `contexts` are the settings' own: folder of the context by path of the Dockerfile.
    """
    del dockerfile
    root = (contexts or {}).get(path, path.rpartition("/")[0])
    name: Name = "buildkit" if builder == "auto" else builder  # type: ignore[assignment]
    return BuildContext.read(repository, path, root.strip("./")), Builder(name)


def named_dockerfiles(repository: Repository) -> frozenset[str]:
    """Find the Dockerfiles that compose files and workflows name, whatever their names."""
    del repository
    return frozenset()


_TEXTS = (".dockerignore", ".md", ".j2", ".tmpl")


def is_dockerfile(path: str) -> bool:
    """Whether a path is named like a Dockerfile or Containerfile."""
    name = path.rpartition("/")[2]
    if name.lower().endswith(_TEXTS):
        return False
    return (
        name in ("Dockerfile", "dockerfile", "Containerfile")
        or name.startswith(("Dockerfile.", "Containerfile."))
        or name.endswith((".Dockerfile", ".dockerfile"))
    )


def is_ignore_file(path: str) -> bool:
    """Whether a path is named like an ignore file: `.dockerignore` or `<Dockerfile>.dockerignore`."""
    return path.endswith(".dockerignore")
