"""Whether commits re-run what a replay says: `python -m tests.bench.replay --repos DIR`.

DIR is a folder of git clones. Of Dockerfiles drawn from them, the state before some of the last commits
is built by the engine with faked images, and then each commit, one after the other, from a checkout of
its own. The Dockerfile and its ignore file are held as a replay holds them. A decision is one step of
one commit; it is right when the engine reuses or runs the step as the model says.
"""

import argparse
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from bot.terminal.clone import Clone, GitError
from rules.model.builder import is_dockerfile
from rules.model.cache import Build, Change
from rules.model.evidence import with_paths
from tests.bench.audit import (
    check_out,
    compare,
    differing,
    faked,
    is_for_windows,
    open_whole,
    start_engine,
)
from tests.bench.changes import Decision
from tests.engine.build import Case
from tests.engine.build import build as build_really
from tests.engine.engine import Engine

A_REPOSITORY = 2
SLOWEST = 6
"""Seconds for the first build: what takes longer is left out."""

MAX_FILES = 1_000
"""Of a context: copying larger ones takes most of the time."""

Log = Sequence[tuple[str, frozenset[str]]]


@dataclass(slots=True)
class Tally:
    """What came out."""

    decisions: int = 0
    wrong: int = 0
    reruns: int = 0
    commits: int = 0
    repositories: set[str] = field(default_factory=set)
    dockerfiles: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)


class Held:
    """One Dockerfile as it was before the oldest of some commits, and their checkouts."""

    def __init__(self, clone: Clone, build: Build, log: Log, place: Path) -> None:
        self.clone, self.build, self.log, self.place = clone, build, log, place
        self.top = build.context.top
        self.whole = with_paths(build, frozenset().union(*(paths for _, paths in log)))
        self.images = faked(build)

    def case(self, at: int) -> Case | None:
        """The build of a commit; its checkout stays until the next but one is asked for."""
        target = self.place / str(at)
        shutil.rmtree(self.place / str(at - 2), ignore_errors=True)
        if not target.exists():
            if not check_out(self.clone, self.log[at][0], self.build.context.root, target):
                return None
            self._hold(target)
        return Case(
            target,
            self.build.path.removeprefix(self.top),
            text=self.build.dockerfile.text,
            images=self.images,
        )

    def _hold(self, target: Path) -> None:
        """Put the ignore file back that governed the first of the commits."""
        ignore = self.build.context.ignore
        for name in (".dockerignore", f"{self.build.path.removeprefix(self.top)}.dockerignore"):
            (target / name).unlink(missing_ok=True)
            if ignore is not None and ignore.path == self.top + name:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_text(self.build.repository.read(ignore.path) or "")

    def decision(self, at: int) -> Decision:
        """What the model says of a commit after the one before."""
        path = self.build.path
        paths = self.log[at][1] - {path, f"{path}.dockerignore", f"{self.top}.dockerignore"}
        inside = frozenset(self.build.context.inside(paths))
        return Decision("commit", self.log[at][0][:10], (), self.whole, Change(edits=inside))


def drawn(folder: Path, commits: int, chance: random.Random) -> Iterator[tuple[Clone, Log, str]]:
    """Clones, so many commits of each (the oldest first) and one Dockerfile, in random order."""
    found = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            clone = Clone(place)
            log = clone.log("HEAD", commits + 1)[::-1]
            tree = clone.repository(log[0][0])
        except (GitError, IndexError):
            continue
        paths = sorted(path for path in tree.paths if is_dockerfile(path))
        chance.shuffle(paths)
        found += [(turn, chance.random(), clone, log, path) for turn, path in enumerate(paths)]
    for turn, _, clone, log, path in sorted(found, key=lambda each: each[:2]):
        if turn < A_REPOSITORY:
            yield clone, log, path


