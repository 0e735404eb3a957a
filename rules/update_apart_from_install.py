"""A package index fetched in a layer of its own.

`RUN apt-get update` is cached for as long as nothing before it changes, so an install in a later
RUN works with the index of that day: it gets old versions, or fails when they are gone from the
mirror (https://docs.docker.com/build/building/best-practices/#apt-get). In one RUN the two are
made anew together.

Silent when the RUN does more than fetch the index, or when no later RUN of the stage installs.
"""

from collections.abc import Iterator

from rules.model.cache import Build, Layer
from rules.model.dockerfile import Span
from rules.model.finding import Edit, Finding, Fix
from rules.model.installs.find import Piece, may_say, pieces
from rules.model.prose import code
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="order",
    measure="same steps",
    example=Example(
        edit="main.py",
        files={"main.py": "print()\n"},
        before="""\
FROM debian:12
RUN apt-get update
RUN apt-get install -y curl
""",
        after="""\
FROM debian:12
RUN apt-get update && apt-get install -y curl
""",
    ),
)

_MANAGERS = {"apt-get": "apt", "apt": "apt", "apk": "apk"}


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each RUN that only fetches an index which the next install uses."""
    for layer in build.layers:
        if layer.instruction.keyword != "RUN" or not may_say(layer, ["update"]):
            continue
        if not all(p.name in _MANAGERS and "update" in p.args for p in layer.processes):
            continue
        updates = pieces(build, layer)
        if not updates or not all(_does(piece, ("update",)) for piece in updates):
            continue
        name = updates[-1].processes[0].name or ""
        user = _user(build, layer, name)
        if user is not None:
            yield _report(build, layer, user, updates[-1])


def _does(piece: Piece, verbs: tuple[str, ...]) -> bool:
    """Whether a piece is one call of a package manager with one of these verbs."""
    if len(piece.processes) != 1 or piece.processes[0].name not in _MANAGERS:
        return False
    words = [w for w in piece.processes[0].args if w is None or not w.startswith("-")]
    return bool(words) and words[0] in verbs


def _user(build: Build, update: Layer, name: str) -> Layer | None:
    """The next RUN of the stage, when it installs with the same manager and does not update."""
    for layer in build.layers[update.index + 1 :]:
        if layer.stage != update.stage or layer.instruction.keyword not in ("RUN", "ARG", "ENV"):
            return None
        if layer.instruction.keyword != "RUN":
            continue
        same = [
            piece
            for piece in pieces(build, layer)
            if len(piece.processes) == 1
            and _MANAGERS.get(piece.processes[0].name or "") == _MANAGERS[name]
        ]
        if any(_does(piece, ("update",)) for piece in same):
            return None
        return layer if any(_does(piece, ("install", "add")) for piece in same) else None
    return None


def _report(build: Build, update: Layer, install: Layer, piece: Piece) -> Finding:
    first, second, text = update.instruction, install.instruction, build.dockerfile.text
    stage = build.dockerfile.stages[update.stage]
    fix = None
    reason = "the two RUNs run in different ways" if _differs(update, install) else None
    if reason is None:
        end = text.find("\n", first.end)
        moved = text[first.script_offset(0) : first.end]
        at = second.script_offset(0)
        fix = Fix(
            (
                Edit(build.path, build.dockerfile.line_starts[first.span.start - 1], end + 1, ""),
                Edit(build.path, at, at, f"{moved} && "),
            )
        )
    return rule.finding(
        build.path,
        Span(first.span.start, second.span.end),
        subject=f"{stage.label} {piece.words}",
        message=(
            f"{code(piece.words)} in a layer of its own is cached: the install in the next RUN "
            f"works with the package index of the day when that layer was built."
        ),
        fix=fix,
        no_fix=reason,
    )


def _differs(update: Layer, install: Layer) -> bool:
    """Whether the two RUNs could not be one: other flags, user or shell, or a form of their own."""
    one, other = update.instruction, install.instruction
    return (
        [f.word.text for f in one.flags] != [f.word.text for f in other.flags]
        or (update.user, update.folder, update.shell)
        != (install.user, install.folder, install.shell)
        or one.json
        or other.json
        or bool(one.heredocs or other.heredocs)
        or bool(one.comments)
    )
