"""What suggested orders do to real builds: `python -m tests.bench.builds --repos DIR`.

DIR is a folder of git clones. Each Dockerfile that gets an order suggested is built on the engine with
faithful shims, as it is and with all order suggestions made: both build, the image has the same
file tree, and after an edit to the source fewer steps run (where the download alone goes
first, as many run, but the download is kept). Prints a table.
"""

import argparse
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

import rules
from bot.terminal.local import Clone, GitError
from bot.terminal.replay import inspect_clone
from rules.model.cache import Build, Change, distinct_files
from rules.model.finding import Finding
from rules.model.repository import Repository
from rules.proof import work_rerun
from tests.bench.audit import checked_out, dockerfiles, is_for_windows, start_engine
from tests.engine.build import Case, Result, build, compare
from tests.engine.engine import Engine

RULES = frozenset(rule.name for rule in rules.RULES if rule.strategy == "order")


@dataclass(slots=True)
class Row:
    """What became of one Dockerfile."""

    name: str
    managers: str
    edit: str
    steps: tuple[int, int]
    """RUNs that the edit runs again, before and after."""
    work: tuple[int, int]
    """The same in commands and downloads, as the model counts."""
    error: str | None = None
    differences: tuple[str, ...] = ()


def inspected(clone: Clone, tree: Repository, path: str) -> tuple[Build, list[Finding]] | None:
    """The build of a Dockerfile and its order findings with a fix, every text fetched."""
    report = inspect_clone(clone, tree, path)
    if report.build is None or report.build.context.kind != "local":
        return None
    return report.build, [f for f in report.findings if f.rule in RULES and f.fix is not None]


def telling_edit(before: Build, after: Build) -> tuple[str, tuple[int, int]]:
    """The file whose edit spares most, and the work before and after."""
    work = {}
    for path in distinct_files(before, after):
        change = Change(edits=frozenset({path}))
        work[path] = work_rerun(before, change), work_rerun(after, change)
    path = max(work, key=lambda each: work[each][0] - work[each][1])
    return path, work[path]


def judge(engine: Engine, case: Case, before: Build, after: Build, row: Row) -> str | None:
    """Build both, compare, edit and build both again; returns why the file is left out."""
    changed = {
        path.removeprefix(before.context.top): text
        for path, text in after.repository.texts.items()
        if text != before.repository.texts.get(path) and text is not None
    }
    fixed = [{"op": "add", "path": path, "content": text} for path, text in changed.items()]
    edit = [{"op": "modify", "path": row.edit}]
    engine.forget()
    first = build(engine, case)
    if first.error is not None:
        return f"the fakes cannot build it: {first.error[-200:]!r}"
    again = build(engine, case, edit)
    tree = build(engine, case, export=True).tree
    engine.forget()
    second = build(engine, case, fixed)
    if second.error is not None:
        row.error = (second.error + second.log)[-300:]
        return None
    fixed_again = build(engine, case, [*fixed, *edit])
    row.steps = count_runs(again), count_runs(fixed_again)
    own = [Path(path).name for path in (*changed, case.dockerfile)]
    made = build(engine, case, fixed, export=True).tree
    if tree is None or made is None:
        row.differences = ("a tree is missing",)
        return None
    lines = [line for line in compare(tree, made) if not any(name in line for name in own)]
    row.differences = tuple(line for line in lines if ".faked" not in line)
    return None


def count_runs(result: Result) -> int:
    return sum(step.keyword == "RUN" and step.status == "run" for step in result.steps)


def rows(
    engine: Engine, folder: Path, files: int, seed: int, skipped: Counter[str]
) -> Iterator[Row]:
    """Judge so many files."""
    done = 0
    for clone, commit, tree, path in dockerfiles(folder, random.Random(seed)):
        if done >= files:
            return
        name = f"{clone.folder.name}:{path}"
        try:
            found = inspected(clone, tree, path)
        except (GitError, IndexError):
            continue
        if found is None or not found[1]:
            continue
        before, findings = found
        if is_for_windows(before):
            continue
        after, _ = rules.combine(before, findings)
        edit, work = telling_edit(before, after)
        managers = ", ".join(sorted({f.subject.split()[1] for f in findings}))
        row = Row(name, managers, edit, (0, 0), work)
        with tempfile.TemporaryDirectory(prefix="layerwise-builds-") as place:
            case = checked_out(clone, commit, before, Path(place, "context"), "faithful")
            if case is None:
                skipped["too large, or not all in the clone"] += 1
                continue
            try:
                with engine.alone():
                    reason = judge(engine, case, before, after, row)
            except (subprocess.TimeoutExpired, RuntimeError) as error:
                reason = type(error).__name__
        if reason is not None:
            skipped[reason.partition(":")[0]] += 1
            click.echo(f"left out: {name}: {reason}", err=True)
            continue
        done += 1
        yield row


def show(row: Row) -> str:
    """One line of the table."""
    steps, work = ("->".join(map(str, pair)) for pair in (row.steps, row.work))
    tree = row.error or (f"OTHER: {row.differences[0]}" if row.differences else "same")
    return f"| {row.name} | {row.managers} | {row.edit} | {steps} | {work} | {tree} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--files", type=int, default=30, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    given = parser.parse_args()
    engine = start_engine()
    skipped = Counter[str]()
    click.echo(
        "| Dockerfile | programs | edit | RUNs again | work | tree |\n|---|---|---|---|---|---|"
    )
    for row in rows(engine, given.repos, given.files, given.seed, skipped):
        click.echo(show(row))
    for reason, number in sorted(skipped.items()):
        click.echo(f"left out, {reason}: {number}")


if __name__ == "__main__":
    main()