def audit(engine: Engine, held: Held, tally: Tally, name: str) -> str | None:
    """Ask both about each commit; why the Dockerfile is left out."""
    first = held.case(0)
    if first is None:
        return "too large, or not all in the clone"
    engine.forget()
    begun = time.monotonic()
    try:
        result = build_really(engine, first)
    except RuntimeError:
        return "a base image that the engine refuses"
    if result.error is not None:
        return "the fakes cannot build it"
    if time.monotonic() - begun > SLOWEST:
        return f"one build takes more than {SLOWEST} s"
    for at in range(1, len(held.log)):
        case, decision = held.case(at), held.decision(at)
        if case is None:
            break
        result = build_really(engine, case)
        model, truth = compare(decision, result)
        if model != truth and result.error is None:  # a state that was there before is reused
            engine.forget()
            before = held.case(at - 1)
            assert before is not None
            build_really(engine, before)
            result = build_really(engine, case)
            model, truth = compare(decision, result)
        if result.error is not None:  # a file that the held Dockerfile names is gone
            tally.skipped["(commits) not built any more"] += len(held.log) - at
            break
        wrong = differing(model, truth)
        tally.commits += 1
        tally.decisions += len(truth)
        tally.reruns += list(truth.values()).count("run")
        tally.wrong += len(wrong)
        if wrong:
            lines = ", ".join(f"{n}: {model.get(n)} / {truth.get(n)}" for n in wrong)
            changed = " ".join(sorted(held.log[at][1])[:6])
            tally.disagreements.append(f"{name} {decision.about}: {lines}; changed {changed}")
            click.echo(tally.disagreements[-1], err=True)
    return None


def run(engine: Engine, folder: Path, wanted: int, commits: int, seed: int) -> Tally:
    """Audit Dockerfiles until so many decisions are made."""
    chance, tally = random.Random(seed), Tally()
    for clone, log, path in drawn(folder, commits, chance):
        if tally.decisions >= wanted:
            break
        name = f"{clone.folder.name}:{path}"
        try:
            build = open_whole(clone, clone.repository(log[0][0]), path)
        except (GitError, IndexError):
            build = "not all in the clone"
        if isinstance(build, str):
            tally.skipped[build] += 1
            continue
        top = build.context.top
        touching = [each for each in log[1:] if any(p.startswith(top) for p in each[1])]
        if not path.startswith(top) or not touching:
            tally.skipped["no commit in its context"] += 1
            continue
        if len(build.context.files) > MAX_FILES:
            tally.skipped[f"more than {MAX_FILES} files"] += 1
            continue
        if is_for_windows(build):
            tally.skipped["Windows"] += 1
            continue
        with tempfile.TemporaryDirectory(prefix="layerwise-replay-") as place, engine.alone():
            held = Held(clone, build, [log[0], *touching], Path(place))
            begun, before = time.monotonic(), tally.commits
            try:
                reason = audit(engine, held, tally, name)
            except (subprocess.TimeoutExpired, TimeoutError):
                reason = "the engine does not answer"
        if reason is not None:
            tally.skipped[reason] += 1
            continue
        tally.dockerfiles += 1
        tally.repositories.add(clone.folder.name)
        done = f"{tally.decisions:6} {tally.wrong:3} {tally.commits - before:4} commits"
        click.echo(f"{done} {time.monotonic() - begun:6.1f} s {name}", err=True)
    return tally


def show(tally: Tally) -> None:
    """Print the sums, what was left out, and every disagreement."""
    right = tally.decisions - tally.wrong
    click.echo(f"decisions {tally.decisions}, equal {right}, {right / max(tally.decisions, 1):.2%}")
    click.echo(f"of these re-run {tally.reruns}; commits {tally.commits}")
    click.echo(f"Dockerfiles {tally.dockerfiles} of {len(tally.repositories)} repositories")
    for reason, count in sorted(tally.skipped.items()):
        click.echo(f"left out, {reason}: {count}")
    for text in tally.disagreements:
        click.echo(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--decisions", type=int, default=5000, metavar="N")
    parser.add_argument("--commits", type=int, default=40, metavar="N", help="of a Dockerfile")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    given = parser.parse_args()
    engine = start_engine()
    show(run(engine, given.repos, given.decisions, given.commits, given.seed))


if __name__ == "__main__":
    main()
