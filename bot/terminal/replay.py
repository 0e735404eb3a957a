"""What the last commits of a clone re-ran of its Dockerfiles, and what they would have, fixed.

Each Dockerfile is held as it was before the oldest of these commits, and its fixes are made there:
neither knows what came later.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

import rules
from bot.inspection import ROUNDS
from bot.terminal.clone import Clone
from bot.terminal.text import WIDTH, cut, flat
from rules.model.builder import is_dockerfile
from rules.model.cache import Build
from rules.model.evidence import HEAD
from rules.model.prose import amount
from rules.model.replay import Replay, replay
from rules.model.repository import Repository

STRIP = 60
"""Columns of the picture; where there are more commits, one stands for several."""
_BARS = " ▁▂▃▄▅▆▇█"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Replayed:
    """One Dockerfile, and what the commits since `start` (a full id) re-ran of it.

    `left_out` commits changed the Dockerfile itself, so that it says nothing of them. `fixes` are
    the rules whose fixes were made, `build` and `fixed` the two that were held against each other
    and `commits` the paths of the repository that each of the others changed.
    """

    path: str
    start: str
    left_out: int
    fixes: tuple[str, ...]
    replay: Replay
    build: Build
    fixed: Build
    commits: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Replays:
    """All Dockerfiles of a clone; of those `skipped`, path and reason."""

    replayed: tuple[Replayed, ...]
    skipped: tuple[tuple[str, str], ...]


def replay_clone(
    folder: Path,
    most: int,
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
    revision: str = "HEAD",
) -> Replays:
    """Replay the last `most` commits of a revision over each Dockerfile that it has.

    `watch` is given the paths and gives them back one by one, as they are worked on. GitError if
    git fails.
    """
    clone = Clone(folder)
    head = clone.commit(revision)
    log = clone.log(head, most + 1)[::-1]  # the oldest first: what stood before the others
    paths = sorted(path for path in clone.repository(head).paths if is_dockerfile(path))
    replayed: list[Replayed] = []
    skipped: list[tuple[str, str]] = []
    for path in watch(paths):
        found = _replay(clone, path, log)
        if isinstance(found, str):
            skipped.append((path, found))
        else:
            replayed.append(found)
    return Replays(tuple(replayed), tuple(skipped))


def _replay(clone: Clone, path: str, log: Sequence[tuple[str, frozenset[str]]]) -> Replayed | str:
    """One Dockerfile, from the first of the commits that has it; why not, in words."""
    start = 0
    tree = clone.repository(log[0][0])
    if not tree.has(path):
        start = next((at for at, (_, paths) in enumerate(log) if path in paths), len(log) - 1)
        tree = clone.repository(log[start][0])
    if start == len(log) - 1:
        return "no commit is younger than it"
    report = inspect_clone(clone, replace(tree, history=clone.history(log[start][0])), path)
    build = report.build
    if build is None:
        return report.skipped or "unknown"
    if build.context.kind == "unknown" or build.context.error is not None:
        return "its build context is not known"
    fixed, done = rules.combine(build, [f for f in report.findings if f.fix is not None])
    since = [paths for _, paths in log[start + 1 :]]
    kept = tuple(paths | {HEAD} for paths in since if path not in paths)
    return Replayed(
        path,
        log[start][0],
        len(since) - len(kept),
        tuple(dict.fromkeys(finding.rule for finding in done)),
        replay(build, fixed, kept),
        build,
        fixed,
        kept,
    )


def inspect_clone(clone: Clone, tree: Repository, path: str) -> rules.Report:
    """What the rules say of a Dockerfile of a tree, every text that they ask for fetched."""
    for _ in range(ROUNDS):
        report = rules.inspect(tree, path)
        if not tree.missing:
            break
        texts = {**tree.texts, **clone.read(tree.missing)}
        tree = replace(tree, texts=texts, missing=set())
    return report


def as_json(replays: Replays) -> str:
    """Counts, and for each commit, the oldest first, how many steps ran now and as fixed."""
    document = {
        "version": 1,
        "dockerfiles": [
            {
                "path": each.path,
                "from": each.start,
                "commits": each.replay.commits,
                "left_out": each.left_out,
                "fixes": list(each.fixes),
                "steps": [
                    {"line": s.line, "text": s.text, "now": len(s.now), "fixed": len(s.fixed)}
                    for s in each.replay.steps
                ],
                "now": each.replay.now,
                "fixed": each.replay.fixed,
                "timeline": [list(pair) for pair in _timeline(each.replay)],
            }
            for each in replays.replayed
        ],
        "skipped": [{"path": path, "reason": reason} for path, reason in replays.skipped],
    }
    return json.dumps(document, indent=2) + "\n"


def as_text(replays: Replays) -> str:
    """A table and a picture for each Dockerfile, 80 columns."""
    blocks = [_block(each) for each in replays.replayed]
    blocks += [f"{flat(path)}: not replayed: {reason}\n" for path, reason in replays.skipped]
    return "\n".join(blocks) or "No Dockerfile here.\n"


FORMATS = {"text": as_text, "json": as_json}


def _block(each: Replayed) -> str:
    done = each.replay
    commits = f"{amount(done.commits, 'commit')} since {each.start[:10]}"
    lines = [f"{click.style(flat(each.path), bold=True)}: {commits}"]
    if each.left_out:
        lines.append(f"(and {each.left_out:,} that changed it, which are left out)")
    steps = [step for step in done.steps if step.now or step.fixed]
    if not steps:
        return "\n".join([*lines, "None of them re-ran an expensive step.", ""])
    wide = max(len(f"{done.now:,}"), len("as fixed"))
    lines += ["", _row("expensive steps that ran", "as it is", "as fixed", wide)]
    for step in steps:
        label = f"{step.line:>4}  {flat(step.text)}"
        lines.append(_counts(label, len(step.now), len(step.fixed), wide))
    lines.append(_counts("      in all", done.now, done.fixed, wide))
    lines += ["", *_picture(done)]
    if each.fixes:
        lines.append(f"Fixed: {', '.join(each.fixes)}.")
    return "\n".join([*lines, ""])


def _counts(label: str, now: int, fixed: int, wide: int) -> str:
    line = _row(label, f"{now:,}", f"{fixed:,}", wide)
    return click.style(line, fg="green") if fixed < now else line


def _row(label: str, now: str, fixed: str, wide: int) -> str:
    room = WIDTH - 2 * wide - 4
    return f"{cut(label, room):<{room}}{now:>{wide + 2}}{fixed:>{wide + 2}}"


def _picture(done: Replay) -> list[str]:
    """Two strips, the oldest commit on the left: how much of all steps ran."""
    pairs = _timeline(done)
    size = -(-len(pairs) // STRIP)
    cells = [pairs[at : at + size] for at in range(0, len(pairs), size)]
    most = max((max(pair) for pair in pairs), default=0) or 1
    strips = []
    for side, label in enumerate(("as it is", "as fixed")):
        heights = (sum(pair[side] for pair in cell) / (most * len(cell)) for cell in cells)
        bars = "".join(_BARS[min(8, -(-int(height * 800) // 100))] for height in heights)
        strips.append(f"{label}  {bars}")
    scale = "one column is one commit" if size == 1 else f"one column is {size} commits"
    return [*strips, f"          {scale}, the oldest on the left", ""]


def _timeline(done: Replay) -> list[tuple[int, int]]:
    """For each commit how many steps ran, now and as fixed."""
    now, fixed = [0] * done.commits, [0] * done.commits
    for step in done.steps:
        for place in step.now:
            now[place] += 1
        for place in step.fixed:
            fixed[place] += 1
    return list(zip(now, fixed, strict=True))
