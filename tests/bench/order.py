"""How many installs behind source are found: `python -m tests.bench.order --repos DIR`.

DIR is a folder of git clones. Asked of every Dockerfile in which a folder of the context that is more
than manifests is copied before a project install; both are found by patterns over the text, apart from
what the rules know. A file counts as its best install: `suggestion` before `words` before `silent`.
Not asked: an install whose manager had run before the source came, in the stage, one that it is built
on or one that it copies from, and those that labels/order.tsv says are no fault, and why.
With `mount` an install is counted for which no order is suggested, but a cache mount on its RUN.
"""

import argparse
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

import rules
from bot.terminal.clone import Clone, GitError
from bot.terminal.replay import inspect_clone
from rules.model.builder import is_dockerfile
from rules.model.cache import Build, Layer
from rules.model.lineage import inherited
from rules.model.manifests import is_manifest

LABELS = Path(__file__).parent / "labels" / "order.tsv"
RULE, MOUNT = "copy-source-before-install", "missing-cache-mount"
OUTCOMES = ("suggestion", "mount", "words", "silent")
SHOWN = 120
"""Characters of a reason that the table shows."""

_OPTIONS = r"(?:\s+--?[\w=./:-]+(?:\s\d+)?)*\s*(?:$|[&|;\\)])"  # and no package behind them
_CALLS: Mapping[str, str] = {
    "pip": r"(?:pip3?(?:\.\d+)?|uv pip)[\"', ]+(?:--[\w=-]+ +)*(?:install|sync)\b[^&|;\n]*"
    r"(?:-r\b|--requirement|-e |\s\.(?:\s|$|\[)|\./|requirements|\.txt)",
    "poetry": r"poetry (?:[\w-]+ ){0,4}?(?:install|sync)\b",
    "uv": r"uv sync",
    "pdm": r"pdm (?:install|sync)",
    "pipenv": r"pipenv (?:install|sync)",
    "conda": r"(?:conda|mamba|micromamba) (?:env (?:create|update)|install.*--file|install.* -f )",
    "npm": r"npm (?:--[\w=/-]+ +)*(?:ci|i|install|clean-install)\b(?![^&|;\n]*(?:-g\b|--global))"
    rf"(?={_OPTIONS})",
    "yarn": rf"yarn(?: install)?(?={_OPTIONS})",
    "pnpm": r"pnpm (?:--?[\w=-]+ +)*(?:i|install|fetch)\b(?![^&|;\n]*-g\b)",
    "bun": r"bun (?:i|install)\b(?![^&|;\n]*-g\b)",
    "deno": r"deno (?:cache|install)",
    "go": r"go (?:mod download|build|install(?![^&|;\n]*@)|get|run|test|mod tidy)",
    "cargo": r"cargo (?:\+\w+ )?(?:build|install --path|fetch|chef cook|test|run|b )",
    "maven": r"mvnw?\s+[^&|;\n]*(?:package|install|verify|go-offline|compile|resolve)",
    "gradle": r"gradlew?\s+[^&|;\n]*\w",
    "sbt": r"sbt ",
    "bundler": r"bundle (?:install|_)",
    "composer": r"composer(?:\.phar)? (?:--?[\w-]+ +)*(?:install|update)\b",
    "dotnet": r"dotnet (?:restore|build|publish)",
    "mix": r"mix (?:do )?deps\.get",
    "swift": r"swift (?:build|package)",
    "dart": r"(?:dart|flutter) (?:pub get|build)",
    "renv": r"renv",
    "cabal": r"cabal (?:build|install|new-)",
    "stack": r"stack (?:build|install)",
    "leiningen": r"lein ",
    "rebar3": r"rebar3 ",
    "conan": r"conan install",
}
_INSTALLS = {
    name: re.compile(rf"(?:^|[\s;&|(/\"',\[]){call}", re.MULTILINE) for name, call in _CALLS.items()
}


