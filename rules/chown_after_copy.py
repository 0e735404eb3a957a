"""Copied files are changed by a step of their own.

A RUN that gives copied files another owner or mode writes them all into its layer a second time,
and does so after every edit to one of them. `COPY --chown` and `COPY --chmod` bring them as they
have to be.

Silent about single files that a COPY cannot bring with their mode (`chmod +x`). A suggestion only
where the whole tree comes out equal: user and group are both named and the account is there before
the COPY, nothing else lies in the folder, and a folder that stands there already gets its owner in
a step above. `--chmod` only for single files and an octal mode.
"""

from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.dockerfile import Span
from rules.model.finding import Edit, Finding, Fix
from rules.model.owners import Change, KeptError, changes, check_copies
from rules.model.prose import code
from rules.model.rewrite import cut, reach
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="order",
    measure="owners",
    example=Example(
        edit="main.py",
        files={"main.py": "print()\n"},
        before="""\
FROM python:3.12-slim
RUN useradd --create-home app
COPY . /app
RUN chown -R app:app /app
USER app
CMD ["python", "/app/main.py"]
""",
        after="""\
FROM python:3.12-slim
RUN useradd --create-home app
COPY --chown=app:app . /app
USER app
CMD ["python", "/app/main.py"]
""",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each `chown -R` of copied files, and each `chmod` that a COPY could do."""
    for change in changes(build):
        fix, reason = None, None
        try:
            made = check_copies(build, change)
            fix = _fix(build, change, made)
        except KeptError as error:
            reason = str(error)
        if fix is None and not change.recursive:
            continue  # a file or two: not worth a word
        first = change.copies[0].instruction
        stage = build.dockerfile.stages[change.layer.stage]
        yield rule.finding(
            build.path,
            Span(first.span.start, change.layer.instruction.span.end),
            subject=f"{stage.label} {change.piece.words}",
            message=(
                f"After an edit to any file that {code(f'{first.keyword} {first.value}')} takes, "
                f"{code(change.piece.words)} writes the copied files a second time."
            ),
            severity="info" if fix is None else "warning",
            fix=fix,
            no_fix=reason,
        )


def _fix(build: Build, change: Change, made: str | None) -> Fix:
    """The flag on every copy, and the command away; a folder that is there gets its own owner."""
    if change.program == "chmod" and not build.builder.takes_mounts:
        raise KeptError("what builds it may not know `--chmod`")
    edits = [_removal(build, change)]
    newline, text = build.dockerfile.newline, build.dockerfile.text
    for layer in change.copies:
        start = layer.instruction.start + len(layer.instruction.keyword)
        edits.append(Edit(build.path, start, start, f" --{change.program}={change.value}"))
    if made is not None:
        first = change.copies[0].instruction
        run = "run" if text[first.start].islower() else "RUN"
        start, _ = reach(build, first)
        own = f"{run} chown {change.value} {made}{newline}"
        edits.append(Edit(build.path, start, start, own))
    return Fix(tuple(sorted(edits)))


def _removal(build: Build, change: Change) -> Edit:
    """The edit that takes the command out of its RUN, or the whole RUN away."""
    run, script = change.layer.instruction, change.layer.script
    items = script.items if script is not None else ()
    if len(items) == 1:
        return Edit(build.path, *reach(build, run), "")
    if run.heredocs or any(item.connector not in ("", "&&") for item in items):
        raise KeptError("the command cannot be taken out of its RUN")
    return cut(build, change.layer, items.index(change.piece.item))
