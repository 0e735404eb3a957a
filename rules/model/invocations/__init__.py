"""Which places in a repository build a Dockerfile, and how: compose files, workflows, scripts."""

import re
from collections.abc import Callable, Iterable, Iterator

from rules.model.invocations.bake import read_bake
from rules.model.invocations.compose import read_compose
from rules.model.invocations.documents import BeyondError
from rules.model.invocations.invocation import Cache, Invocation, Name, existing
from rules.model.invocations.pipelines import (
    read_cloudbuild,
    read_jenkinsfile,
    read_package_json,
    read_pipeline,
    read_skaffold,
)
from rules.model.invocations.platforms import (
    read_devcontainer,
    read_fly,
    read_goreleaser,
    read_heroku,
    read_openshift,
    read_railway,
    read_render,
    read_tiltfile,
)
from rules.model.invocations.scripts import read_makefile, read_script
from rules.model.invocations.workflows import read_workflows
from rules.model.repository import Repository

__all__ = ["Cache", "Invocation", "Name", "read_invocations", "sources", "unread"]

MAX_FILES = 100
"""Files read of one repository besides its workflows: those in its root and beside a Dockerfile
first, then those nearest to its root."""

Reader = Callable[[Repository, str, str], Iterable[Invocation]]


def _read_shell(repository: Repository, path: str, text: str) -> Iterable[Invocation]:
    """A script is run from the root of the repository or from its own folder."""
    return read_script(repository, path, text, ("", path.rpartition("/")[0]))


def _read_just(repository: Repository, path: str, text: str) -> Iterable[Invocation]:
    """The indented lines of a justfile are its recipes; `{{…}}` is filled in by just."""
    lines = (line.strip().lstrip("@-") for line in text.split("\n") if line[:1] in (" ", "\t"))
    recipe = "\n".join(lines).replace("{{", "${").replace("}}", "}")
    return read_script(repository, path, recipe, (path.rpartition("/")[0], ""))


_PIPELINES = (
    r"[^/]*\.gitlab-ci[^/]*\.yml|\.gitlab/[^/]+\.yml|\.circleci/config\.yml|\.travis\.yml"
    r"|azure-pipelines[^/]*\.ya?ml|\.azure-pipelines/[^/]+\.ya?ml|bitbucket-pipelines\.yml"
    r"|\.drone\.yml|\.woodpecker[^/]*\.ya?ml|buildspec[^/]*\.ya?ml|taskfile\.ya?ml"
)
_LIKELY_SCRIPTS = r"[^/]*(?:build|docker|image|container|deploy|publish|release|push)[^/]*"
# What the last two parts of a path look like, how many are read at most, and by what.
_TOLD: tuple[tuple[str, int, Reader], ...] = (
    (r"(?:docker-|podman-|container-)?compose[^/]*\.ya?ml", 40, read_compose),
    (r"(?:docker-)?bake[^/]*\.(?:hcl|json)", 10, read_bake),
    (r"(?:gnu)?makefile|[^/]+\.mk", 20, read_makefile),
    (r"skaffold[^/]*\.ya?ml", 5, read_skaffold),
    (r"cloudbuild[^/]*\.ya?ml", 50, read_cloudbuild),
    (r"heroku\.yml", 3, read_heroku),
    (r"fly[^/]*\.toml", 10, read_fly),
    (r"render\.yaml", 3, read_render),
    (r"railway\.(?:json|toml)", 10, read_railway),
    (r"\.?devcontainer\.json", 10, read_devcontainer),
    (r"\.goreleaser[^/]*\.ya?ml", 3, read_goreleaser),
    (r"tiltfile", 5, read_tiltfile),
    (r"jenkinsfile[^/]*|[^/]+\.jenkinsfile", 10, read_jenkinsfile),
    (r"[^/]*(?:buildconfig|openshift)[^/]*\.ya?ml", 10, read_openshift),
    (_PIPELINES, 15, read_pipeline),
    (r"justfile", 5, _read_just),
    (r"package\.json", 20, read_package_json),
    (_LIKELY_SCRIPTS + r"\.(?:sh|bash)", 30, _read_shell),
    (r"[^/]+\.(?:sh|bash)", 15, _read_shell),
)
_KINDS = re.compile(
    "|".join(f"(?P<k{place}>{pattern})" for place, (pattern, _, _) in enumerate(_TOLD)),
    re.IGNORECASE,
)
_ENDINGS = (".yml", ".yaml", ".sh", ".bash", ".json", ".toml", ".hcl", ".mk", "file")
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_FOREIGN = ("node_modules/", "vendor/", "third_party/", "testdata/", "fixtures/")