@dataclass(frozen=True, slots=True)
class Install:
    """A RUN that installs the project's packages and stands behind source."""

    run: Layer
    managers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rule made of one install, and why it was no suggestion."""

    install: Install
    outcome: str
    reason: str = ""


def managers_in(text: str) -> set[str]:
    """The package managers that a script calls to install what a project names."""
    joined = text.replace("\\\n", " ")
    return {name for name, pattern in _INSTALLS.items() if pattern.search(joined)}


def installs_behind_source(build: Build) -> Iterator[Install]:
    """The installs of a build that a folder of the context is copied before, or mounted for."""
    for stage in build.dockerfile.stages:
        own = [each for each in build.layers if each.stage == stage.index]
        done: set[str] = set()
        behind = False
        for layer in [*inherited(build, stage.index), *own]:
            behind = behind or _brings_source(layer)
            if layer.copy is not None and layer.copy.stage is not None:
                brought = (each for each in build.layers if each.stage == layer.copy.stage)
                done.update(*map(_managers, brought))
            if layer.instruction.keyword != "RUN":
                continue
            found = _managers(layer)
            shown = any(mount.local and mount.source == "." for mount in layer.mounts)
            if (behind or shown) and layer.stage == stage.index and found - done:
                yield Install(layer, tuple(sorted(found - done)))
            done |= found


def _managers(layer: Layer) -> set[str]:
    instruction = layer.instruction
    if instruction.keyword != "RUN":
        return set()
    bodies = "\n".join(heredoc.body for heredoc in instruction.heredocs)
    return managers_in(f"{instruction.value}\n{bodies}")


def _brings_source(layer: Layer) -> bool:
    """Whether it is a COPY of a folder of the context that holds more than manifests."""
    copy = layer.copy
    if copy is None or copy.stage is not None or copy.image is not None or not copy.files:
        return False
    broad = copy.sources is None or any(match.folder for match in copy.matches)
    return broad and not all(map(is_manifest, copy.files))


def answers(report: rules.Report) -> Iterator[Answer]:
    """What was said of each such install."""
    if report.build is None:
        return
    for install in installs_behind_source(report.build):
        lines = install.run.instruction.span
        said = [
            f
            for f in report.findings
            if f.rule == RULE
            and f.path == report.path
            and f.span.start <= lines.start <= f.span.end
        ]
        mounted = any(
            f.fix and lines.start <= f.span.start <= lines.end
            for f in report.findings
            if f.rule == MOUNT and f.path == report.path
        )
        if any(finding.fix for finding in said):
            yield Answer(install, "suggestion")
        elif said and mounted:
            yield Answer(install, "mount", _joined(finding.no_fix or "" for finding in said))
        elif said:
            yield Answer(install, "words", _joined(finding.no_fix or "" for finding in said))
        else:
            silences = (
                silence.reason
                for silence in report.silences
                if silence.rule == RULE and lines.start <= silence.line <= lines.end
            )
            unknown = report.build.context.kind == "unknown"
            none = "the build context is not known" if unknown else "no word of it"
            yield Answer(install, "silent", _joined(silences) or none)


def _joined(reasons: Iterable[str]) -> str:
    return "; ".join(sorted(set(reasons)))


def best(outcomes: Iterable[str]) -> str:
    """The best of several outcomes."""
    return min(outcomes, key=OUTCOMES.index)


def table(files: Mapping[str, Sequence[Answer]]) -> Iterator[str]:
    """How many Dockerfiles are found and get a suggestion, by manager, then why the others do not."""
    whole = Counter(best(a.outcome for a in found) for found in files.values())
    yield f"{len(files)} Dockerfiles with source before an install: {_shares(whole)}"
    yield ""
    yield f"| manager | installs | {' | '.join(OUTCOMES)} |"
    yield f"|---|---|{'---|' * len(OUTCOMES)}"
    by_manager: dict[str, Counter[str]] = {}
    everything = [answer for found in files.values() for answer in found]
    for answer in everything:
        for manager in answer.install.managers:
            by_manager.setdefault(manager, Counter())[answer.outcome] += 1
    for manager, count in sorted(by_manager.items(), key=lambda pair: -pair[1].total()):
        yield f"| {manager} | {count.total()} | {' | '.join(str(count[o]) for o in OUTCOMES)} |"
    for outcome in OUTCOMES[1:]:
        yield ""
        yield f"{outcome}, why:"
        reasons = Counter(a.reason for a in everything if a.outcome == outcome)
        for reason, number in reasons.most_common():
            short = reason if len(reason) <= SHOWN else reason[: SHOWN - 1] + "…"
            yield f"{number:5} {' '.join(short.split())}"


def _shares(count: Counter[str]) -> str:
    all_of_them = count.total() or 1
    parts = [("found", OUTCOMES[:3]), ("with an order suggested", OUTCOMES[:1])]
    parts.append(("with an order or a cache mount suggested", OUTCOMES[:2]))
    return ", ".join(
        f"{sum(count[o] for o in outcomes) / all_of_them:.0%} {words}" for words, outcomes in parts
    )


def read_labels(text: str) -> dict[tuple[str, str], str]:
    """By repository and path: why an install behind what looks like source is no fault."""
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {(row["repository"], row["path"]): row["reason"] for row in rows}


def main() -> None:
    """Print the shares, the table and the reasons; with `--details` each install."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repos", type=Path, required=True, help="a folder of git clones")
    parser.add_argument("--details", action="store_true", help="list every install")
    parser.add_argument("--only", help="the clones whose names hold this")
    options = parser.parse_args()
    files: dict[str, list[Answer]] = {}
    labels = read_labels(LABELS.read_text(encoding="utf-8"))
    left_out: list[str] = []
    looked = 0
    for folder in sorted(options.repos.iterdir()):
        try:
            if options.only and options.only not in folder.name:
                continue
            clone = Clone(folder)
            tree = clone.repository(clone.commit("HEAD"))
        except GitError as error:
            click.echo(f"skipped {folder.name}: {error}")
            continue
        for path in sorted(filter(is_dockerfile, tree.paths)):
            looked += 1
            found = list(answers(inspect_clone(clone, tree, path)))
            reason = labels.get((folder.name.replace("+", "/", 1), path))
            if found and reason is not None:
                left_out.append(f"{folder.name}:{path}: {reason}")
            elif found:
                files[f"{folder.name}:{path}"] = found
    click.echo(f"{looked} Dockerfiles looked at")
    for line in table(files):
        click.echo(line)
    click.echo("")
    for line in left_out:
        click.echo(f"no fault: {line}")
    if options.details:
        click.echo("")
        for name, found in files.items():
            for answer in found:
                line, words = answer.install.run.instruction.span.start, answer.install.managers
                click.echo(
                    f"{name}:{line} {'+'.join(words)} {answer.outcome} {answer.reason}".rstrip()
                )


if __name__ == "__main__":
    main()
