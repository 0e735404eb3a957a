"""Which context a Dockerfile is built with, and by what: read from what the repository shows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from rules.model.context import BuildContext, Kind
from rules.model.dataclass import dataclass
from rules.model.dockerfile import Dockerfile
from rules.model.invocations import Invocation, Name, read_invocations, skipped_sources
from rules.model.manifests import is_manifest
from rules.model.prose import code
from rules.model.repository import Repository
from rules.model.sources import ROOT, Files, clean
from rules.model.variables import Scope, scopes

_NAMES: tuple[Name, ...] = get_args(Name)

Decision = tuple[str, Kind, str]
"""The folder, the kind and what decided."""


@dataclass(frozen=True, slots=True)
class Builder:
    """What builds a Dockerfile."""

    name: Name = "buildkit"
    """The least able of those that are seen: its suggestions must suit them all."""
    shown: bool = False
    """Whether anything in the repository shows it; else it is the default of today's Docker."""
    invocations: tuple[Invocation, ...] = ()
    """Every place in the repository that builds the Dockerfile."""
    reason: str = ""
    """What decided on the context, in words: a file, `the settings`, `its sources`; or why
    nothing did."""
    persistent: bool | None = None
    """What the settings say of `keeps_disk`."""

    @property
    def takes_mounts(self) -> bool:
        """Whether `RUN --mount=type=cache` and heredocs may be suggested to it."""
        return self.name in ("buildkit", "podman")

    @property
    def keeps_disk(self) -> bool:
        """Whether a cache mount is still there for the next build, as far as workflows show.

        A hosted runner is new each time, and no `cache-to` exports mounts
        (https://docs.docker.com/build/ci/github-actions/cache/#cache-mounts). Where no workflow
        builds the file, laptops are thought of.
        """
        if self.persistent is not None:
            return self.persistent
        seen = [i for i in self.invocations if i.in_workflow]
        return not seen or not all(i.hosted for i in seen)


def find(  # noqa: PLR0913  # what is known of the repository, and what the settings say
    repository: Repository,
    path: str,
    dockerfile: Dockerfile,
    contexts: Mapping[str, str] | None = None,
    builder: str = "auto",
    *,
    persistent: bool | None = None,
) -> tuple[BuildContext, Builder]:
    """Find the context and the builder of the Dockerfile at `path`.

    `contexts` are the settings' own: folder of the context by path of the Dockerfile; so are
    `builder` and `persistent`, whether it keeps its disk.
    """
    invocations = tuple(i for i in read_invocations(repository) if i.dockerfile == path)
    said = (contexts or {}).get(path)
    found: Decision
    if said is not None:
        found = clean(said).removeprefix(ROOT), "local", "the settings"
    else:
        found = _decide(repository, path, dockerfile, invocations)
    root, kind, reason = found
    name = _name(repository, invocations, builder)
    by = Builder(name, bool(invocations), invocations, reason, persistent)
    keeps_git = any(("BUILDKIT_CONTEXT_KEEP_GIT_DIR", "1") in i.args for i in invocations)
    return BuildContext.read(repository, path, root, kind, keeps_git=keeps_git), by


def _name(repository: Repository, invocations: Iterable[Invocation], said: str) -> Name:
    for name in _NAMES:
        if said == name:
            return name
    if skipped_sources(repository):
        return "unknown"
    return max((i.builder for i in invocations), key=_NAMES.index, default="buildkit")


def _decide(
    repository: Repository, path: str, dockerfile: Dockerfile, invocations: Iterable[Invocation]
) -> Decision:
    told = [i for i in invocations if i.root is not None]
    if not told and any(i.kind == "unknown" for i in invocations):
        return "", "unknown", "its context is made for the build"
    if not told and (more := skipped_sources(repository)):
        return "", "unknown", f"{code(more[0])} may name it, and cannot be read"
    needs = _Needs(repository, dockerfile)
    roots = {i.root for i in told if i.root is not None}
    if len(roots) > 1:
        roots = {root for root in roots if needs.are_in(root)}
        if len(roots) != 1:
            return "", "unknown", "it is built with several contexts"
    if not roots:
        return needs.search(path)
    root = roots.pop()
    if not needs.are_in(root):  # made by an earlier step, or what we read is out of date
        better = needs.search(path)
        if better[1] != "unknown":
            return better
    kinds = {i.kind for i in told if i.root == root}
    source = min(i.source for i in told if i.root == root)
    return root, "git" if kinds == {"git"} else "local", source


