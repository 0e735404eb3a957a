"""How often the model says what the engine does: `python -m tests.bench.audit --repos DIR`.

DIR is a folder of git clones. Of their Dockerfiles some are drawn, of each some changes (changes.py);
the engine builds with faked images, makes the change and builds again.
A decision is right when every instruction is reused or re-run as the model says.
"""

import argparse
import os
import random
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from bot.inspection import ROUNDS
from bot.terminal.local import Clone, GitError
from rules import open_build
from rules.model.builder import is_dockerfile
from rules.model.cache import Build, rerun
from rules.model.images import read_image
from rules.model.repository import Repository
from tests.bench.changes import Decision, decisions, images
from tests.engine.build import Case, Result
from tests.engine.build import build as build_really
from tests.engine.engine import Engine, Unavailable, use
from tests.engine.images import Image, reference
from tests.engine.plan import read as read_plan

MAX_BYTES = 30_000_000
MAX_FILES = 5_000
A_REPOSITORY = 2
"""Dockerfiles at most that are drawn of one repository."""
SLOWEST = 15
"""Seconds for the first build: what takes longer is left out."""
_WINDOWS = re.compile(r"windows|nanoserver", re.IGNORECASE)


@dataclass(slots=True)
class Tally:
    """What came out, by kind of change."""

    equal: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    statuses: int = 0
    wrong_statuses: int = 0
    files: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)


def start_engine(number: int = 0) -> Engine:
    """One of the engines; without any the bench ends here."""
    try:
        return use(number)
    except Unavailable as error:
        raise SystemExit(f"no engine: {error}") from error


def dockerfiles(
    folder: Path, chance: random.Random
) -> Iterator[tuple[Clone, str, Repository, str]]:
    """Clone, commit, tree and path of Dockerfiles in random order, few of one repository."""
    clones = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            clone = Clone(place)
            commit = clone.commit("HEAD")
            tree = clone.repository(commit)
        except GitError:
            continue
        found = sorted(path for path in tree.paths if is_dockerfile(path))
        chance.shuffle(found)
        clones.append((clone, commit, tree, found))
    chance.shuffle(clones)
    for turn in range(max(len(found) for *_, found in clones)):
        for clone, commit, tree, found in clones:
            if turn < len(found):
                clone.repository(commit)  # it reads the objects of the tree that it listed last
                yield clone, commit, tree, found[turn]


def open_whole(clone: Clone, tree: Repository, path: str) -> Build | str:
    """The build of a Dockerfile with every text that it asks for, or why there is none."""
    wanted = {path} | set(tree.symlinks)
    for _ in range(ROUNDS):
        texts = clone.read(wanted)
        tree = replace(tree, texts={**tree.texts, **texts}, missing=set())
        build = open_build(tree, path).build
        if build is None:
            return "cannot be read"
        build.plan().file_classes(build.files)
        wanted = set(tree.missing)
        if wanted:
            continue
        if build.context.error is not None:
            return "the ignore file fails the build"
        kind = build.context.kind
        return build if kind == "local" else f"context of the kind {kind}"
    return "asks for ever more files"


def is_for_windows(build: Build) -> bool:
    """Whether a stage stands on an image that the engine cannot fake."""
    return any(_WINDOWS.search(stage.image) for stage in build.dockerfile.stages)


def checked_out(
    clone: Clone, commit: str, build: Build, target: Path, shims: str = "easy"
) -> Case | None:
    """The build of a commit, its context written to disk; None where that is too large or not whole."""
    if not check_out(clone, commit, build.context.root, target):
        return None
    path = build.path.removeprefix(build.context.top)
    return Case(target, path, images=faked(build), shims=shims)


def check_out(clone: Clone, commit: str, root: str, target: Path) -> bool:
    """Write a folder of a commit to disk; False when it is too large, not all there or no folder."""
    tree = f"{commit}:{root}" if root else f"{commit}^{{tree}}"
    try:
        listed = clone.git("ls-tree", "-r", "-l", tree).splitlines()
    except GitError:  # the commit has no such folder
        return False
    sizes = [line.split()[3] for line in listed]
    if len(sizes) > MAX_FILES or sum(int(size) for size in sizes if size.isdigit()) > MAX_BYTES:
        return False
    target.mkdir()
    top = Path(os.fsdecode(clone.git("rev-parse", "--absolute-git-dir").rstrip(b"\n")))
    environment = {**os.environ, "GIT_INDEX_FILE": f"{target}.index", "GIT_DIR": str(top)}
    for command in (["read-tree", tree], [f"--work-tree={target}", "checkout-index", "-a", "-q"]):
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *command],
            cwd=target,
            env=environment,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            return False
    return True


