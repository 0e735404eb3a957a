"""What suggested orders do to real builds: `python -m tests.bench.builds --repos DIR`.

DIR is a folder of git clones. Each Dockerfile that gets an order suggested is built on the engine with
faithful shims, as it is and with all order suggestions made: both build, the image has the same
file tree, and after an edit to the source fewer steps run (where the download alone goes first, as many
run, but what they need is there). `--commits N` looks at the last N versions of each Dockerfile too, and takes of
each the first that has a fix. `--real` takes the files that need pip and npm only, and builds them
with the real tools. Prints a table.
"""

import argparse
import random
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

import rules
from bot.terminal.local import Clone, GitError
from bot.terminal.replay import inspect_clone
from rules.model.cache import Build, Change, distinct_files, file_classes
from rules.model.finding import Finding
from rules.model.repository import Repository
from rules.proof import work_rerun
from tests.bench.audit import checked_out, dockerfiles, is_for_windows, start_engine
from tests.engine.build import Case, Entry, Result, build, compare
from tests.engine.engine import Engine, Unavailable

RULES = frozenset(rule.name for rule in rules.RULES if rule.strategy == "order")
REAL = frozenset({"npm", "pip"})
TIMED = ("__pycache__", ".pyc", "var/log", "var/cache/ldconfig", "tmp/node-compile-cache", "_logs/", "_cacache/", "_update-notifier", ".package-lock.json", "var/lib/dpkg", "var/lib/apt")  # fmt: skip
"""What real tools leave other with each build: times, logs, caches by address."""


@dataclass(slots=True)
class Row:
    """What became of one Dockerfile."""

    name: str
    commit: str
    programs: str
    edit: str
    steps: tuple[int, int]
    """RUNs that the edit runs again, before and after."""
    work: tuple[int, int]
    """The same in commands and downloads, as the model counts."""
    downloads: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    """The tools that download anew after the edit, as they say themselves."""
    error: str | None = None
    differences: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the fix builds, leaves the same tree, and spares steps or downloads."""
        return self.error is None and not self.differences and (self.spares_steps or self.spares)

    @property
    def spares_steps(self) -> bool:
        """Whether the edit runs fewer RUNs again."""
        return self.steps[1] < self.steps[0]

    @property
    def spares(self) -> bool:
        """Whether it runs fewer commands, or downloads less: of a RUN that was split."""
        return self.downloads[1] < self.downloads[0] or (
            self.work[1] < self.work[0] and self.steps[0] > 0
        )


def inspected(clone: Clone, tree: Repository, path: str) -> tuple[Build, list[Finding]] | None:
    """The build of a Dockerfile and its order findings with a fix, every text fetched."""
    report = inspect_clone(clone, tree, path)
    if report.build is None or report.build.context.kind != "local":
        return None
    found = [f for f in report.findings if f.rule in RULES and f.fix is not None]
    if not found or is_for_windows(report.build):
        return None
    return report.build, found


def versions(
    clone: Clone, commit: str, tree: Repository, path: str, most: int
) -> Iterator[tuple[str, Repository]]:
    """The commit, then the last commits that changed the Dockerfile and those before them."""
    yield commit, tree
    if most:
        changed = clone.git("log", f"-{most}", "--format=%H %P", commit, "--", path).decode()
        seen = {commit}
        for line in changed.splitlines():
            for older in line.split()[:2]:
                if older in seen:
                    continue
                seen.add(older)
                tree = clone.repository(older)
                if path in tree.paths:
                    yield older, tree


def telling_edit(before: Build, after: Build) -> tuple[str, tuple[int, int]]:
    """The file whose edit spares most, and the work before and after."""
    work = {}
    for path in distinct_files(before, after):
        change = Change(edits=frozenset({path}))
        work[path] = work_rerun(before, change), work_rerun(after, change)
    path = max(work, key=lambda each: work[each][0] - work[each][1])
    # one that is like it and tells people more
    alike = set.intersection(
        *(
            next({*paths} for paths in file_classes(build).values() if path in paths)
            for build in (before, after)
        )
    )
    return next(filter(_is_source, sorted(alike)), path), work[path]


def _is_source(path: str) -> bool:
    """Whether it is more telling than settings of other tools and words for people."""
    return not re.search(r"(^|/)(\.|[Dd]ockerfile)|\.(md|txt|ya?ml|json|lock|sum)$", path)


def target(before: Build, findings: Sequence[Finding]) -> str | None:
    """The stage to build where the last one needs none of those that are changed."""
    changed = {
        layer.stage
        for layer in before.layers
        for finding in findings
        if finding.span.start <= layer.instruction.span.start <= finding.span.end
    }
    needed = {len(before.dockerfile.stages) - 1}
    for layer in reversed(before.layers):
        if layer.stage in needed:
            copied = layer.copy.stage if layer.copy else None
            found = {layer.parent, copied, *(mount.stage for mount in layer.mounts)}
            needed |= {stage for stage in found if stage is not None}
    aside = [] if changed & needed else sorted(changed)
    return before.dockerfile.stages[aside[-1]].name if aside else None


def written(before: Build, after: Build) -> list[dict[str, str]]:
    """The fixes as a change of the context."""
    return [
        {"op": "add", "path": path.removeprefix(before.context.top), "content": text}
        for path, text in after.repository.texts.items()
        if text is not None and text != before.repository.texts.get(path)
    ]


def judge(engine: Engine, case: Case, before: Build, after: Build, row: Row) -> str | None:
    """Build both, compare, edit and build both again; returns why the file is left out."""
    fixed, edit = written(before, after), [{"op": "modify", "path": row.edit}]
    engine.forget()
    first = build(engine, case, export=True)
    if first.error is not None:
        return f"the fakes cannot build it: {cause(first)}"
    again = build(engine, case, edit)
    engine.forget()
    second = build(engine, case, fixed, export=True)
    if second.error is not None:
        row.error = cause(second)
        return None
    fixed_again = build(engine, case, [*fixed, *edit])
    for result in (again, fixed_again):
        if result.error is not None:
            return f"the edit breaks it: {cause(result)}"
    row.steps = count_runs(again), count_runs(fixed_again)
    row.downloads = downloading(again), downloading(fixed_again)
    own = [step["path"].rpartition("/")[2] for step in fixed] + [Path(case.dockerfile).name]
    row.differences = differences(first, second, own, case)
    if row.differences and case.shims == "faithful":
        # what no shim knows how to make depends on all files of its stage: the same in both, once more
        case = replace(case, outputs="const")
        trees = [build(engine, case, change, export=True) for change in ([], fixed)]
        row.differences = differences(trees[0], trees[1], own, case)
    return None


def cause(result: Result) -> str:
    """Why a build failed, in its tools' words."""
    said = [line for line in result.log.split("\n") if line.strip()][-2:]
    errors = [e for e in (result.error or "").split("\n") if "context canceled" not in e][-1:]
    return " / ".join([*said, *errors]).replace("|", "/")[-300:]


