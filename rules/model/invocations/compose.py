"""Compose files (https://docs.docker.com/reference/compose-file/build/)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rules.model.invocations.documents import fill, items, pairs, read_yaml, table, text_of
from rules.model.invocations.invocation import (
    UNKNOWN,
    Cache,
    Invocation,
    default_dockerfile,
    inside,
    is_remote,
)
from rules.model.repository import Repository


def read_compose(repository: Repository, path: str, text: str) -> Iterator[Invocation]:
    """What the services of a compose file are built from."""
    for document in read_yaml(text):
        for service in table(table(document).get("services")).values():
            build = table(service).get("build")
            if isinstance(build, str):
                build = {"context": build}
            if isinstance(build, dict) and "dockerfile_inline" not in build:
                yield from _build(repository, path, build)


def _build(repository: Repository, path: str, build: dict[str, Any]) -> Iterator[Invocation]:
    folder = path.rpartition("/")[0]
    context = fill(text_of(build.get("context")) or ".")
    if context is not None and is_remote(context):
        return
    root = None if context is None else inside(folder, context)
    named = text_of(build.get("dockerfile"))
    file = None if named is None else fill(named)
    if root is None or (named is not None and file is None):
        return
    dockerfile = default_dockerfile(repository, root, "buildkit") if file is None else None
    if file is not None:
        dockerfile = inside(root, file)
    if dockerfile is None:
        return
    said = Invocation(
        path,
        dockerfile,
        root,
        target=text_of(build.get("target")),
        args=pairs(build.get("args")),
        contexts=tuple(name for name, _ in pairs(build.get("additional_contexts"))),
    )
    caches = [read_cache(line) for line in items(build.get("cache_to")) if isinstance(line, str)]
    yield replace(said, caches=tuple(caches), reuses=bool(items(build.get("cache_from"))))


def read_cache(line: str) -> Cache:
    """`type=gha,mode=max`; a mere image name is the type `registry`."""
    if line.startswith(UNKNOWN):
        return Cache(UNKNOWN, UNKNOWN)
    if "=" not in line:
        return Cache("registry")
    said = dict(part.strip().partition("=")[::2] for part in line.split(","))
    return Cache(said.get("type", "registry"), said.get("mode", "min"))