def compare(decision: Decision, result: Result) -> tuple[dict[int, str], dict[int, str]]:
    """What the model and the engine say of each instruction that both speak of, by line."""
    last = len(decision.build.dockerfile.stages) - 1
    said = {"cached": "cached", "rerun": "run"}
    steps = rerun(decision.build, decision.change, "input", last)
    model = {s.line: said[s.status] for s in steps if s.status in said}
    engine = {s.line: s.status for s in result.steps if s.status in ("cached", "run")}
    for step in result.steps:
        if step.triggers:
            engine[step.line] = max(status for _, status in step.triggers)
    silent = {s.line for s in result.steps if s.status == "unevaluated"} | _first_on_scratch(
        decision.build
    )
    for statuses in (model, engine):
        for line in silent & statuses.keys():
            del statuses[line]
    return model, engine


def _first_on_scratch(build: Build) -> set[int]:
    """WORKDIRs first on an empty image: the engine says they ran, although all after is reused."""
    lines = set()
    for stage in build.dockerfile.stages:
        steps = [layer for layer in build.layers if layer.stage == stage.index and layer.step]
        if stage.image == "scratch" and steps and steps[0].instruction.keyword == "WORKDIR":
            lines.add(steps[0].instruction.span.start)
    return lines


def differing(model: Mapping[int, str], truth: Mapping[int, str]) -> list[int]:
    """The lines of which they do not say the same."""
    return sorted(n for n in model.keys() | truth.keys() if model.get(n) != truth.get(n))


class Asker:
    """Asks the engine about changes of one build.

    The first build is made once; a change that collides with an earlier one looks reused. So an answer
    that is not the model's is asked for again, from an empty cache.
    """

    def __init__(self, engine: Engine, case: Case, text: str) -> None:
        self.engine, self.case, self.text = engine, case, text

    def start(self) -> str | None:
        """Build from an empty cache; why it cannot be built."""
        self.engine.forget()
        try:
            return build_really(self.engine, self.case).error
        except RuntimeError as error:  # a base image whose name the engine refuses
            return str(error)

    def keeps_images(self, decision: Decision) -> bool:
        """Whether the faked images stay as they are: they hold a list of what each RUN has to leave."""
        given = {
            step["name"]: step["value"] for step in decision.operations if step["op"] == "build-arg"
        }
        before = read_plan(self.text, self.case.build_args)
        after = read_plan(decision.build.dockerfile.text, {**self.case.build_args, **given})
        common = before.images.keys() & after.images.keys()
        return (
            before.outputs == after.outputs
            and before.accounts == after.accounts
            and before.installed == after.installed
            and all(before.images[name] == after.images[name] for name in common)
        )

    def ask(self, decision: Decision) -> Result:
        """Build after a change. Of an image that is replaced, all that is copied from it is other too."""
        case = self.case
        if decision.image:
            needed = read_plan(self.text, {}).images.items()
            wanted = {
                path
                for name, paths in needed
                if reference(name) == decision.image
                for path in paths
            }
            files = {
                f"{path}.faked" if path.endswith("/") else path: "changed\n" for path in wanted
            }
            files["/etc/replaced"] = (
                "changed\n"  # what a RUN leaves depends on all files but the fakes' own
            )
            image = replace(case.images.get(decision.image, Image()), salt="changed", files=files)
            case = replace(case, images={**case.images, decision.image: image})
        return build_really(self.engine, case, decision.operations)


def audit(asker: Asker, asked: list[Decision], tally: Tally, name: str) -> str | None:
    """Ask both about some changes of one Dockerfile; why it is left out."""
    begun = time.monotonic()
    error = asker.start()
    if error is not None:
        click.echo(f"not built: {name}: {error[-200:]!r}", err=True)
        return "the fakes cannot build it"
    if time.monotonic() - begun > SLOWEST:
        return f"one build takes more than {SLOWEST} s"
    for decision in asked:
        if not asker.keeps_images(decision):
            tally.skipped["(change) the faked images would change along"] += 1
            continue
        result = asker.ask(decision)
        model, truth = compare(decision, result)
        if model != truth and result.error is None:
            asker.start()
            result = asker.ask(decision)
            model, truth = compare(decision, result)
        if result.error is not None:
            tally.skipped["(change) the second build fails"] += 1
            continue
        tally.statuses += len(truth)
        if model == truth:
            tally.equal[decision.kind] += 1
            continue
        tally.other[decision.kind] += 1
        lines = differing(model, truth)
        tally.wrong_statuses += len(lines)
        tally.disagreements.append(describe(decision, name, lines, model, truth))
        click.echo(tally.disagreements[-1], err=True)
    return None