def count_runs(result: Result) -> int:
    return sum(step.keyword == "RUN" and step.status == "run" for step in result.steps)


def downloading(result: Result) -> frozenset[str]:
    """The tools that said that they download."""
    return frozenset(re.findall(r"^\[downloads\] (\S+)", result.log, re.MULTILINE))


def differences(first: Result, second: Result, own: Sequence[str], case: Case) -> tuple[str, ...]:
    """What differs between the trees but the files that the fix is about."""
    if first.tree is None or second.tree is None:
        return ("a tree is missing",)
    aside = (*own, ".faked", *(TIMED if case.shims == "real" else ()))
    kept = [_without(result.tree or {}, aside) for result in (first, second)]
    return tuple(compare(kept[0], kept[1]))


def _without(tree: Mapping[str, Entry], aside: Sequence[str]) -> Mapping[str, Entry]:
    return {path: entry for path, entry in tree.items() if not any(part in path for part in aside)}


def rows(
    engine: Engine,
    folder: Path,
    files: int,
    seed: int,
    skipped: Counter[str],
    *,
    commits: int,
    real: bool,
    only: str,
) -> Iterator[Row]:
    """Judge so many files."""
    done = 0
    for clone, commit, tree, path in dockerfiles(folder, random.Random(seed)):
        if done >= files:
            return
        name = f"{clone.folder.name}:{path}"
        if not re.search(only, name):
            continue
        try:
            found = None
            for at, version in versions(clone, commit, tree, path, commits):
                found = inspected(clone, version, path)
                if found is not None:
                    commit = at
                    break
        except (GitError, IndexError):
            continue
        if found is None:
            continue
        before, findings = found
        after, _ = rules.combine(before, findings)
        edit, work = telling_edit(before, after)
        programs = sorted({f.subject.split()[1] for f in findings})
        if real and not set(programs) <= REAL:
            continue
        row = Row(name, commit[:12], ", ".join(programs), edit, (0, 0), work)
        with tempfile.TemporaryDirectory(prefix="layerwise-builds-") as place:
            shims = "real" if real else "faithful"
            case = checked_out(clone, commit, before, Path(place, "context"), shims)
            if case is None:
                skipped["too large, or not all in the clone"] += 1
                continue
            network = "host" if real else case.network
            case = replace(case, network=network, target=target(before, findings))
            try:
                with engine.alone():
                    reason = judge(engine, case, before, after, row)
            except (subprocess.TimeoutExpired, RuntimeError, Unavailable) as error:
                reason = f"{type(error).__name__}: {error}"
        if reason is not None:
            skipped[reason.partition(":")[0]] += 1
            click.echo(f"left out: {name}: {reason}", err=True)
            continue
        done += 1
        yield row


def show(row: Row) -> str:
    """One line of the table."""
    pairs = (row.steps, row.work, [", ".join(sorted(tools)) or "-" for tools in row.downloads])
    steps, work, downloads = (" → ".join(map(str, pair)) for pair in pairs)
    tree = row.error or (f"OTHER: {row.differences[0]}" if row.differences else "same")
    return f"| {row.name} | {row.commit} | {row.programs} | {row.edit} | {steps} | {downloads} | {work} | {tree} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--files", type=int, default=30, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--commits", type=int, default=0, metavar="N", help="older versions too")
    parser.add_argument("--real", action="store_true", help="the real pip and npm")
    parser.add_argument("--only", default="", metavar="PATTERN", help="OWNER+NAME:PATH has this")
    given = parser.parse_args()
    engine = start_engine()
    skipped, done = Counter[str](), []
    click.echo("| Dockerfile | commit | programs | edit | RUNs again | downloads again | work | tree |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for row in rows(engine, given.repos, given.files, given.seed, skipped, commits=given.commits, real=given.real, only=given.only):  # fmt: skip
        done.append(row)
        click.echo(show(row))
    holding = [row for row in done if row.holds]
    programs = sorted({name for row in holding for name in row.programs.split(", ")})
    fewer = sum(row.spares_steps for row in holding)
    click.echo(f"\n{len(done)} files, {sum(row.error is not None for row in done)} broken, {sum(bool(row.differences) for row in done)} other trees, {len(holding)} hold, {fewer} with fewer RUNs; programs: {', '.join(programs)}")  # fmt: skip
    for reason, number in sorted(skipped.items()):
        click.echo(f"left out, {reason}: {number}")


if __name__ == "__main__":
    main()