class _Needs:
    """What a Dockerfile takes from its context, to tell which folder that is."""

    def __init__(self, repository: Repository, dockerfile: Dockerfile) -> None:
        self._files = Files(repository.paths)
        self._text = dockerfile.text
        self.sources = list(dict.fromkeys(_sources(dockerfile)))

    def are_in(self, root: str) -> bool:
        """Whether every source exists in a folder of the repository."""
        files = self._files
        if root:
            files = Files(path[len(root) + 1 :] for path in files.under(root))
        return all(files.match(source) for source in self.sources)

    def search(self, path: str) -> Decision:
        """Find the one folder, the Dockerfile's or one above it, in which every source exists.

        Where there are several its own decides, when it looks like a project's folder and no
        word names it as seen from above.
        """
        own = path.rpartition("/")[0]
        candidates = [own]
        while candidates[-1]:
            candidates.append(candidates[-1].rpartition("/")[0])
        if not self.sources:
            return own, "local", "it has no sources"
        fitting = [root for root in candidates if self.are_in(root)]
        if len(fitting) == 1:
            return fitting[0], "local", "its sources"
        if not fitting:
            return "", "unknown", "its sources are in none of the folders around it"
        if own in fitting and self._is_project(own, fitting) and not self._mentions(own):
            return own, "local", "its folder"
        return "", "unknown", "its sources are in several of the folders around it"

    def _is_project(self, own: str, fitting: Iterable[str]) -> bool:
        """Whether a folder looks like a whole project, and not like a part of one above it."""
        names = self._names(own)
        if ".dockerignore" in names:
            return True
        above = any(not _WHOLE.isdisjoint(self._names(root)) for root in fitting if root != own)
        whole = not above or not _WHOLE.isdisjoint(names)
        return whole and any(is_manifest(name) for name in names)

    def _names(self, folder: str) -> set[str]:
        start = f"{folder}/" if folder else ""
        below = (path[len(start) :] for path in self._files.under(folder or ROOT))
        return {name for name in below if "/" not in name}

    def _mentions(self, own: str) -> bool:
        """Whether an instruction names the folder as seen from above (`apps/api`, `./api/x`)."""
        for line in self._text.split("\n"):
            if line.lstrip().startswith("#"):
                continue
            at = line.find(own)
            while at >= 0:
                before, after = line[at - 1 : at] if at else "", line[at + len(own) :][:1]
                outside = before != "/" or "/" in own or line[at - 2 : at] == "./"
                if outside and not (before.isalnum() or after.isalnum() or after in ("-", "_")):
                    return True
                at = line.find(own, at + 1)
        return False


_WHOLE = frozenset(
    """Cargo.lock Gemfile.lock bun.lock bun.lockb composer.lock go.sum go.work lerna.json mix.lock
    nx.json package-lock.json pnpm-lock.yaml pnpm-workspace.yaml poetry.lock turbo.json uv.lock
    yarn.lock""".split()
)
"""Files of a project or a workspace as a whole."""


_MARKS = frozenset("$\\`'\"")
"""Without any of these a word stands for itself."""


def _sources(dockerfile: Dockerfile) -> Iterable[str]:
    """What COPY, ADD and bind mounts name in the context, as far as it is known."""
    before: Sequence[Scope] | None = None
    for index, instruction in enumerate(dockerfile.instructions):
        words: list[str] = []
        if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None:
            words = [word.text for word in instruction.args[:-1]]
        for mount in instruction.values("mount"):
            said = dict(part.partition("=")[::2] for part in mount.split(","))
            if said.get("type", "bind") == "bind" and "from" not in said:
                words.append(said.get("source", said.get("src", ".")))
        for word in words:
            if not word or word.startswith("<<"):
                continue
            value: str | None = word
            if not _MARKS.isdisjoint(word):
                before = before or scopes(dockerfile).before
                value = before[index].expand(word).text
            if value and "://" not in value and not value.startswith("git@"):
                yield clean(value)


def named_dockerfiles(repository: Repository) -> frozenset[str]:
    """Find the Dockerfiles that compose files, workflows and their like name, called anything."""
    return frozenset(invocation.dockerfile for invocation in read_invocations(repository))


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
    """Whether a path ends like an ignore file: `.dockerignore`, `<Dockerfile>.dockerignore`."""
    return path.endswith(".dockerignore")
