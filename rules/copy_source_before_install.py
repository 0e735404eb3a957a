"""Source copied before dependencies are installed.

A COPY depends on every file it takes, so an edit to any of them re-runs it and each step after
it. When a dependency install stands there, all packages are installed again although the
manifests did not change. Copied in two parts, first the manifests, then, after the install, the
rest, an edit to the source re-runs neither.

Silent when the install reads more than files that can be listed (a `postinstall` script, `-e .`,
a workspace), when a step between may read the source, or when the tree of the build context is
not known. Where the later COPY would lay a developer's `node_modules` over the installed one, the
fix has a line for the ignore file too.
"""

import posixpath
from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.dockerfile import Span
from rules.model.finding import Finding, Silence
from rules.model.order import Move, stretches
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
        installing = [run for run in stretch.passed if run.installs]
        if installing:
            yield _report(build, stretch.behind(installing[-1]))
        elif stretch.refused is not None:
            layer, reason = stretch.refused
            yield rule.silence(build.path, layer.instruction.span.start, reason)


def _report(build: Build, move: Move) -> Finding:
    first = move.copies[0].instruction
    commands = list(dict.fromkeys(piece.words for piece in move.installs))
    reads = list(dict.fromkeys(posixpath.basename(path) for path in move.manifests))
    stage = build.dockerfile.stages[first.stage]
    fix, reason = None, None
    try:
        fix = put_source_last(build, move)
    except ImmovableError as error:
        reason = str(error)
    return rule.finding(
        build.path,
        Span(first.span.start, move.last.layer.instruction.span.end),
        subject=f"{stage.name or stage.index} {' && '.join(commands)}",
        message=(
            f"An edit to any file that {code(f'{first.keyword} {first.value}')} takes re-runs "
            f"{listed(commands)}, which {'reads' if len(commands) == 1 else 'read'} only "
            f"{listed(reads)}."
        ),
        fix=fix,
        no_fix=reason,
    )
