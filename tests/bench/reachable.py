"""The fewest re-runs that another order of the same commands would need, to hold ours against.

A command that compiles, tests or copies has to run when what it reads changes: no order spares it,
so it counts here as with our fixes. An install re-runs only when a manifest, a lock file or a
setting of an installer changes, and a step that reads nothing of the project never does. Whether a
Dockerfile can be brought there without another result is not asked. It is an estimate, no proof:
commands are sorted by their words, a script that is not known counts as one that must run, and so
does all that a better ignore file than ours would spare.
"""

from collections.abc import Sequence
from typing import Literal

from rules.model.cache import Build
from rules.model.evidence import Work, work
from rules.model.installs.copied import NOTHING
from rules.model.installs.install import Call
from rules.model.layer import Layer
from rules.model.lineage import seen_by
from rules.model.managers import manager_of
from rules.model.manifests import is_manifest
from rules.model.processes import Process
from rules.model.replay import Replay, count, ran
from rules.model.setup import may_read_source

Kind = Literal["install", "setup", "other"]

_VERBS = {
    "bun": "install i add",
    "bundler": "install",
    "cargo": "fetch chef",
    "composer": "install",
    "conda": "env install",
    "dotnet": "restore",
    "go": "mod",
    "gradle": "dependencies",
    "maven": "dependency:go-offline dependency:resolve",
    "mix": "deps.get deps.compile do",
    "npm": "install i ci add",
    "pdm": "install sync",
    "pip": "install",
    "pipenv": "install sync",
    "pnpm": "install i fetch add",
    "poetry": "install",
    "uv": "sync pip",
    "yarn": "install workspaces",
}
"""What only brings packages that manifests name, by manager."""
_BUILDING = frozenset("tidy vendor prepare compile release".split())
_PROJECT = (".", "./", "/", "-e", "--editable")
"""Words with which pip and uv install the project itself."""


def reachable(build: Build, fixed: Build, commits: Sequence[frozenset[str]]) -> Replay:
    """What commits re-ran, and the least that they have to; `fixed` is the build with our fixes."""
    ours = ran(fixed, commits)
    needed = ran(build, [frozenset(filter(is_manifest, commit)) for commit in commits])
    least: dict[Work, frozenset[int]] = {}
    for layer in build.layers:
        for each, kind in kinds(build, layer).items():
            if kind == "other":
                least[each] = ours.get(each, frozenset())
            elif kind == "install":
                least[each] = needed.get(each, frozenset()) & ours.get(each, frozenset())
    return count(build, len(commits), ran(build, commits), least)


def kinds(build: Build, layer: Layer) -> dict[Work, Kind]:
    """What each command of a RUN is; of those that are not known, "other"."""
    found: dict[Work, Kind] = dict.fromkeys(work(layer), "other")
    if layer.script is None or layer.script.opaque is not None:
        return found
    copied = [e.copy.destination for e in seen_by(build, layer) if e.copy is not None]
    targets = [place for place in copied if place is not None]
    state = (layer.stage, layer.folder, layer.user, layer.shell)
    for process in layer.processes:
        if process.command in layer.script.commands:
            words = tuple(word.raw for word in process.command.argv)
            found[(*state, words)] = _kind(process, targets)
    return found


def _kind(process: Process, targets: Sequence[str]) -> Kind:
    words = tuple(word.value for word in process.argv[1:])
    manager = manager_of(process.name)
    if manager is not None and not _BUILDING.intersection(words):
        plain = [word for word in words if not word.startswith("-")]
        of_project = manager.name in ("pip", "uv") and any(w.startswith(_PROJECT) for w in words)
        read = manager.read(Call(words, process.folder or "/"), NOTHING)
        if read is not None and not read.project:
            return "setup"
        verb = next((w for w in plain if w in _VERBS.get(manager.name, "").split()), None)
        bare = manager.name == "yarn" and not plain
        if not of_project and (verb is not None or bare):
            return "install"
    if process.name is None or process.folder is None:
        return "other"
    return "other" if may_read_source((process.name, *words), process.folder, targets) else "setup"
