"""Set-up steps behind the source.

System packages, accounts and tools do not come from the source, yet a step that installs them
behind a COPY of the source runs again after every edit. Before the COPY it runs once.

Silent unless it is certain that the step reads nothing that was copied: its commands, paths and
working directory are known and lie apart from the source. Copies to system folders are not
crossed. Steps that take no time (`mkdir`, `git config`) are not worth a word.
"""

from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.cheap import is_cheap
from rules.model.dockerfile import Span
from rules.model.finding import Finding
from rules.model.installs.find import Piece
from rules.model.order import Move, Passed, Stretch, stretches
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

_ACCOUNTS = ("useradd", "groupadd", "adduser", "addgroup", "usermod", "groupmod")
_OWNERS = frozenset(["chgrp", "chown"])
"""They cost much where they own much, and that is a matter for another rule."""


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each RUN that only sets up and stands behind source."""
    for stretch in stretches(build):
        for run in stretch.passed:
            move = stretch.behind(run) if _is_told(stretch, run) else None
            if move is None:
                continue
            if all(is_project_folder(c.copy.destination or "/") for c in move.copies if c.copy):
                yield _report(build, move)


def _is_told(stretch: Stretch, run: Passed) -> bool:
    """Whether what is passed deserves a finding of its own."""
    if not run.pieces:
        return run is _last_but_copies(stretch)
    if all(piece.fetches_index for piece in run.pieces):
        return False  # it would get old where it stands, and an install behind it with it
    return not run.installs and _takes_time(run)


def _last_but_copies(stretch: Stretch) -> Passed | None:
    """The last copy of those that are passed, when no RUN that takes time is passed behind it."""
    counting = [r for r in stretch.passed if not r.pieces or _takes_time(r)]
    return counting[-1] if counting and not counting[-1].pieces else None


def _takes_time(run: Passed) -> bool:
    """Whether a RUN does; one is not split for an account alone."""
    worth = [piece for piece in run.pieces if _is_worth_a_word(piece)]
    return any(not (run.rest and piece.is_call(*_ACCOUNTS)) for piece in worth)


def _is_worth_a_word(piece: Piece) -> bool:
    return not all(
        process.name in _OWNERS
        or is_cheap((process.name or "", *(word or "" for word in process.args)))
        for process in piece.processes
    )


def _report(build: Build, move: Move) -> Finding:
    """What goes before the source; a COPY is worth less, as what it copies is there already."""
    first, last = move.copies[0].instruction, move.last.layer.instruction
    stage = build.dockerfile.stages[first.stage]
    is_run = last.keyword == "RUN"
    if is_run:
        words = [piece.words for piece in move.last.pieces if _is_worth_a_word(piece)]
        verb, again = ("reads", "runs it again") if len(words) == 1 else ("read", "runs them again")
    else:
        words, verb, again = [f"{last.keyword} {last.value}"], "takes", "copies it again"
    fix, reason = None, None
    try:
        fix = put_source_last(build, move)
    except ImmovableError as error:
        reason = str(error)
    return rule.finding(
        build.path,
        Span(first.span.start, last.span.end),
        subject=f"{stage.label} {' && '.join(words)}",
        message=(
            f"{listed(words)} {verb} nothing of the source, but behind "
            f"{code(f'{first.keyword} {first.value}')} every edit {again}."
        ),
        severity="warning" if is_run else "info",
        fix=fix,
        no_fix=reason,
    )
