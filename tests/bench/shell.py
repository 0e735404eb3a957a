"""How many RUNs read as shfmt reads them: `python -m tests.bench.shell --dockerfiles DIR`.

Compares the words of all simple commands, in source order, of every distinct RUN in shell form
below DIR, and prints a table and every difference.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import click

from rules.model.dockerfile import Instruction, Unreadable, parse
from rules.model.script import Script
from rules.model.shell import SHELL, read
from tests.rules.model import shfmt


def runs(folder: Path) -> Iterator[Script]:
    """Every distinct script of the Dockerfiles below a folder."""
    seen = set()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            dockerfile = parse(path.read_bytes())
        except Unreadable:
            continue
        shell: tuple[str, ...] = SHELL
        for outer in dockerfile.instructions:
            instruction: Instruction = outer.inner or outer
            if instruction.keyword == "FROM":
                shell = SHELL
            if instruction.keyword == "SHELL":
                shell = tuple(word.text for word in instruction.args)
            if instruction.keyword != "RUN" or instruction.json:
                continue
            script = read(instruction.script, instruction.heredocs, shell)
            if script.text not in seen:
                seen.add(script.text)
                yield script


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dockerfiles", type=Path, required=True, metavar="DIR")
    folder = parser.parse_args().dockerfiles
    if shfmt.PROGRAM is None:
        raise SystemExit("shfmt is not installed (pip install shfmt-py)")
    counts = dict.fromkeys(
        [
            "not for a shell",
            "distinct scripts",
            "identical",
            "different",
            "opaque, shfmt reads it",
            "both refuse",
            "shfmt refuses, we read",
        ],
        0,
    )
    spent = 0.0
    for script in runs(folder):
        if script.opaque and script.opaque.startswith("it is run by"):
            counts["not for a shell"] += 1
            continue
        counts["distinct scripts"] += 1
        theirs = shfmt.theirs(script.text)
        started = time.process_time()
        read(script.text)
        spent += time.process_time() - started
        if theirs is None:
            counts["both refuse" if script.opaque else "shfmt refuses, we read"] += 1
            click.echo(f"shfmt refuses ({script.opaque}): {script.text[:200]!r}")
            continue
        if script.opaque:
            counts["opaque, shfmt reads it"] += 1
            click.echo(f"opaque, {script.opaque}: {script.text[:300]!r}")
            continue
        ours = shfmt.ours(script)
        same = ours == theirs
        counts["identical" if same else "different"] += 1
        if not same:
            click.echo(f"different: {script.text[:300]!r}")
            for name in ("commands", "assignments", "redirects"):
                pairs = zip_longest(getattr(ours, name), getattr(theirs, name))
                for one, other in ((o, t) for o, t in pairs if o != t):
                    click.echo(f"  ours   {one}\n  shfmt  {other}")
                    break
    for name, count in counts.items():
        click.echo(f"{name:28}{count:8}")
    if counts["distinct scripts"]:
        click.echo(f"{'CPU a script, µs':28}{spent / counts['distinct scripts'] * 1e6:8.0f}")


if __name__ == "__main__":
    main()