def describe(
    decision: Decision,
    name: str,
    lines: list[int],
    model: Mapping[int, str],
    truth: Mapping[int, str],
) -> str:
    """A disagreement, one line an instruction, with the model's reason."""
    dockerfile = decision.build.dockerfile
    steps = rerun(decision.build, decision.change, "input", len(dockerfile.stages) - 1)
    causes = {step.line: step.cause for step in steps}
    said = [
        f"  {n}: model {model.get(n)} ({causes.get(n)}), engine {truth.get(n)}: {dockerfile.lines[n - 1][:100]}"
        for n in lines
    ]
    return "\n".join([f"{name}: {decision.kind}: {decision.about}", *said])


def faked(build: Build) -> Mapping[str, Image]:
    """The base images with the working folders that the real ones are known to set."""
    known = {kept: read_image(next(iter(names))) for kept, names in images(build).items()}
    return {
        kept: Image(workdir=image.folder)
        for kept, image in known.items()
        if image.folder and image.folder != "/"
    }


def run(engine: Engine, folder: Path, files: int, changes: int, seed: int) -> Tally:
    """Audit so many Dockerfiles with so many changes each."""
    chance, tally = random.Random(seed), Tally()
    of_repository: Counter[Path] = Counter()
    for clone, commit, tree, path in dockerfiles(folder, chance):
        name = f"{clone.folder.name}:{path}"
        if tally.files >= files:
            break
        if of_repository[clone.folder] >= A_REPOSITORY:
            continue
        try:
            build = open_whole(clone, tree, path)
        except (GitError, IndexError):  # a text that the clone lacks
            build = "not all in the clone"
        if isinstance(build, str):
            tally.skipped[build] += 1
            continue
        if is_for_windows(build):
            tally.skipped["Windows"] += 1
            continue
        with tempfile.TemporaryDirectory(prefix="layerwise-audit-") as place:
            case = checked_out(clone, commit, build, Path(place, "context"))
            if case is None:
                tally.skipped["too large, or not all in the clone"] += 1
                continue
            begun = time.monotonic()
            with engine.alone():
                asker = Asker(engine, case, build.dockerfile.text)
                try:
                    reason = audit(asker, decisions(build, changes, chance), tally, name)
                except subprocess.TimeoutExpired:
                    reason = "the engine does not answer"
            if reason is not None:
                tally.skipped[reason] += 1
                continue
            tally.files += 1
            of_repository[clone.folder] += 1
            done = tally.equal.total() + tally.other.total()
            click.echo(
                f"{tally.files:3} {done:5} {tally.other.total():3} {time.monotonic() - begun:6.1f} s {name}",
                err=True,
            )
    return tally


def show(tally: Tally) -> None:
    """Print the table, what was left out, and every disagreement."""
    click.echo(f"{'change':34}{'decisions':>10}{'equal':>8}")
    for kind in sorted(tally.equal.keys() | tally.other.keys()):
        click.echo(f"{kind:34}{tally.equal[kind] + tally.other[kind]:10}{tally.equal[kind]:8}")
    equal, other = tally.equal.total(), tally.other.total()
    click.echo(f"{'all':34}{equal + other:10}{equal:8}  {equal / max(equal + other, 1):.2%}")
    click.echo(f"{'instructions':34}{tally.statuses:10}{tally.statuses - tally.wrong_statuses:8}")
    click.echo(f"{'Dockerfiles':34}{tally.files:10}")
    for reason, count in sorted(tally.skipped.items()):
        click.echo(f"left out, {reason}: {count}")
    for text in tally.disagreements:
        click.echo(f"\n{text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--files", type=int, default=40, metavar="N")
    parser.add_argument("--changes", type=int, default=10, metavar="M")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument(
        "--engine", type=int, default=0, metavar="NUMBER", help="which of the engines to use"
    )
    given = parser.parse_args()
    engine = start_engine(given.engine)
    show(run(engine, given.repos, given.files, given.changes, given.seed))


if __name__ == "__main__":
    main()
