"""Do suggested fixes break builds, ours beside other fixers: `python -m tests.bench.safety --repos DIR`.

DIR is a folder of git clones. Dockerfiles are drawn; each is built on the engine with faithful shims as
it is and after each fixer has changed all that it would: ours makes every suggestion, the others are
commands that write files (`pip install tally-cli docker-opt dockerfile-doctor dockerfile-hardener
docktor-py`; one that is not installed is left out). A fix is broken when its file does not build while
the original does. Trees are compared without what lies in a mount, indexes and caches of system
packages, and what no shim knows how to make (`outputs="const"`); a tree is other when it differs, and
has lost when a file of the original is not there or has become another. A fixer that takes another base image is not found
out: all images are faked alike.
"""

import argparse
import difflib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import click

import rules
from bot.terminal.local import GitError
from bot.terminal.replay import inspect_clone
from rules.model.cache import Build
from rules.model.dockerfile import Unreadable
from rules.model.finding import Finding
from tests.bench.audit import checked_out, dockerfiles, is_for_windows, start_engine
from tests.bench.builds import cause, written
from tests.engine.build import Case, Result, build, compare
from tests.engine.engine import Engine

OURS = "layerwise"
COMMANDS: Mapping[str, Sequence[str]] = {
    "tally": "lint --no-config --fix --fix-unsafe --slow-checks=off --context . FILE".split(),
    "docker-opt": "fix --file FILE --output FILE".split(),
    "dockerfile-doctor": "--fix --unsafe-fixes FILE".split(),
    "dockerfile-hardener": "fix --no-backup FILE".split(),
    "docktor": "optimize --raw FILE".split(),
}
"""How each is told to change a Dockerfile where it lies."""
PRINTING = frozenset(["docktor"])
"""Those that print the file instead."""
KEPT = (
    "etc/apt/apt.conf.d/docker-clean",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/cache/apk",
    "root/.cache",
    "root/.npm",
    "usr/local/share/.cache",
)
"""Where trees may differ whoever made the fix: caches, and what forbids them."""

Operations = list[dict[str, str]]


@dataclass(slots=True)
class Count:
    """What became of one fixer's files."""

    files: int = 0
    hunks: int = 0
    """Groups of lines that it changed."""
    compared: int = 0
    broken: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def programs() -> dict[str, str]:
    """The fixers that are here, beside this Python or on the search path."""
    where = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    found = {name: shutil.which(name, path=where) for name in COMMANDS}
    return {name: path for name, path in found.items() if path}


def suggested(before: Build, findings: Sequence[Finding]) -> tuple[Operations, frozenset[str]]:
    """What all of our fixes change, and the paths that an ignore file is meant to leave out then."""
    found = [finding for finding in findings if finding.fix is not None]
    if not found:
        return [], frozenset()
    after = rules.combine(before, found)[0]
    dropped = {PurePosixPath(path) for path in {*before.context.files} - {*after.context.files}}
    folders = {parent for path in dropped for parent in path.parents}
    return written(before, after), frozenset(map(str, dropped | folders))


def fixed_by(name: str, program: str, case: Case) -> Operations:
    """What another fixer makes of the Dockerfile, where it lies; the folder is left as it was."""
    assert isinstance(case.context, Path)
    place = case.context / case.dockerfile
    text = place.read_bytes()
    command = [program, *(case.dockerfile if w == "FILE" else w for w in COMMANDS[name])]
    try:
        done = subprocess.run(
            command, cwd=case.context, capture_output=True, check=False, timeout=60
        )
        made = done.stdout if name in PRINTING and not done.returncode else place.read_bytes()
    finally:
        place.write_bytes(text)
    if made.split() == text.split() or not made.strip():
        return []
    return [
        {"op": "add", "path": case.dockerfile, "content": made.decode(errors="surrogateescape")}
    ]


def hunks(before: Build, change: Operations) -> int:
    """How many groups of lines a change touches."""
    number = 0
    for step in change:
        old = before.repository.texts.get(before.context.top + step["path"]) or ""
        matcher = difflib.SequenceMatcher(None, old.split("\n"), step["content"].split("\n"))
        number += sum(tag != "equal" for tag, *_ in matcher.get_opcodes())
    return number


def targets(before: Build, change: Operations, dockerfile: str) -> list[str]:
    """Where mounts lie after a change: what they hide is in no layer."""
    text = next((step["content"] for step in change if step["path"] == dockerfile), None)
    if text is None:
        return []
    try:
        after = before.with_text(text)
    except Unreadable:
        return []
    return [m.target.lstrip("/") for layer in after.layers for m in layer.mounts if m.target]


