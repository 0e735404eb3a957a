"""Commits laid over a build as it is and as fixed: which commands each of them re-ran."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from rules.model.cache import Build, Change, file_classes
from rules.model.cheap import is_cheap
from rules.model.dataclass import dataclass
from rules.model.evidence import Work, with_paths, work, work_rerun

_ACCOUNTS = frozenset("addgroup adduser groupadd useradd usermod".split())
Ran = Mapping[Work, frozenset[int]]
"""The places of the commits that ran each command."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An expensive step, and when it ran.

    It is a RUN, or a part of one that re-runs apart from the rest once fixed. `now` and `fixed`
    are the places of the commits that re-ran it.
    """

    line: int
    text: str
    now: frozenset[int]
    fixed: frozenset[int]


@dataclass(frozen=True, slots=True)
class Replay:
    """What `commits` commits re-ran of a Dockerfile, the oldest at place 0."""

    commits: int
    steps: tuple[Counted, ...]

    @property
    def now(self) -> int:
        """How many expensive steps ran, over all commits."""
        return sum(len(step.now) for step in self.steps)

    @property
    def fixed(self) -> int:
        """How many would have run after the fixes."""
        return sum(len(step.fixed) for step in self.steps)


def replay(build: Build, fixed: Build, commits: Sequence[frozenset[str]]) -> Replay:
    """Replay commits, the oldest first, each the paths of the repository that it changed.

    Both builds are held as they are: a commit that changed the Dockerfile itself should not be
    among them. Files that come later are taken by what is copied now.
    """
    return count(build, len(commits), ran(build, commits), ran(fixed, commits))


def count(build: Build, commits: int, now: Ran, then: Ran) -> Replay:
    """Count the expensive steps of a build: when they ran as it is, and when they would then."""
    return Replay(commits, tuple(_steps(build, now, then)))


def ran(build: Build, commits: Sequence[frozenset[str]]) -> Ran:
    """The places of the commits that re-run each command."""
    whole = with_paths(build, frozenset[str]().union(*commits))
    class_of: dict[str, int] = {}
    works: list[frozenset[Work]] = []
    for path, alike in file_classes(whole).items():
        class_of.update(dict.fromkeys((build.context.top + each for each in alike), len(works)))
        works.append(work_rerun(whole, Change(edits=frozenset({path}))))
    places: dict[Work, set[int]] = {}
    for place, commit in enumerate(commits):
        for kind in {class_of[path] for path in commit & class_of.keys()}:
            for each in works[kind]:
                places.setdefault(each, set()).add(place)
    return {each: frozenset(found) for each, found in places.items()}


def _steps(build: Build, now: Ran, then: Ran) -> Iterable[Counted]:
    none = frozenset[int]()
    for layer in build.layers:
        instruction = layer.instruction
        if instruction.keyword != "RUN":
            continue
        ran = [(now.get(each, none), then.get(each, none), each) for each in work(layer)]
        groups = [(key, [each for *_, each in group]) for key, group in groupby(ran, _when)]
        for (before, after), commands in groups:
            if all(_is_cheap(each) for each in commands):
                continue
            said = instruction.value if len(groups) == 1 else _said(commands)
            yield Counted(instruction.span.start, said, before, after)


def _when(
    ran: tuple[frozenset[int], frozenset[int], Work],
) -> tuple[frozenset[int], frozenset[int]]:
    return ran[0], ran[1]


def _is_cheap(command: Work) -> bool:
    words = command[-1]
    if not isinstance(words, tuple):
        return False
    return is_cheap(words) or not _ACCOUNTS.isdisjoint(words[:1])


def _said(commands: Iterable[Work]) -> str:
    """Commands as one would type them; the last part of each is its words."""
    words = (each[-1] for each in commands)
    return " && ".join(" ".join(each) if isinstance(each, tuple) else str(each) for each in words)
