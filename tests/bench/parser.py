"""Dockerfiles read as BuildKit reads them: `python -m tests.bench.parser --dockerfiles DIR`.

Compares our reading of every distinct file below DIR, and of mutants of them, with that of two
ports of BuildKit's parser and with `dockerfile_parse`, and prints a table and the differences.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import click

from rules.model.dockerfile import Dockerfile, Unreadable, parse
from tests.rules.model import buildkit, dockerfiles

Oracle = Callable[[str], list[buildkit.Reading] | None]


def texts(folder: Path) -> dict[str, Path]:
    """Every distinct file below a folder, as text, and one path of it."""
    found: dict[str, Path] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.setdefault(path.read_bytes().decode("utf-8", "surrogateescape"), path)
    return found


def mutants(originals: dict[str, Path], count: int, seed: int) -> Iterable[tuple[str, Path]]:
    """So many texts with small changes, the same for the same seed."""
    choose = Random(seed)
    known = sorted(originals.items())
    for _ in range(count):
        text, path = choose.choice(known)
        yield dockerfiles.mutate(text, choose), path


def read(text: str) -> Dockerfile | Unreadable:
    """Our reading, or why there is none."""
    try:
        return parse(text)
    except Unreadable as error:
        return error


def compare(
    read: Dockerfile | Unreadable, theirs: list[buildkit.Reading] | None, *, lines: bool
) -> str:
    """In a word how our reading and an oracle's differ."""
    if isinstance(read, Unreadable):
        if read.message.startswith("too large"):
            return "too large"
        return "both refuse" if theirs is None else "refused later by BuildKit"
    if theirs is None:
        return "only the oracle refuses"
    ours = buildkit.ours(read)
    if lines:
        ours = buildkit.lines_only(ours)
    if ours == theirs:
        return "same"
    same_lines = buildkit.lines_only(ours) == buildkit.lines_only(theirs)
    return "different words" if same_lines else "different lines"


def show(title: str, counts: Counter[str], notes: Iterable[str]) -> None:
    """Print one oracle's table."""
    click.echo(f"\n{title}")
    for name, count in counts.most_common():
        click.echo(f"  {name:60}{count:8}")
    for note in notes:
        click.echo(f"    {note}")


def run(title: str, items: list[tuple[str, Path]]) -> None:
    """Compare all texts with all oracles."""
    oracles: list[tuple[str, Oracle, Callable[[str], str | None], bool]] = [
        ("e2b-dockerfile-utils", buildkit.e2b, buildkit.gap, False)
    ]
    if buildkit.go is not None:
        oracles.append(("dockerfile", buildkit.older, buildkit.older_gap, True))
    started = time.process_time()
    readings = [(text, path, read(text)) for text, path in items]
    spent = time.process_time() - started
    click.echo(
        f"\n== {title}: {len(items)} texts, ours takes {spent / len(items) * 1e3:.3f} ms each"
    )
    for name, oracle, gap, lines in oracles:
        counts: Counter[str] = Counter()
        notes = []
        for text, path, ours in readings:
            verdict = compare(ours, oracle(text), lines=lines)
            if verdict in ("different words", "different lines", "only the oracle refuses"):
                reason = gap(text)
                if reason is None:
                    notes.append(f"{verdict}: {path}")
                else:
                    verdict += f" ({reason})"
            counts[verdict] += 1
        show(name, counts, notes[:20])
    agreement = Counter(
        "agrees" if ours.agrees else "disagrees: no suggestions"
        for _, _, ours in readings
        if isinstance(ours, Dockerfile)
    )
    show("dockerfile_parse on the mask", agreement, ())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dockerfiles", type=Path, required=True, metavar="DIR")
    parser.add_argument("--mutants", type=int, default=5_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    originals = texts(arguments.dockerfiles)
    run("real files", list(originals.items()))
    if arguments.mutants:
        run("mutants", list(mutants(originals, arguments.mutants, arguments.seed)))


if __name__ == "__main__":
    main()
