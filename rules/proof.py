"""No fix without proof: what a fix must hold before anybody sees it.

Applied in memory it must give a file that parses, holds the same work, leaves its finding silent,
sets off no other (what is merely worth knowing apart), and is better by the measure of its rule's
strategy and worse by none.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from rules.model.cache import Build, Change, file_classes, rerun
from rules.model.dockerfile import Unreadable
from rules.model.finding import Edit, Finding, Fix, OverlapError, apply
from rules.model.rule import Measure, Rule
from rules.mount_proof import lost_for_mounts, runs

Look = Callable[[Build], Iterable[Finding]]


def applied(build: Build, fix: Fix) -> Build:
    """The build after the fix; raises Unreadable or OverlapError where it cannot be applied."""
    texts: dict[str, str] = {}
    for path in {edit.path for edit in fix.edits}:
        known = path == build.path
        old = build.dockerfile.text if known else build.repository.read(path)
        texts[path] = apply(old or "", fix.touching(path))
    if texts.keys() == {build.path}:
        return build.with_text(texts[build.path])
    return build.with_files(texts)


def flaw(build: Build, finding: Finding, rule: Rule, look: Look) -> str | None:
    """What is wrong with the finding's fix, or None when nothing is.

    `look` gives all findings of a build, their fixes unproven.
    """
    if finding.fix is None:
        return "there is none"
    if not build.dockerfile.agrees:
        return "two readings of this Dockerfile disagree"
    if build.dockerfile.newline == "mixed":
        return "the file mixes line endings"
    try:
        after = applied(build, finding.fix)
    except (Unreadable, OverlapError) as error:
        return f"the changed file could not be read: {error}"
    if not after.dockerfile.agrees:
        return "two readings of the changed Dockerfile disagree"
    now = list(look(after))
    if any(f.fingerprint == finding.fingerprint for f in now):
        return "the fault is still there after it"
    if _faults(now) - _faults(look(build)):
        return "it would set off another finding"
    return _MEASURES[rule.measure](build, after)


def _faults(findings: Iterable[Finding]) -> Counter[str]:
    """How many faults each rule finds; a fix may change the command that one speaks of."""
    return Counter(f.rule for f in findings if f.severity == "warning")


def _fewer_steps(before: Build, after: Build) -> str | None:
    """Order: less work re-run for some edit to a source file, and more for none."""
    if lost := _lost_work(before, after):
        return lost
    gained = False
    for path in file_classes(before):
        change = Change(edits=frozenset({path}))
        old, new = _work_rerun(before, change), _work_rerun(after, change)
        if new > old:
            return f"an edit to {path} would re-run more"
        gained = gained or new < old
    return None if gained else "no edit would re-run less"


def _same_steps(before: Build, after: Build) -> str | None:
    """Mounts: every edit re-runs what it did, and the commands are the same."""
    apart = len(runs(before)) == len(runs(after))
    if apart and (wrong := lost_for_mounts(before, after)):
        return wrong
    if not apart and _commands(before) != _commands(after):
        return "it would change the commands that run"
    again = _runs_again if apart else _work_rerun
    for path in file_classes(before):
        change = Change(edits=frozenset({path}))
        if again(before, change) != again(after, change):
            return f"an edit to {path} would re-run other steps"
    return None


def _runs_again(build: Build, change: Change) -> list[int]:
    """Which RUNs an edit re-runs, by their places among the RUNs."""
    lines = {step.line for step in rerun(build, change) if step.status == "rerun"}
    places = enumerate(runs(build))
    return [place for place, layer in places if layer.instruction.span.start in lines]


def _fewer_files(before: Build, after: Build) -> str | None:
    """Context: no tracked file that a step names or takes is lost."""
    for old, new in zip(before.layers, after.layers, strict=True):
        if (old.copy is None) != (new.copy is None):
            return "it would change a COPY"
        if old.copy is not None and new.copy is not None and old.copy.files != new.copy.files:
            return "a COPY would take other tracked files"
    return None


def _fewer_for_arguments(before: Build, after: Build) -> str | None:
    """Less work re-run for a new value of some build argument, more for nothing."""
    if lost := _lost_work(before, after, moved=("ARG",)):
        return lost
    for path in file_classes(before):
        change = Change(edits=frozenset({path}))
        if _work_rerun(after, change) > _work_rerun(before, change):
            return f"an edit to {path} would re-run more"
    gained = False
    pairs = (p for i in before.dockerfile.instructions if i.keyword == "ARG" for p in i.pairs)
    for name in sorted({pair.key for pair in pairs}):
        change = Change(build_args={name: None})
        old, new = _work_rerun(before, change), _work_rerun(after, change)
        if new > old:
            return f"a new value of {name} would re-run more"
        gained = gained or new < old
    return None if gained else "no argument would re-run less"


_MEASURES: Mapping[Measure, Callable[[Build, Build], str | None]] = {
    "fewer steps": _fewer_steps,
    "fewer files": _fewer_files,
    "same steps": _same_steps,
    "arguments": _fewer_for_arguments,
}


def _work_rerun(build: Build, change: Change) -> int:
    """How many commands an edit re-runs: a RUN split in two is not more work."""
    lines = {step.line for step in rerun(build, change) if step.status == "rerun"}
    return sum(
        len(layer.script.items) if layer.script is not None else 1
        for layer in build.layers
        if layer.instruction.keyword == "RUN" and layer.instruction.span.start in lines
    )


def _lost_work(before: Build, after: Build, moved: tuple[str, ...] = ()) -> str | None:
    """Order: the commands and where they run stay, and so do all instructions not `moved`."""
    if Counter(_commands(before)) != Counter(_commands(after)):
        return "it would change the commands that run"
    if _others(before, moved) != _others(after, moved):
        return "it would change another instruction"
    if Counter(_others(before)) != Counter(_others(after)):
        return "an instruction would be lost"
    if Counter(_copies(before)) - Counter(_copies(after)):
        return "a COPY would be lost"
    return None


def _commands(build: Build) -> list[tuple[object, ...]]:
    """Every command of every RUN: its words, and the state that it runs in."""
    found: list[tuple[object, ...]] = []
    for layer in build.layers:
        if layer.instruction.keyword != "RUN":
            continue
        state = (layer.stage, layer.folder, layer.user, layer.shell)
        if layer.script is None:
            found.append((*state, layer.instruction.value))
            continue
        found += [
            (*state, tuple(word.raw for word in command.argv)) for command in layer.script.commands
        ]
    return found


def _others(build: Build, moved: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
    return [
        (layer.stage, layer.instruction.keyword, layer.instruction.value)
        for layer in build.layers
        if layer.instruction.keyword not in ("RUN", "COPY", "ADD", *moved)
    ]


def _copies(build: Build) -> list[tuple[object, ...]]:
    return [
        (
            layer.stage,
            layer.instruction.keyword,
            layer.copy.stage,
            layer.copy.image,
            layer.copy.sources,
            layer.copy.destination,
        )
        for layer in build.layers
        if layer.copy is not None
    ]


def edits_between(path: str, old: str, new: str) -> tuple[Edit, ...]:
    """One edit that makes `new` of `old`."""
    if old == new:
        return ()
    start = 0
    for a, b in zip(old, new, strict=False):
        if a != b:
            break
        start += 1
    end = 0
    for a, b in zip(reversed(old[start:]), reversed(new[start:]), strict=False):
        if a != b:
            break
        end += 1
    return (Edit(path, start, len(old) - end, new[start : len(new) - end]),)
