"""How many recent commits re-ran a step, and how many would have re-run it after a fix.

The History is laid over the build as it stands now: which of its commits touched a file that
re-runs the step. So a commit counts also when the Dockerfile was another one at the time; one that
changed the Dockerfile itself counts on both sides.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rules.model.cache import (
    Build,
    Change,
    distinct_files,
    file_classes,
    lines_rerun,
    once,
    once_of_tree,
)
from rules.model.finding import Evidence
from rules.model.history import History
from rules.model.layer import Layer

_A_FINDING = 10
"""Paths that one finding asks for of a History that is known by path."""

_COPY = "COPY"
HEAD = ".git/HEAD"
"""Stands for what every commit changes in `.git`, where that is sent."""
Work = tuple[object, ...]
"""A command of a RUN, or a COPY, and the state that it runs in: the same before and after a fix."""


def evidence(
    build: Build, after: Build, lines: Iterable[int], arguments: Sequence[str] = ()
) -> Evidence | None:
    """Count the recent commits that re-ran a step as it stands, and those that would after a fix.

    The step is all that the fix spares: commands and copies that some edit re-runs in `build` and
    not in `after`. Where it spares nothing (cache mounts), it is what stands on `lines`.
    `arguments` are build arguments that are new with every commit. None when the history is not
    known, or when no commit re-ran the step, or when no commit can hold what the fix keeps back.
    """
    history = build.repository.history
    if history is None or build.context.kind == "unknown":
        return None
    given = Change(build_args=dict.fromkeys(arguments))
    step = _spared(build, after, given) or _standing_on(build, lines)
    if not step:
        return None
    if history.commits is None:
        return None if arguments else _known_in_part(build, after, step, history)
    commits = _count(build, step, given, history.commits)
    return Evidence(commits, _count(after, step, given, history.commits)) if commits else None


def _count(
    build: Build, step: frozenset[Work], given: Change, commits: tuple[frozenset[str], ...]
) -> int:
    """How many of the commits re-run the step."""
    if given.build_args and not step.isdisjoint(work_rerun(build, given)):
        return len(commits)
    reached = _reach(_with_history(build, commits), step)
    if HEAD in reached:
        return len(commits)
    return sum(not commit.isdisjoint({build.path, *reached}) for commit in commits)


def _known_in_part(
    build: Build, after: Build, step: frozenset[Work], history: History
) -> Evidence | None:
    """The same from a history that is known by path.

    All commits that needed the step, and of those that re-ran it at least the ones that touched
    the largest folders.
    """
    if _is_always_rerun(after, step):
        return None
    needing = [build.path, *_cover(build, _reach(after, step) - {build.path})]
    room = _A_FINDING - len(needing)
    if room <= 0:
        return None
    always = _is_always_rerun(build, step)
    largest = [""] if always else _cover(build, _reach(build, step))[:room]
    needed, commits = history.touching(needing), history.touching(largest)
    if needed is None or not commits:
        return None
    return Evidence(len(commits | needed), len(needed))


def _is_always_rerun(build: Build, step: frozenset[Work]) -> bool:
    """Whether every commit re-runs the step, since it changes `.git`."""
    change = Change(adds=frozenset({HEAD}))  # no commit holds it, so it is none of the files
    return not build.context.root and not step.isdisjoint(work_rerun(build, change))


def _cover(build: Build, paths: frozenset[str]) -> list[str]:
    """The fewest files and whole folders that are just these paths, the largest folders first."""
    everything = _sizes(build)
    inside = Counter(f for path in paths & build.repository.paths for f in _upward(path))
    whole = {folder for folder, count in inside.items() if everything[folder] == count}
    tops = (next((f for f in reversed(_upward(path)) if f in whole), path) for path in paths)
    return sorted(set(tops), key=lambda top: (-everything[top], top))


@once_of_tree
def _sizes(build: Build) -> Counter[str]:
    """How many files of the repository each of its folders holds."""
    return Counter(folder for path in build.repository.paths for folder in _upward(path))


def _upward(path: str) -> list[str]:
    """The folders around a path, the innermost first, `""` the last."""
    found = []
    while path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found


@once
def work_rerun(build: Build, change: Change) -> frozenset[Work]:
    """The commands and copies that a change re-runs."""
    return _standing_on(build, lines_rerun(build, change))


def work(layer: Layer) -> list[Work]:
    """The commands of a RUN, the copy of a COPY or ADD; nothing for other instructions."""
    state = (layer.stage, layer.folder, layer.user, layer.shell)
    copy = layer.copy
    if copy is not None:
        sources = (copy.stage, copy.image, copy.sources, copy.remote, copy.inline)
        return [(_COPY, layer.stage, *sources, copy.destination)]
    if layer.instruction.keyword != "RUN":
        return []
    if layer.script is None or not layer.script.commands:
        return [(*state, layer.instruction.value)]
    return [(*state, tuple(w.raw for w in c.argv)) for c in layer.script.commands]


def _spared(build: Build, after: Build, given: Change) -> frozenset[Work]:
    """What some edit to a file, or the arguments given, re-run before the fix and not after.

    Commands where there are any: a COPY behind them costs little.
    """
    changes = [Change(edits=frozenset({path})) for path in distinct_files(build, after)]
    if given.build_args:
        changes.append(given)
    spared = (work_rerun(build, change) - work_rerun(after, change) for change in changes)
    everything = frozenset[Work]().union(*spared)
    return frozenset(each for each in everything if each[0] != _COPY) or everything


def _standing_on(build: Build, lines: Iterable[int]) -> frozenset[Work]:
    wanted = frozenset(lines)
    layers = (layer for layer in build.layers if layer.instruction.span.start in wanted)
    return frozenset(each for layer in layers for each in work(layer))


@once
def _with_history(build: Build, commits: tuple[frozenset[str], ...]) -> Build:
    """The build with all files that its history names."""
    return with_paths(build, frozenset[str]().union(*commits, [HEAD]))


def with_paths(build: Build, paths: Iterable[str]) -> Build:
    """The build with more files in its context, where its ignore file lets them in.

    Paths are those of the repository.
    """
    context = build.context
    files = set(context.files).union(filter(context.may_send, context.inside(paths)))
    return replace(build, context=replace(context, files=tuple(sorted(files))))


def _reach(build: Build, step: frozenset[Work]) -> frozenset[str]:
    """The files whose change re-runs the step, as paths of the repository."""
    found: set[str] = set()
    for path, alike in file_classes(build).items():
        if not step.isdisjoint(work_rerun(build, Change(edits=frozenset({path})))):
            found.update(build.context.top + each for each in alike)
    return frozenset(found)
