"""What a build is sent and what a change re-runs, for people at a terminal and for programs."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import click

from rules.model.cache import Build, Step
from rules.model.context import BuildContext
from rules.model.prose import visible

WIDTH = 80
NARROWEST = 24
"""Columns that an instruction keeps beside a long cause."""
HEAVIEST = 10
_STATUS = {"cached": ("cached", "green"), "rerun": ("re-runs", "yellow"), "none": ("", None)}


def rerun_as_text(build: Build, steps: Sequence[Step]) -> str:
    """Say on one line a step what becomes of it, and why; stages are headings."""
    made = [step for step in steps if step.status != "none"]
    again = sum(step.status == "rerun" for step in made)
    lines = [f"{_plain(build.path)}: {again} of {len(made)} steps re-run"]
    digits = len(str(max((step.line for step in steps), default=0)))
    instructions = {i.span.start: i for i in build.dockerfile.instructions}
    for step in steps:
        instruction = instructions[step.line]
        if step.instruction == "FROM":
            skipped = step.cause if step.cause != "makes no step" and step.status == "none" else ""
            heading = f"{step.line:>{digits}}  FROM {_one_line(instruction.value)}"
            lines += ["", click.style(_cut(heading, WIDTH), bold=True)]
            if skipped:
                lines.append(" " * digits + f"  ({skipped})")
        if step.status == "none":
            continue
        word, colour = _STATUS[step.status]
        text = f"{step.instruction} {_one_line(instruction.value)}"
        text = "its ONBUILD triggers" if step.instruction == "FROM" else text
        room = WIDTH - digits - len("  re-runs  ")
        cause = _one_line(step.cause) if step.status == "rerun" else ""
        cause = _cut(cause, room - 2 - min(len(text), NARROWEST))
        text = _cut(text, room - 2 - len(cause) if cause else room)
        gap = " " * (room - len(text) - len(cause)) if cause else ""
        lines.append(
            f"{step.line:>{digits}}  {click.style(f'{word:<7}', fg=colour)}  {text}{gap}{cause}"
        )
    return "\n".join(lines) + "\n"


def rerun_as_json(steps: Iterable[Step]) -> str:
    """List all instructions; `none` are those that make no step or are not built."""
    document = {
        "version": 1,
        "steps": [
            {
                "line": step.line,
                "stage": step.stage,
                "instruction": step.instruction,
                "status": step.status,
                "cause": step.cause,
            }
            for step in steps
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def context_as_text(
    folder: str,
    context: BuildContext,
    sizes: Mapping[str, int],
    changes: Mapping[str, int] | None = None,
    commits: int = 0,
) -> str:
    """Sum up the files, name the heaviest folders and files and what changes most often.

    `changes` says how many of the last `commits` commits touched a folder (`src/`) or a file.
    """
    total = sum(sizes.values())
    by = "no ignore file" if context.ignore is None else f"after {_plain(context.ignore.path)}"
    if context.kind == "git":
        by = "as git has it: no ignore file is applied"
    count = f"{len(sizes):,} file{'s' * (len(sizes) != 1)}"
    lines = [f"{_plain(folder)}: {count}, {bytes_in_words(total)}, {by}"]
    if context.error is not None:
        where = "" if context.ignore is None else f"{_plain(context.ignore.path)}:"
        fault = f"{where}{context.error.line}: {_one_line(context.error.message)}"
        lines.append(click.style(f"The build fails: {fault}", fg="red"))
    lines += _table("Heaviest folders", _summed(sizes), bytes_in_words)
    lines += _table("Heaviest files", sizes, bytes_in_words)
    lines += _table(f"Most often changed (of {commits} commits)", changes or {}, str)
    return "\n".join(lines) + "\n"


def context_as_json(folder: str, context: BuildContext, sizes: Mapping[str, int]) -> str:
    """List all files, sizes in bytes; `error` says why the ignore file fails the build."""
    error = None
    if context.error is not None:
        error = f"line {context.error.line}: {context.error.message}"
    document = {
        "version": 1,
        "context": folder,
        "ignore_file": None if context.ignore is None else context.ignore.path,
        "files": [{"path": path, "bytes": size} for path, size in sizes.items()],
        "error": error,
    }
    return json.dumps(document, indent=2) + "\n"


def bytes_in_words(size: int) -> str:
    """Write a size as people do: `999 B`, `1.5 kB`, `12 MB`."""
    if size < 1000:
        return f"{size} B"
    number = float(size)
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 999.5 or unit == "GB":
            break
    return f"{number:.1f} {unit}" if number < 9.95 else f"{number:.0f} {unit}"


def _summed(sizes: Mapping[str, int]) -> dict[str, int]:
    """Sum up folders, each with all below it."""
    found: dict[str, int] = {}
    for path, size in sizes.items():
        folder = path.rpartition("/")[0]
        while folder:
            found[folder + "/"] = found.get(folder + "/", 0) + size
            folder = folder.rpartition("/")[0]
    return found


def _table(title: str, values: Mapping[str, int], write: Callable[[int], str]) -> list[str]:
    """Write the largest values, the largest first."""
    largest = sorted(values.items(), key=lambda item: (-item[1], item[0]))[:HEAVIEST]
    if not largest:
        return []
    rows = [(write(value), _plain(path)) for path, value in largest]
    wide = max(len(value) for value, _ in rows)
    room = WIDTH - wide - 4
    lines = [f"  {value:>{wide}}  {_cut(path, room)}" for value, path in rows]
    return ["", click.style(title, bold=True), *lines]


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())


def _plain(text: str) -> str:
    return _one_line(text)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"
