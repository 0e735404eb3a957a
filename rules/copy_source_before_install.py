"""Source copied before dependencies are installed.

A COPY depends on every file it takes, so an edit to any of them re-runs it and each step after
it. When a dependency install stands there, all packages are installed again although the
manifests did not change. Copied in two parts, first the manifests, then, after the install, the
rest, an edit to the source re-runs neither. A bind mount of the whole context does the same to the
install that it is for; mounts of the manifests alone do not.

Silent when the install reads more than files that can be listed (a `postinstall` script, `-e .`,
a workspace), when it only links what was fetched before (`pnpm install --offline` behind
`pnpm fetch`), when a step between may read the source, or when the tree of the build context is
not known. Where the later COPY would lay a developer's `node_modules` over the installed one, the
fix has a line for the ignore file too.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rules.model.cache import Build, Layer
from rules.model.dockerfile import Instruction, Span
from rules.model.finding import Finding, Silence
from rules.model.installs.find import Piece
from rules.model.left import Left, left_behind
from rules.model.narrow import narrowed
from rules.model.order import Move, Passed, Stretch, only_links, stretches
from rules.model.prose import code, listed
from rules.model.rewrite import ImmovableError, put_source_last
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="order",
    example=Example(
        edit="main.py",
        files={"main.py": "print()\n", "requirements.txt": "flask\n"},
        before="""\
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
CMD ["python", "main.py"]
""",
        after="""\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY . .
CMD ["python", "main.py"]
""",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding | Silence]:
    """One finding for each stretch of installs that stands behind source."""
    for stretch in stretches(build):
        installing = [run for run in stretch.passed if _downloads(build, run, stretch)]
        move = stretch.behind(installing[-1]) if installing else None
        if move is not None:
            yield _report(build, move)
    for left in left_behind(build):
        if left.instead is not None:
            yield _advise(build, left)
        else:
            yield rule.silence(build.path, left.layer.instruction.span.start, left.reason)


def _downloads(build: Build, run: Passed, stretch: Stretch) -> bool:
    """Whether a RUN installs more than what is there to be linked."""
    return any(not only_links(build, run.layer, piece, stretch.copies[0]) for piece in run.installs)


def _report(build: Build, move: Move) -> Finding:
    first = move.copies[0].instruction
    commands = list(dict.fromkeys(_written(piece) for piece in move.installs))
    reads = list(dict.fromkeys(posixpath.basename(path) for path in move.manifests))
    fix, reason = None, None
    try:
        fix = put_source_last(build, move)
    except ImmovableError as error:
        reason = str(error)
    again = f"An edit to any file that {_shown(first)} takes re-runs {listed(commands)}, which "
    if any(piece.fetch for piece in move.installs):
        what = f"then downloads again what only {listed(reads)} may change"
    else:
        what = f"{'reads' if len(commands) == 1 else 'read'} only {listed(reads)}"
    return rule.finding(
        build.path,
        Span(first.span.start, move.last.layer.instruction.span.end),
        subject=_subject(build, move.last.layer, commands),
        message=f"{again}{what}.",
        fix=fix,
        no_fix=reason,
    )


def _advise(build: Build, left: Left) -> Finding:
    """An install that cannot go before the source as it is, and what people do."""
    first = left.source.instruction
    start = min(first.span.start, left.layer.instruction.span.start)
    mounted = left.source is left.layer
    fix = narrowed(build, left.layer, left.piece) if mounted else None
    shown = "its bind mount shows" if mounted else f"{_shown(first)} takes"
    return rule.finding(
        build.path,
        Span(start, left.layer.instruction.span.end),
        subject=f"{_subject(build, left.layer, [left.piece.words])} behind",
        message=(
            f"An edit to any file that {shown} re-runs {code(left.piece.words)}. {left.instead}"
        ),
        severity="info" if fix is None else "warning",
        fix=fix,
        no_fix=None if fix is not None else left.reason,
    )


def _written(piece: Piece) -> str:
    """The command of the file, also where only a part of it can go first."""
    return replace(piece, fetch=None).words


def _shown(instruction: Instruction) -> str:
    return code(f"{instruction.keyword} {instruction.value}")


def _subject(build: Build, layer: Layer, commands: Sequence[str]) -> str:
    stage = build.dockerfile.stages[layer.stage]
    return f"{stage.label} {' && '.join(commands)}"
