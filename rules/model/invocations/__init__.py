"""Which places in a repository build a Dockerfile, and how: compose files, workflows, scripts."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module

from rules.model.invocations.documents import BeyondError
from rules.model.invocations.invocation import Cache, Invocation, Name, existing
from rules.model.repository import Repository

__all__ = ["Cache", "Invocation", "Name", "read_invocations", "skipped_sources", "sources"]

MAX_FILES = 100
"""Files read of one repository besides its workflows: those in its root and beside a Dockerfile
first, then those nearest to its root."""

Reader = Callable[[Repository, str, str], Iterable[Invocation]]


def _of(module: str, kind: str) -> Reader:
    """The reader `read_<kind>` of a module here, imported when there is a file for it."""

    def read(repository: Repository, path: str, text: str) -> Iterable[Invocation]:
        reader: Reader = getattr(import_module(f"{__name__}.{module}"), f"read_{kind}")
        return reader(repository, path, text)

    return read


def _read_shell(repository: Repository, path: str, text: str) -> Iterable[Invocation]:
    """A script is run from the root of the repository or from its own folder."""
    from rules.model.invocations.scripts import read_script  # noqa: PLC0415

    return read_script(repository, path, text, ("", path.rpartition("/")[0]))


def _read_just(repository: Repository, path: str, text: str) -> Iterable[Invocation]:
    """The indented lines of a justfile are its recipes; `{{…}}` is filled in by just."""
    from rules.model.invocations.scripts import read_script  # noqa: PLC0415

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
    (r"(?:docker-|podman-|container-)?compose[^/]*\.ya?ml", 40, _of("compose", "compose")),
    (r"(?:docker-)?bake[^/]*\.(?:hcl|json)", 10, _of("bake", "bake")),
    (r"(?:gnu)?makefile|[^/]+\.mk", 20, _of("scripts", "makefile")),
    (r"skaffold[^/]*\.ya?ml", 5, _of("pipelines", "skaffold")),
    (r"cloudbuild[^/]*\.ya?ml", 50, _of("pipelines", "cloudbuild")),
    (r"heroku\.yml", 3, _of("platforms", "heroku")),
    (r"fly[^/]*\.toml", 10, _of("platforms", "fly")),
    (r"render\.yaml", 3, _of("platforms", "render")),
    (r"railway\.(?:json|toml)", 10, _of("platforms", "railway")),
    (r"\.?devcontainer\.json", 10, _of("platforms", "devcontainer")),
    (r"\.goreleaser[^/]*\.ya?ml", 3, _of("platforms", "goreleaser")),
    (r"tiltfile", 5, _of("platforms", "tiltfile")),
    (r"jenkinsfile[^/]*|[^/]+\.jenkinsfile", 10, _of("pipelines", "jenkinsfile")),
    (r"[^/]*(?:buildconfig|openshift)[^/]*\.ya?ml", 10, _of("platforms", "openshift")),
    (_PIPELINES, 15, _of("pipelines", "pipeline")),
    (r"justfile", 5, _read_just),
    (r"package\.json", 20, _of("pipelines", "package_json")),
    (_LIKELY_SCRIPTS + r"\.(?:sh|bash)", 30, _read_shell),
    (r"[^/]+\.(?:sh|bash)", 15, _read_shell),
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
            if name.lower() == "dockerfile":  # no kind is compiled where there is nothing else
                continue
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


@cache
def _kinds() -> re.Pattern[str]:
    """All kinds in one; compiled for the first file that may be of one."""
    kinds = (f"(?P<k{place}>{pattern})" for place, (pattern, _, _) in enumerate(_TOLD))
    return re.compile("|".join(kinds), re.IGNORECASE)


def _kind(path: str) -> int | None:
    """The place in `_TOLD` of the first pattern that fits the last one or two parts of a path."""
    rest, _, name = path.rpartition("/")
    parent = rest.rpartition("/")[2]
    fits = _kinds().fullmatch(name)
    if fits is None and parent.startswith("."):
        fits = _kinds().fullmatch(f"{parent}/{name}")
    return int(fits.lastgroup[1:]) if fits is not None and fits.lastgroup else None


def _is_foreign(path: str) -> bool:
    return any(f"/{folder}" in f"/{path}" for folder in _FOREIGN)


def read_invocations(repository: Repository) -> tuple[Invocation, ...]:
    """All places of a repository that build one of its Dockerfiles."""
    return _look(repository)[0]


def skipped_sources(repository: Repository) -> tuple[str, ...]:
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
    if texts:
        from rules.model.invocations.workflows import read_workflows  # noqa: PLC0415

        known = {path: text for path, text in texts.items() if text is not None}
        try:
            for found in read_workflows(repository, known):
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