def judge(
    engine: Engine, case: Case, first: Result, before: Build, change: Operations, dropped: Collection[str], count: Count, fixer: str, name: str
) -> None:  # fmt: skip
    """Build what one fixer made of a file, and compare with what the original leaves."""
    count.files += 1
    count.hunks += hunks(before, change)
    result = build(engine, case, change, export=True)
    if result.error is not None:
        count.broken.append(f"{name}: {cause(result)}")
        click.echo(f"  {fixer} broke {count.broken[-1]}", err=True)
        return
    if first.tree is None or result.tree is None:
        return
    count.compared += 1
    ignoring = [*KEPT, *targets(before, change, case.dockerfile)]
    own = {step["path"].rpartition("/")[2] for step in change}
    lines = [
        line
        for line in compare(first.tree, result.tree, ignoring)
        if ".faked" not in line and not any(part in line for part in own)
        if not (line.startswith("lost ") and _ends_in(line.removeprefix("lost "), dropped))
    ]
    gone = [line for line in lines if not line.startswith("new ")]
    for found, into in ((lines, count.other), (gone, count.lost)):
        if found:
            into.append(f"{name}: {found[0]} (and {len(found) - 1} more)")
    if lines:
        click.echo(f"  {fixer}, other tree: {count.other[-1]}", err=True)


def _ends_in(path: str, dropped: Collection[str]) -> bool:
    """Whether a path of the image is one of the context that is left out now."""
    parts = path.split("/")
    return any("/".join(parts[start:]) in dropped for start in range(len(parts)))


def drawn(
    folder: Path, seed: int, only: str, skipped: Counter[str]
) -> Iterator[tuple[str, Build, Sequence[Finding], Case]]:
    """Name, model, findings and build, its context on disk, of Dockerfiles that are built from a folder."""
    for clone, commit, tree, path in dockerfiles(folder, random.Random(seed)):
        name = f"{clone.folder.name}:{path}"
        if not re.search(only, name):
            continue
        try:
            report = inspect_clone(clone, tree, path)
        except (GitError, IndexError):
            skipped["not all in the clone"] += 1
            continue
        before = report.build
        if before is None or before.context.kind != "local" or is_for_windows(before):
            skipped["Windows, or no folder that is known to be its context"] += 1
            continue
        with tempfile.TemporaryDirectory(prefix="layerwise-safety-") as place:
            case = checked_out(clone, commit, before, Path(place, "context"), "faithful")
            if case is None:
                skipped["too large, or not all in the clone"] += 1
                continue
            yield name, before, report.findings, replace(case, outputs="const")


def run(
    engine: Engine,
    folder: Path,
    files: int,
    skip: int,
    seed: int,
    only: str,
    peers: Mapping[str, str],
) -> tuple[dict[str, Count], Counter[str]]:
    """Judge so many Dockerfiles that build."""
    counts = {name: Count() for name in (OURS, *peers)}
    skipped = Counter[str]()
    built = 0
    for name, before, findings, case in drawn(folder, seed, only, skipped):
        if skip:
            skip -= 1
            continue
        if built >= files:
            break
        try:
            ours, dropped = suggested(before, findings)
            changes = {OURS: ours} | {n: fixed_by(n, peers[n], case) for n in peers}
            with engine.alone():
                engine.forget()
                first = build(engine, case, export=True)
                if first.error is not None:
                    click.echo(f"not built: {name}: {cause(first)}", err=True)
                    skipped["the fakes cannot build it"] += 1
                    continue
                built += 1
                for fixer, change in changes.items():
                    if change:
                        left_out = dropped if fixer == OURS else ()
                        judge(
                            engine,
                            case,
                            first,
                            before,
                            change,
                            left_out,
                            counts[fixer],
                            fixer,
                            name,
                        )
        except (subprocess.TimeoutExpired, RuntimeError) as error:
            skipped[type(error).__name__] += 1
        except KeyboardInterrupt:  # enough: what there is is shown
            break
        told = ", ".join(f"{n} {c.files}/{len(c.broken)}" for n, c in counts.items())
        click.echo(f"{built:3} {name}: {told}", err=True)
    skipped["(built as they are)"] = built
    return counts, skipped


def per_hundred(number: int, of: int) -> str:
    """Of a hundred, or a dash."""
    return f"{100 * number / of:.1f}" if of else "-"


def table(counts: Mapping[str, Count]) -> Iterator[str]:
    """One line a fixer, as Markdown."""
    yield "| fixer | files changed | hunks | broken | of 100 files | of 100 hunks | trees | other | lost or changed |"  # fmt: skip
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, count in counts.items():
        broken = len(count.broken)
        shares = per_hundred(broken, count.files), per_hundred(broken, count.hunks)
        yield f"| {name} | {count.files} | {count.hunks} | {broken} | {shares[0]} | {shares[1]} | {count.compared} | {len(count.other)} | {len(count.lost)} |"  # fmt: skip


def main() -> None:
    """Print the table, and every broken build and other tree."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--files", type=int, default=60, metavar="N")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--only", default="", metavar="PATTERN", help="OWNER+NAME:PATH has this")
    given = parser.parse_args()
    engine = start_engine()
    counts, skipped = run(
        engine, given.repos, given.files, given.skip, given.seed, given.only, programs()
    )
    for line in table(counts):
        click.echo(line)
    for name, count in counts.items():
        for what, lines in (("broken", count.broken), ("other", count.other)):
            for line in lines:
                click.echo(f"{name}, {what}: {line}")
    for reason, number in sorted(skipped.items()):
        click.echo(
            f"left out, {reason}: {number}" if reason[0] != "(" else f"{reason[1:-1]}: {number}"
        )


if __name__ == "__main__":
    main()
