"""Do suggested mounts build: `python -m tests.bench.mounts --repos DIR`, ours beside tally's fixes.

DIR is a folder of git clones. Each Dockerfile that gets a mount suggested is built on the engine with
faithful shims as it is, with all suggested mounts, and (where tally is installed) after
`tally lint --fix --fix-unsafe --fix-rule tally/prefer-package-cache-mounts`. A fix is broken when its
file does not build while the original does; of the first files the trees that the original and ours
leave are compared too: one is other when more differs than what lies in a mount, and what the mount
was for (`docker-clean`). What no shim knows how to make is the same in both (`outputs="const"`): a
made-up output would depend on all files of its stage, those of the caches too.
"""

import argparse
import os
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

import rules
from bot.terminal.local import GitError
from rules.model.cache import Build
from tests.bench.audit import checked_out, dockerfiles, is_for_windows, open_whole, start_engine
from tests.bench.builds import cause
from tests.engine.build import Case, Entry, build, compare
from tests.engine.engine import Engine

RULES = ("missing-cache-mount", "cache-mount-misses-cache", "cache-mount-defeated", "cache-mount-not-locked")  # fmt: skip
TALLY = "tally/prefer-package-cache-mounts"
KEPT = ("etc/apt/apt.conf.d/docker-clean", "var/cache/apt", "var/lib/apt/lists", "var/cache/apk")
"""Where trees may differ whoever made the fix."""


A_CACHE = 20
"""Files after which the engine's cache is emptied, which takes as long as a build."""


@dataclass(slots=True)
class Count:
    """What became of one side's fixes."""

    built: int = 0
    compared: int = 0
    other: int = 0
    broken: list[str] = field(default_factory=list)
    trees: list[str] = field(default_factory=list)


def suggested(before: Build) -> Build | None:
    """The build with all suggested mounts, None when there are none."""
    found = [f for f in rules.check(before)[0] if f.rule in RULES and f.fix is not None]
    return rules.combine(before, found)[0] if found else None


def by_tally(context: Path, dockerfile: str) -> str | None:
    """The text after tally's fix; None where it changes nothing or is not installed."""
    program = shutil.which("tally")
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="layerwise-tally-") as place:
        copy = Path(place, "Dockerfile")
        copy.write_bytes((context / dockerfile).read_bytes())
        command = [program, "lint", "--no-config", "--fix", "--fix-unsafe", "--fix-rule", TALLY]
        command += ["--slow-checks=off", "--context", str(context), str(copy)]
        subprocess.run(command, capture_output=True, check=False, timeout=60, env={**os.environ})
        text = copy.read_text(errors="surrogateescape")
    return None if text == (context / dockerfile).read_text(errors="surrogateescape") else text


def judge(
    engine: Engine,
    case: Case,
    tree: Mapping[str, Entry] | None,
    after: Build,
    count: Count,
    name: str,
) -> str | None:
    """Build one side's file and, given the tree that the original leaves, compare its own.

    Returns why the file is left out: the original cannot be built either.
    """
    text = after.dockerfile.text
    changed = replace(case, text=text)
    result = build(engine, changed, export=tree is not None)
    if result.error is not None:
        plain = build(engine, case)
        if plain.error is not None:
            click.echo(f"not built: {name}: {cause(plain)}", err=True)
            return "the fakes cannot build it"
        count.built += 1
        count.broken.append(f"{name}: {cause(result)}")
        click.echo(count.broken[-1], err=True)
        return None
    count.built += 1
    if tree is None or result.tree is None:
        return None
    count.compared += 1
    targets = [m.target.lstrip("/") for layer in after.layers for m in layer.mounts if m.target]
    own = case.dockerfile.rpartition("/")[2]
    lines = compare(tree, result.tree, [*KEPT, *targets])
    lines = [line for line in lines if own not in line and ".faked" not in line]
    if lines:
        count.other += 1
        count.trees.append(f"{name}: {lines[0]} (and {len(lines) - 1} more)")
        click.echo(count.trees[-1], err=True)
    return None


def run(
    engine: Engine, folder: Path, files: int, trees: int, skip: int, seed: int, *, peer: bool
) -> tuple[Count, Count, Counter[str]]:
    """Judge so many files with suggested mounts."""
    ours, theirs, skipped = Count(), Count(), Counter[str]()
    for clone, commit, tree, path in dockerfiles(folder, random.Random(seed)):
        if ours.built >= files:
            break
        name = f"{clone.folder.name}:{path}"
        try:
            before = open_whole(clone, tree, path)
        except (GitError, IndexError):
            continue
        if isinstance(before, str) or is_for_windows(before):
            continue
        after = suggested(before)
        if after is None:
            skipped["nothing suggested"] += 1
            continue
        if skip:
            skip -= 1
            continue
        with tempfile.TemporaryDirectory(prefix="layerwise-mounts-") as place:
            context = Path(place, "context")
            case = checked_out(clone, commit, before, context, "faithful")
            if case is None:
                skipped["too large, or not all in the clone"] += 1
                continue
            case = replace(case, outputs="const")
            if before.context.root == "" and before.context.may_send(".git/HEAD"):
                (context / ".git").mkdir(exist_ok=True)
                (context / ".git/HEAD").write_text("ref: refs/heads/main\n")
            with engine.alone():
                if ours.built % A_CACHE == 0:
                    engine.forget()
                try:
                    tree = None
                    if ours.compared < trees:
                        tree = build(engine, case, export=True).tree
                    reason = judge(engine, case, tree, after, ours, name)
                    text = by_tally(context, case.dockerfile) if peer and reason is None else None
                    if text is not None:
                        judge(engine, case, None, before.with_text(text), theirs, name)
                except (subprocess.TimeoutExpired, RuntimeError, OSError) as error:
                    reason = type(error).__name__
            if reason is not None:
                skipped[reason] += 1
                continue
        click.echo(f"{ours.built:3} {len(ours.broken)} {ours.other} | {theirs.built:3} {len(theirs.broken)} {theirs.other}  {name}", err=True)  # fmt: skip
    return ours, theirs, skipped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--files", type=int, default=150, metavar="N")
    parser.add_argument(
        "--trees", type=int, default=30, metavar="N", help="of so many compare trees"
    )
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument(
        "--tally", action="store_true", help="judge tally's fixes of the same files"
    )
    given = parser.parse_args()
    engine = start_engine()
    ours, theirs, skipped = run(
        engine, given.repos, given.files, given.trees, given.skip, given.seed, peer=given.tally
    )
    for name, count in (("ours", ours), ("tally", theirs)):
        click.echo(
            f"{name}: {count.built} files, {len(count.broken)} broken, {count.other} of {count.compared} trees other"
        )
        for line in [*count.broken, *count.trees]:
            click.echo(f"  {line}")
    for reason, number in sorted(skipped.items()):
        click.echo(f"left out, {reason}: {number}")


if __name__ == "__main__":
    main()
