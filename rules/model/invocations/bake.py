"""Bake files (https://docs.docker.com/build/bake/reference/)."""

from collections.abc import Iterator, Mapping
from typing import Any

from rules.model.context import Kind
from rules.model.invocations.compose import read_cache
from rules.model.invocations.documents import fill, items, pairs, read_json, table, text_of
from rules.model.invocations.hcl import read_hcl
from rules.model.invocations.invocation import (
    Invocation,
    default_dockerfile,
    inside,
    is_remote,
)
from rules.model.repository import Repository

MAX_PARENTS = 20


def read_bake(
    repository: Repository, path: str, text: str, kind: Kind = "local"
) -> Iterator[Invocation]:
    """What the targets of a bake file build; paths are taken from the file's own folder."""
    targets, variables = _read(path, text)
    for name in targets:
        target = _inherit(name, targets)
        if "dockerfile-inline" in target or "matrix" in target:
            continue
        yield from _target(repository, path, target, variables, kind)


def _read(path: str, text: str) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
    """Targets by name, and the defaults of variables."""
    if path.endswith(".json"):
        document = table(read_json(text))
        targets = {name: table(said) for name, said in table(document.get("target")).items()}
        defaults = {
            name: table(said).get("default")
            for name, said in table(document.get("variable")).items()
        }
    else:
        blocks = read_hcl(text)
        targets = {b.name: b.attributes for b in blocks if b.kind == "target"}
        defaults = {b.name: b.attributes.get("default") for b in blocks if b.kind == "variable"}
    return targets, {name: value for name, value in defaults.items() if isinstance(value, str)}


def _inherit(name: str, targets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A target with what it inherits: the last parent wins, the target itself over all."""
    merged: dict[str, Any] = {}
    line, seen = [name], [name]
    while line and len(seen) <= MAX_PARENTS:
        parents = items(targets.get(line.pop(0), {}).get("inherits"))
        line += [p for p in parents if isinstance(p, str) and p not in seen]
        seen += [p for p in parents if isinstance(p, str) and p not in seen]
    for each in reversed(seen):
        merged.update(targets.get(each, {}))
    return merged


def _target(
    repository: Repository,
    path: str,
    target: Mapping[str, Any],
    variables: Mapping[str, str],
    kind: Kind,
) -> Iterator[Invocation]:
    folder = path.rpartition("/")[0]
    said = {"context": ".", **target}
    context, file = (_filled(said.get(name), variables) for name in ("context", "dockerfile"))
    if context is None or is_remote(context) or context.startswith("target:"):
        return
    root = inside(folder, context)
    if root is None or ("dockerfile" in said and file is None):
        return
    dockerfile = inside(root, file) if file else default_dockerfile(repository, root, "buildkit")
    if dockerfile is None:
        return
    caches = (_filled(line, variables) for line in items(said.get("cache-to")))
    yield Invocation(
        path,
        dockerfile,
        root,
        kind,
        target=_filled(said.get("target"), variables),
        args=tuple((name, _filled(value, variables)) for name, value in pairs(said.get("args"))),
        contexts=tuple(name for name, _ in pairs(said.get("contexts"))),
        caches=tuple(read_cache(line) for line in caches if line),
        reuses=bool(items(said.get("cache-from"))),
    )


def _filled(value: Any, variables: Mapping[str, str]) -> str | None:
    text = text_of(value)
    return None if text is None else fill(text, variables.get)
