"""Set-up steps behind the source.

System packages, accounts and tools do not come from the source, yet a step that installs them
behind a COPY of the source runs again after every edit. Before the COPY it runs once.

Silent unless it is certain that the step reads nothing that was copied: its commands, paths and
working directory are known and lie apart from the source. Copies to system folders are not
crossed. Steps that take no time (`mkdir`, `echo`) are not worth a word.
"""

from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.dockerfile import Span
from rules.model.finding import Finding
from rules.model.order import Move, Passed, stretches
from rules.model.places import is_project_folder
from rules.model.prose import code, listed
from rules.model.rewrite import ImmovableError, put_source_last
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="order",
    example=Example(
        edit="main.py",
        files={"main.py": "print()\n"},
        before="""\
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN apt-get update && apt-get install -y --no-install-recommends libpq5
CMD ["python", "main.py"]
""",
        after="""\
FROM python:3.12-slim
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends libpq5
COPY . .
CMD ["python", "main.py"]
""",
    ),
)

_QUICK = frozenset(
    ": cd chgrp chmod chown echo exit export false ln mkdir printf rm rmdir set sleep touch true "
    "umask unset".split()
)


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each RUN that only sets up and stands behind source."""
    for stretch in stretches(build):
        for run in stretch.passed:
            move = stretch.behind(run)
            if move is None or run.installs or not _takes_time(run):
                continue
            if all(is_project_folder(c.copy.destination or "/") for c in move.copies if c.copy):
                yield _report(build, move)


def _takes_time(run: Passed) -> bool:
    return any(p.name not in _QUICK for piece in run.pieces for p in piece.processes)


def _report(build: Build, move: Move) -> Finding:
    first, last = move.copies[0].instruction, move.last
    stage = build.dockerfile.stages[first.stage]
    words = [p.words for p in last.pieces if any(q.name not in _QUICK for q in p.processes)]
    fix, reason = None, None
    try:
        fix = put_source_last(build, move)
    except ImmovableError as error:
        reason = str(error)
    verb = "reads" if len(words) == 1 else "read"
    return rule.finding(
        build.path,
        Span(first.span.start, last.layer.instruction.span.end),
        subject=f"{stage.name or stage.index} {' && '.join(words)}",
        message=(
            f"{listed(words)} {verb} nothing of the source, but behind "
            f"{code(f'{first.keyword} {first.value}')} every edit runs it again."
        ),
        fix=fix,
        no_fix=reason,
    )
