"""The actions that build images."""

import re
from collections.abc import Iterator
from dataclasses import replace

from rules.model.context import Kind
from rules.model.dataclass import dataclass
from rules.model.invocations.bake import read_bake
from rules.model.invocations.compose import read_cache, read_compose
from rules.model.invocations.expressions import Scope
from rules.model.invocations.invocation import (
    TOP,
    Invocation,
    Name,
    default_dockerfile,
    inside,
    is_remote,
)
from rules.model.repository import Repository


@dataclass(frozen=True, slots=True)
class _Action:
    """The inputs that name the context and the Dockerfile, and what a missing context means."""

    context: tuple[str, ...] = ("context",)
    file: tuple[str, ...] = ("file", "dockerfile")
    kind: Kind = "local"
    builder: Name = "buildkit"
    keeps_disk: bool = False


_GIT = _Action(kind="git")
_KANIKO = _Action(("path", "context"), ("build_file", "file"), builder="kaniko")
_BUILDS = {
    "docker/build-push-action": _GIT,
    "depot/build-push-action": replace(_GIT, keeps_disk=True),
    "useblacksmith/build-push-action": replace(_GIT, keeps_disk=True),
    "int128/kaniko-action": _KANIKO,
    "aevea/action-kaniko": _KANIKO,
    "redhat-actions/buildah-build": _Action(
        file=("containerfiles", "dockerfiles"), builder="podman"
    ),
    "whoan/docker-build-with-cache-action": _Action(),
    "macbre/push-to-ghcr": _Action(),
    "mr-smithers-excellent/docker-build-push": _Action(("directory",)),
    "elgohr/publish-docker-github-action": _Action(("context", "workdir")),
    "azure/container-apps-deploy-action": _Action(
        ("appSourcePath",), ("dockerfilePath",), builder="legacy"
    ),
}
_BAKE = "docker/bake-action"
ACTIONS = (*_BUILDS, _BAKE)


def read_action(
    repository: Repository, source: str, uses: str, given: Scope
) -> Iterator[Invocation]:
    """What a step with `uses` builds when its inputs are `given`."""
    name, _, version = uses.partition("@")
    action = _BUILDS.get(name.lower())
    if action is None:
        return
    if name == "docker/build-push-action" and re.match(r"v?1\b", version):
        action = _Action(("path",))
    context = next((given[key] for key in action.context if key in given), "")
    kind, root = _context(context, action)
    if context is not None and root is None:
        return
    dockerfile = _dockerfile(repository, given, action, kind, root)
    if dockerfile is None:
        return
    caches = [read_cache(line) for line in _lines(given.get("cache-to"))]
    args = (line.partition("=") for line in _lines(given.get("build-args")))
    yield Invocation(
        source,
        dockerfile,
        root,
        kind,
        action.builder,
        target=given.get("target") or None,
        args=tuple((key, value if equals else None) for key, equals, value in args),
        contexts=tuple(line.partition("=")[0] for line in _lines(given.get("build-contexts"))),
        caches=tuple(caches),
        reuses=bool(_lines(given.get("cache-from"))),
        keeps_disk=action.keeps_disk,
    )


def _context(context: str | None, action: _Action) -> tuple[Kind, str | None]:
    """The kind and the folder.

    https://github.com/docker/build-push-action#git-context
    """
    if context is None:
        return "local", None
    if not context.strip():
        return action.kind, ""
    if context.startswith("{{defaultContext}}"):
        return "git", inside("", context.partition("}}")[2].lstrip(":"))
    if is_remote(context):
        return "git", None
    return "local", inside("", context)


def _dockerfile(
    repository: Repository, given: Scope, action: _Action, kind: Kind, root: str | None
) -> str | None:
    """A file is named from the workspace, in a git context from the context's folder."""
    named = next((given[key] for key in action.file if key in given), "")
    if named is None:
        return None
    if not named.strip():
        return None if root is None else default_dockerfile(repository, root, action.builder)
    path = inside(root or "" if kind == "git" else "", named.strip())
    if path is not None and root and not repository.has(path):
        return inside(root, named.strip())
    return path


def _lines(value: str | None) -> list[str]:
    return [line.strip() for line in (value or "").split("\n") if line.strip()]


_BAKE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml",
               "docker-bake.json", "docker-bake.hcl")  # fmt: skip


def read_bake_action(repository: Repository, uses: str, given: Scope) -> Iterator[Invocation]:
    """What docker/bake-action builds: since version 6 from git, unless `source` is a folder."""
    name, _, version = uses.partition("@")
    if name != _BAKE:
        return
    number = re.match(r"v?(\d{1,4})", version)
    old = number is not None and int(number[1]) < 6
    source = given.get("source", "." if old else "")
    folder = inside(TOP, given.get("workdir") or source or "")
    kind: Kind = "local" if old or source else "git"
    if source is None or folder is None or is_remote(source or "."):
        return
    for named in _lines(given.get("files")) or _BAKE_FILES:
        path = inside(folder, named)
        text = repository.read(path) if path is not None else None
        if path is None or text is None:
            continue
        reader = read_compose if path.endswith((".yml", ".yaml")) else read_bake
        for invocation in reader(repository, path, text):
            caches = (*invocation.caches, *map(read_cache, _set(given, "cache-to")))
            reuses = invocation.reuses or bool(_set(given, "cache-from"))
            yield replace(invocation, kind=kind, caches=caches, reuses=reuses)


def _set(given: Scope, name: str) -> list[str]:
    """What `set` says of the targets' keys of a name: `*.cache-to=type=gha`."""
    cut = (line.partition("=")[::2] for line in _lines(given.get("set")))
    return [value for key, value in cut if key.endswith(f".{name}")]
