"""A build and its findings -> which steps an edit to the source re-runs, now and once fixed."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import rules
from rules.model.builder import is_dockerfile
from rules.model.cache import Build, Change, file_classes, rerun
from rules.model.dataclass import dataclass
from rules.model.finding import Finding
from rules.model.layer_caches import cache_notes

SOURCE = frozenset(
    ".c .cc .clj .cpp .cs .dart .ex .exs .go .h .hs .java .js .jsx .kt .lua .ml .mjs .php .pl .py "
    ".r .rb .rs .scala .sh .swift .ts .tsx .vue .zig".split()
)
"""Suffixes by which a reader knows a file of the source at a glance."""
_WORK = frozenset(["RUN", "COPY", "ADD"])


@dataclass(frozen=True, slots=True)
class Rerun:
    """A step that re-runs: its first line in the Dockerfile (1-based), and what it says there."""

    line: int
    text: str
    """The instruction with its continuations joined, as long as it was written."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What an edit to `edit` re-runs of the Dockerfile at `path`.

    `edit` is a path in the repository, standing for all files whose edits re-run the same; None
    when no file reaches the build. `now` and `after` are the RUN, COPY and ADD steps before and
    after the fixes of `fixed`; without a fix both are the same.
    """

    path: str
    edit: str | None
    now: tuple[Rerun, ...]
    after: tuple[Rerun, ...]
    fixed: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    """All that were given: their `evidence` counts what this repository's commits re-ran."""
    notes: tuple[str, ...] = ()
    """What workflows that build the file forget of its layers."""

    @property
    def gains(self) -> bool:
        """Whether fewer steps re-run after the fixes."""
        return len(self.after) < len(self.now)


def summarise(build: Build, findings: Sequence[Finding]) -> Summary:
    """Sum up a build, with as many of its findings fixed as fit together.

    The edit shown is the one that the fixes make the most of; without fixes, or where they change
    nothing of that, the one that stands for the most files.
    """
    fixable = [finding for finding in findings if finding.fix is not None]
    fixed, done = rules.combine(build, fixable) if fixable else (build, [])
    best: tuple[tuple[int, int], str, tuple[Rerun, ...], tuple[Rerun, ...]] | None = None
    for _, alike in sorted(file_classes(build).items()):
        path = min(alike, key=_strangeness)  # the fixes may tell apart what is alike now
        now = _reruns(build, path)
        after = _reruns(fixed, path) if done else now
        weight = (_runs(now) - _runs(after), len(alike))
        if best is None or weight > best[0]:
            best = (weight, path, now, after)
    if best is None:
        return Summary(build.path, None, (), (), tuple(done), tuple(findings), cache_notes(build))
    _, edit, now, after = best
    root = f"{build.context.root}/" if build.context.root else ""
    return Summary(
        build.path, root + edit, now, after, tuple(done), tuple(findings), cache_notes(build)
    )


def _reruns(build: Build, path: str) -> tuple[Rerun, ...]:
    steps = rerun(build, Change(edits=frozenset({path})))
    return tuple(
        Rerun(step.line, f"{layer.instruction.keyword} {layer.instruction.value}".strip())
        for step, layer in zip(steps, build.layers, strict=True)
        if step.status == "rerun" and step.instruction in _WORK
    )


def _runs(steps: Sequence[Rerun]) -> int:
    """How many of the steps run commands: those that take long."""
    return sum(step.text.startswith("RUN ") for step in steps)


def _strangeness(path: str) -> tuple[bool, bool, int, str]:
    """Least for the file that a reader would call the source."""
    hidden = any(part.startswith(".") for part in path.split("/")) or is_dockerfile(path)
    return hidden, PurePosixPath(path).suffix not in SOURCE, path.count("/"), path
