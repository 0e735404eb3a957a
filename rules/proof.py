"""No fix without proof: what a fix must hold before anybody sees it.

Applied in memory it must give a file that parses, holds the same work, leaves its finding silent,
sets off no other (what is merely worth knowing apart), and is better by the measure of its rule's
strategy and worse by none.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from rules.model.cache import Build, Change, Layer, distinct_files, lines_rerun, once, take_alike
from rules.model.dockerfile import Unreadable
from rules.model.finding import Edit, Finding, Fix, OverlapError, apply
from rules.model.installs.copied import from_context
from rules.model.order import amount_of_work, repeatable
from rules.model.proposal import samples
from rules.model.rule import Measure, Rule
from rules.model.unread import is_unread
from rules.mount_proof import lost_for_mounts, runs

_SAME_FAULT = dict.fromkeys(
    ("missing-dockerignore", "git-directory-in-context", "volatile-path-in-context"),
    "the context changes with every commit",
)

Look = Callable[[Build], Iterable[Finding]]


def applied(build: Build, fix: Fix) -> Build:
    """The build after the fix, made once; raises Unreadable or OverlapError where it cannot be."""
    after: Build | None = build.remembered.get(("after", fix))
    if after is None:
        after = build.remembered["after", fix] = _apply(build, fix)
    return after


def _apply(build: Build, fix: Fix) -> Build:
    texts: dict[str, str] = {}
    for path in fix.paths:
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
    if not _agrees(build):
        return "two readings of this Dockerfile disagree"
    if build.dockerfile.newline == "mixed":
        return "the file mixes line endings"
    try:
        after = applied(build, finding.fix)
    except (Unreadable, OverlapError) as error:
        return f"the changed file could not be read: {error}"
    if not _agrees(after):
        return "two readings of the changed Dockerfile disagree"
    now = list(look(after))
    if any(f.fingerprint == finding.fingerprint for f in now):
        return "the fault is still there after it"
    if _faults(now) - _faults(look(build)):
        return "it would set off another finding"
    return _MEASURES[rule.measure](build, after)


@once
def _agrees(build: Build) -> bool:
    return build.dockerfile.agrees


def _faults(findings: Iterable[Finding]) -> Counter[str]:
    """How many faults each rule finds; a fix may change the command that one speaks of.

    Where no ignore file is, `.git` is in the context too, and where `.git` is, all else that
    changes matters little: to mend one of these uncovers no fault that was not there.
    """
    rules = (f.rule for f in findings if f.severity == "warning")
    return Counter(_SAME_FAULT.get(rule, rule) for rule in rules)


def _fewer_steps(before: Build, after: Build) -> str | None:
    """Order: less work re-run for some edit to a source file, and more for none."""
    return _lost_work(before, after) or _rerun_less(before, after)


def _same_steps(before: Build, after: Build) -> str | None:
    """Mounts, and RUNs that are joined: every edit re-runs what it did, by the same commands."""
    joined = len(runs(before)) != len(runs(after))
    if not joined and (wrong := lost_for_mounts(before, after)):
        return wrong
    if joined and _commands(before) != _commands(after):
        return "it would change the commands that run"
    if not joined and take_alike(before, after):
        return None
    again = work_rerun if joined else _runs_again
    for path in distinct_files(before, after):
        change = Change(edits=frozenset({path}))
        if again(before, change) != again(after, change):
            return f"an edit to {path} would re-run other steps"
    return None


def _runs_again(build: Build, change: Change) -> list[int]:
    """Which RUNs an edit re-runs, by their places among the RUNs."""
    lines = lines_rerun(build, change)
    places = enumerate(runs(build))
    return [place for place, layer in places if layer.instruction.span.start in lines]


def _fewer_files(before: Build, after: Build) -> str | None:
    """Context: fewer files are sent, and none that the build reads is lost."""
    if after.context.kind != "local" or after.context.error is not None:
        return "builds would fail on the ignore file"
    lost = frozenset(before.context.files) - frozenset(after.context.files)
    if not frozenset(after.context.files) <= frozenset(before.context.files):
        return "more files would be sent"
    for path in sorted(lost):
        if not is_unread(before, path):
            return f"{path} would not be sent, and the build may read it"
    if lost:
        return None
    kept = (path for path in samples(after) if before.context.may_send(path))
    return None if any(not after.context.may_send(p) for p in kept) else "no file less is sent"


def _fewer_for_arguments(before: Build, after: Build) -> str | None:
    """Less work re-run for a new value of some build argument, more for nothing."""
    if lost := _lost_work(before, after, moved=("ARG", "ENV")):
        return lost
    if other := _other_values(before, after):
        return other
    for path in distinct_files(before, after):
        change = Change(edits=frozenset({path}))
        if work_rerun(after, change) > work_rerun(before, change):
            return f"an edit to {path} would re-run more"
    gained = False
    pairs = (p for i in before.dockerfile.instructions if i.keyword == "ARG" for p in i.pairs)
    for name in sorted({pair.key for pair in pairs}):
        change = Change(build_args={name: None})
        old, new = work_rerun(before, change), work_rerun(after, change)
        if new > old:
            return f"a new value of {name} would re-run more"
        gained = gained or new < old
    return None if gained else "no argument would re-run less"


def _other_values(before: Build, after: Build) -> str | None:
    """No RUN gets another value than before, some perhaps none, and the images hold the same."""
    if len(runs(before)) != len(runs(after)):
        return "it would change the commands that run"
    for old, new in zip(runs(before), runs(after), strict=True):
        crossed = old.index != new.index
        if crossed and not _variables(new) <= _variables(old):
            return "a RUN would get another value of a variable"
    if _images(before) != _images(after):
        return "an image would hold other variables"
    return None


def _images(build: Build) -> dict[int, dict[str, str | None]]:
    """What the stages leave set, those with nothing but a FROM apart."""
    inside = {e.stage: e for e in build.layers if e.instruction.keyword != "FROM"}
    return {stage: layer.variables.image for stage, layer in inside.items()}


def _variables(layer: Layer) -> set[tuple[str, str | None]]:
    return {(each.name, each.value.text) for each in layer.variables.variables}


def _fewer_owners(before: Build, after: Build) -> str | None:
    """The same commands and copies but for changes of owner or mode, and fewer of these re-run."""
    old, new = Counter(_commands(before)), Counter(_commands(after))
    lost, added = ([str(found[-1]) for found in each] for each in (old - new, new - old))
    changing = all(words.startswith(("('chown'", "('chmod'")) for words in [*lost, *added])
    if not lost or not changing or any("'-R'" in words for words in added):
        return "it would change the commands that run"
    if _others(before) != _others(after):
        return "it would change another instruction"
    if _copies(before) != _copies(after):
        return "it would change a COPY"
    return _rerun_less(before, after)


def _rerun_less(before: Build, after: Build) -> str | None:
    """Less work re-run for some edit, or as much with fewer copies of stages; more for none."""
    gained = False
    for path in distinct_files(before, after):
        change = Change(edits=frozenset({path}))
        old, new = work_rerun(before, change), work_rerun(after, change)
        if new > old:
            return f"an edit to {path} would re-run more"
        gained = gained or new < old
        gained = gained or (new == old and _copied(after, change) < _copied(before, change))
    return None if gained else "no edit would re-run less"


def _copied(build: Build, change: Change) -> int:
    """How many COPYs from stages and images an edit re-runs."""
    lines = lines_rerun(build, change)
    copies = (layer for layer in build.layers if layer.copy and not from_context(layer.copy))
    return sum(layer.instruction.span.start in lines for layer in copies)


_MEASURES: Mapping[Measure, Callable[[Build, Build], str | None]] = {
    "fewer steps": _fewer_steps,
    "fewer files": _fewer_files,
    "same steps": _same_steps,
    "arguments": _fewer_for_arguments,
    "owners": _fewer_owners,
}


def work_rerun(build: Build, change: Change) -> int:
    """How much work an edit re-runs: the commands, and the downloads that a build starts itself.

    A RUN split in two is not more work, nor is a `cd` that both parts begin with.
    """
    lines = lines_rerun(build, change)
    again = (layer for layer in runs(build) if layer.instruction.span.start in lines)
    return sum(amount_of_work(build, layer) for layer in again)


def _lost_work(before: Build, after: Build, moved: tuple[str, ...] = ()) -> str | None:
    """Order: the commands and where they run stay, and so do all instructions not `moved`."""
    old, new = Counter(_commands(before)), Counter(_commands(after))
    added = {words for (*_, words) in new - old}
    if old - new or not added <= repeatable(after):
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
    for layer in runs(build):
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
