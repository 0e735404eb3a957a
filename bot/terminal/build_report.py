"""What a build is sent and what a change re-runs, for people at a terminal and for programs."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import click

from bot.terminal.text import WIDTH, cut, flat
from rules.model.cache import Build, Step
from rules.model.context import BuildContext
from rules.model.prose import amount

NARROWEST = 24
"""Columns that an instruction keeps beside a long cause."""
HEAVIEST = 10


def rerun_as_text(build: Build, steps: Sequence[Step]) -> str:
    """Say on one line a step what becomes of it, and why; stages are headings."""
    made = [step for step in steps if step.status != "none"]
    again = sum(step.status == "rerun" for step in made)
    lines = [f"{flat(build.path)}: {again} of {amount(len(made), 'step')} re-run"]
    digits = len(str(max((step.line for step in steps), default=0)))
    idle = {step.stage for step in steps if step.cause == "its stage is not built"}
    for step, instruction in zip(steps, build.dockerfile.instructions, strict=True):
        words = f"{step.instruction} {flat(instruction.value)}"
        if step.instruction == "FROM":
            heading = cut(f"{step.line:>{digits}}  {words}", WIDTH)
            lines += ["", click.style(heading, bold=True)]
            if step.stage in idle:
                lines.append(f"{'':{digits}}  not built")
            words = "its ONBUILD instructions"
        if step.status != "none":
            lines.append(f"{step.line:>{digits}}  {_step(step, words, WIDTH - digits - 2)}")
    return "\n".join(lines) + "\n"


def _step(step: Step, words: str, room: int) -> str:
    """Fit a step into the room that its line number leaves: status, instruction, cause."""
    if step.status == "cached":
        return f"{click.style('cached ', fg='green')}  {cut(words, room - 9)}"
    room -= 11
    cause = cut(flat(step.cause), room - min(len(words), NARROWEST))
    words = cut(words, room - len(cause))
    return f"{click.style('re-runs', fg='yellow')}  {words:<{room - len(cause)}}  {cause}"


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
    by = "no ignore file" if context.ignore is None else f"after {flat(context.ignore.path)}"
    if context.kind == "git":
        by = "as git has it: no ignore file is applied"
    count = amount(len(sizes), "file")
    lines = [f"{flat(folder)}: {count}, {bytes_in_words(total)}, {by}"]
    if context.error is not None:
        where = "" if context.ignore is None else f"{flat(context.ignore.path)}:"
        fault = f"{where}{context.error.line}: {flat(context.error.message)}"
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
    rows = [(write(value), flat(path)) for path, value in largest]
    wide = max(len(value) for value, _ in rows)
    room = WIDTH - wide - 4
    lines = [f"  {value:>{wide}}  {cut(path, room)}" for value, path in rows]
    return ["", click.style(title, bold=True), *lines]
