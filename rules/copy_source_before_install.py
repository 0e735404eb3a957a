"""Source copied before dependencies are installed.

A COPY depends on every file it takes, so an edit to any of them re-runs it and each step after
it. When a dependency install stands there, all packages are installed again although the
manifests did not change. Copied in two parts, first the manifests, then, after the install, the
rest, an edit to the source re-runs neither.

Silent when the install reads more than files that can be listed (a `postinstall` script, `-e .`,
a workspace), when a step between may read the source, or when the tree of the build context is
not known. No suggestion where the later COPY would lay files over what the install made.
"""

import posixpath
from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Copy
from rules.model.dockerfile import Span
from rules.model.finding import Finding, Fix, Silence
from rules.model.installs.find import pieces
from rules.model.order import Stretch, stretches
from rules.model.prose import code
from rules.model.rewrite import put_source_last
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
        if stretch.refused is not None:
            layer, reason = stretch.refused
            yield rule.silence(build.path, layer.instruction.span.start, reason)
        elif stretch.last is not None:
            yield _report(build, stretch, stretch.last.instruction.span.end)


def _report(build: Build, stretch: Stretch, end: int) -> Finding:
    first = stretch.copies[0].instruction
    commands = list(dict.fromkeys(piece.words for piece in stretch.installs))
    reads = list(dict.fromkeys(posixpath.basename(path) for path in stretch.manifests))
    stage = build.dockerfile.stages[first.stage]
    reason = _obstacle(build, stretch)
    edits = None if reason is not None else put_source_last(build, stretch)
    if reason is None and edits is None:
        reason = "the COPY cannot be moved as it is written"
    return rule.finding(
        build.path,
        Span(first.span.start, end),
        subject=f"{stage.name or stage.index} {' && '.join(commands)}",
        message=(
            f"An edit to any file that {code(f'{first.keyword} {first.value}')} takes re-runs "
            f"{_listed(commands)}, which {'reads' if len(commands) == 1 else 'read'} only "
            f"{_listed(reads)}."
        ),
        fix=None if edits is None else Fix(edits),
        no_fix=reason,
    )


def _listed(words: Sequence[str]) -> str:
    quoted = [code(word) for word in words]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _obstacle(build: Build, stretch: Stretch) -> str | None:
    """Why the order is at fault but no edit is proven to mend it."""
    for folder in stretch.writes:
        if any(_lies_over(build, layer.copy, folder) for layer in stretch.copies):
            return (
                f"{code(posixpath.basename(folder))} in the build context would be copied over "
                f"the installed one; ignore it in .dockerignore first"
            )
    last = stretch.last
    if not stretch.rest or last is None or last.script is None:
        return None
    end = stretch.installs[-1].item.end
    if any(p.keeps_state for p in pieces(build, last) if p.item.end <= end):
        return "the RUN cannot be split: a later part relies on `cd` or variables set before"
    if any(piece.cleans for piece in stretch.rest):
        return "the RUN cannot be split: a later part removes what an earlier one made"
    if any(item.connector not in ("", "&&") for item in last.script.items):
        return "the RUN cannot be split: its parts do not all depend on success"
    return None


def _lies_over(build: Build, copy: Copy | None, folder: str) -> bool:
    """Whether a COPY made later could lay files over what an install writes to `folder`."""
    if copy is None or copy.destination is None:
        return False
    base = copy.destination.rstrip("/") + "/"
    if not (folder + "/").startswith(base):
        return False
    below = folder[len(base) :]
    paths = (posixpath.normpath(posixpath.join(s, below)) for s in copy.sources or ())
    return any(build.context.may_send(path) for path in paths)