def sources(paths: Iterable[str]) -> dict[str, Reader]:
    """Choose the files, by name alone, that may say how something is built, and their readers."""
    found: dict[int, list[str]] = {}
    building = {""}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if "dockerfile" in name.lower() or "containerfile" in name.lower():
            building.add(folder)
        if path.lower().endswith(_ENDINGS) or "file" in path.lower():
            kind = _kind(path)
            if kind is not None and not _is_foreign(path):
                found.setdefault(kind, []).append(path)

    def nearest(path: str) -> tuple[bool, int, str]:
        return path.rpartition("/")[0] not in building, path.count("/"), path

    chosen: dict[str, Reader] = {}
    for kind in sorted(found):
        _, most, reader = _TOLD[kind]
        near = sorted(found[kind], key=nearest)
        chosen.update(dict.fromkeys(near[: min(most, MAX_FILES - len(chosen))], reader))
    return chosen


def _kind(path: str) -> int | None:
    """The place in `_TOLD` of the first pattern that fits the last one or two parts of a path."""
    rest, _, name = path.rpartition("/")
    parent = rest.rpartition("/")[2]
    fits = _KINDS.fullmatch(name)
    if fits is None and parent.startswith("."):
        fits = _KINDS.fullmatch(f"{parent}/{name}")
    return int(fits.lastgroup[1:]) if fits is not None and fits.lastgroup else None


def _is_foreign(path: str) -> bool:
    return any(f"/{folder}" in f"/{path}" for folder in _FOREIGN)


def read_invocations(repository: Repository) -> tuple[Invocation, ...]:
    """All places of a repository that build one of its Dockerfiles."""
    return _look(repository)[0]


def unread(repository: Repository) -> tuple[str, ...]:
    """The files that may say more: those that are no text, or hold more than is read of one."""
    return _look(repository)[1]


Seen = tuple[tuple[Invocation, ...], tuple[str, ...]]


def _look(repository: Repository) -> Seen:
    kept: Seen | None = repository.__dict__.get("_invocations")
    if kept is None:
        beyond: list[str] = []
        found = existing(repository, _read(repository, beyond))
        kept = tuple(dict.fromkeys(found)), tuple(beyond)
        repository.__dict__["_invocations"] = kept
    return kept


def _read(repository: Repository, beyond: list[str]) -> Iterator[Invocation]:
    """Read what builds; the paths of files that cannot be read whole are added to `beyond`."""
    workflows = sorted(path for path in repository.paths if _WORKFLOW.fullmatch(path))
    beyond += workflows[MAX_FILES:]
    texts = {path: repository.read(path) for path in workflows[:MAX_FILES]}
    seen = set()
    try:
        for found in read_workflows(repository, {p: t for p, t in texts.items() if t is not None}):
            seen.add(found.source)
            yield found
    except BeyondError:
        beyond += workflows
    chosen = sources(repository.paths)
    for path, reader in chosen.items():
        text = repository.read(path)
        if text is None or path in seen:  # a bake file that a workflow has read
            continue
        try:
            yield from reader(repository, path, text)
        except BeyondError:
            beyond.append(path)
    asked = (*texts, *chosen)
    beyond += [path for path in asked if repository.texts.get(path, "") is None]
