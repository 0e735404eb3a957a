"""Which context a Dockerfile is built with, and by what: read from what the repository shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rules.model.context import BuildContext
from rules.model.dockerfile import Dockerfile
from rules.model.manifests import is_manifest
from rules.model.repository import Repository
from rules.model.sources import Files, clean

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
    said = (contexts or {}).get(path)
    root = said.strip("./") if said is not None else _root_by_sources(repository, path, dockerfile)
    name: Name = "buildkit" if builder == "auto" else builder  # type: ignore[assignment]
    if root is None:
        return BuildContext("", "unknown"), Builder(name)
    return BuildContext.read(repository, path, root), Builder(name)


def _root_by_sources(repository: Repository, path: str, dockerfile: Dockerfile) -> str | None:
    """The one folder, the Dockerfile's or one above it, in which every COPY source exists.

    Where there are several, the Dockerfile's own decides if it holds a manifest.
    """
    own = path.rpartition("/")[0]
    candidates = [own]
    while candidates[-1]:
        candidates.append(candidates[-1].rpartition("/")[0])
    sources = [
        clean(word.text)
        for instruction in dockerfile.instructions
        if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None
        for word in instruction.args[:-1]
        if "$" not in word.text and "://" not in word.text and not word.text.startswith("<<")
    ]
    if not sources:
        return own
    fitting = []
    for root in candidates:
        prefix = f"{root}/" if root else ""
        files = Files(p[len(prefix) :] for p in repository.paths if p.startswith(prefix))
        if all(files.match(source) for source in sources):
            fitting.append(root)
    if len(fitting) == 1:
        return fitting[0]
    beside = (p for p in repository.paths if p.rpartition("/")[0] == own)
    return own if own in fitting and any(is_manifest(p) for p in beside) else None


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
