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
from dataclasses import dataclass, field

from rules.model.cache import Build, Copy, Layer
from rules.model.dockerfile import Instruction, Span
from rules.model.finding import Edit, Finding, Fix, Silence
from rules.model.installs.copied import Copied, from_context
from rules.model.installs.find import Piece, is_manifest, pieces
from rules.model.places import is_project_folder
from rules.model.prose import code
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

_PASSIVE = frozenset(
    "ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD SHELL STOPSIGNAL USER "
    "WORKDIR".split()
)


@dataclass
class _Run:
    """A stretch of one stage: source copies, and the installs behind them that do not need it."""

    copies: list[Layer]
    between: list[Layer] = field(default_factory=list)
    """Layers after the first copy, up to the last install."""
    installs: list[Piece] = field(default_factory=list)
    last: Layer | None = None
    """The RUN with the last install."""
    rest: list[Piece] = field(default_factory=list)
    """What that RUN does after its last install."""


@rule.check
def find(build: Build) -> Iterator[Finding | Silence]:
    """One finding for each stretch of installs that stands behind source."""
    if build.context.kind == "unknown":
        return
    for stage in build.dockerfile.stages:
        layers = [layer for layer in build.layers if layer.stage == stage.index]
        at = 0
        while at < len(layers):
            if not _is_source(build, layers[at]):
                at += 1
                continue
            run, silences, at = _walk(build, layers, at)
            yield from silences
            if run.last is not None:
                yield _report(build, layers, run)


def _walk(build: Build, layers: Sequence[Layer], first: int) -> tuple[_Run, list[Silence], int]:
    """Follow the stage from its copy `first` as long as nothing reads the source."""
    run = _Run([layers[first]])
    passed: list[Layer] = []
    held: list[Layer] = []
    for at in range(first + 1, len(layers)):
        layer = layers[at]
        keyword = layer.instruction.keyword
        if keyword in _PASSIVE:
            passed.append(layer)
        elif layer.copy is not None:
            if _is_source(build, layer):
                held.append(layer)
            elif not all(_apart(layer.copy, c.copy) for c in [*run.copies, *held] if c.copy):
                return run, [], at + 1
            else:
                passed.append(layer)
        elif keyword == "RUN":
            installs, rest, stop = _read(build, layers, at, [*run.copies, *held])
            if installs:
                run.copies += held
                run.between += [*passed, layer]
                run.installs += installs
                run.last, run.rest = layer, rest
                held, passed = [], []
            elif stop is None:
                passed.append(layer)
            if stop is not None:
                silences = []
                if stop.reads is not None and run.last is None:
                    reason = stop.reads.needs_source or "it reads the source"
                    line = layer.instruction.span.start
                    silences = [rule.silence(build.path, line, reason)]
                return run, silences, at + 1
        else:
            return run, [], at + 1
    return run, [], len(layers)


def _read(
    build: Build, layers: Sequence[Layer], at: int, sources: Sequence[Layer]
) -> tuple[list[Piece], list[Piece], Piece | None]:
    """The installs of a RUN that may stand before the source, what follows, and what stops."""
    copied = Copied(build, [*_inherited(build, layers), *layers[:at]])
    targets = [s.copy.destination or "/" for s in sources if s.copy is not None]
    everything = pieces(layers[at], copied, targets)
    free: list[Piece] = []
    stop = None
    for piece in everything:
        if piece.reads_source is not None:
            stop = piece
            break
        free.append(piece)
    last = max((i for i, p in enumerate(free) if p.reads is not None and p.reads.project), default=-1)
    if last < 0:
        return [], [], stop
    installs = [p for p in free[: last + 1] if p.reads is not None and p.reads.project]
    return installs, everything[last + 1 :], stop


def _inherited(build: Build, layers: Sequence[Layer]) -> list[Layer]:
    """The layers of the stages that this one is built on, the oldest first."""
    found: list[Layer] = []
    parent = build.dockerfile.stages[layers[0].stage].parent
    while parent is not None:
        index = parent
        found = [*(layer for layer in build.layers if layer.stage == index), *found]
        parent = build.dockerfile.stages[index].parent
    return found


def _is_source(build: Build, layer: Layer) -> bool:
    """Whether a layer copies files of the context that no install is known to read."""
    copy = layer.copy
    if copy is None or not from_context(copy) or copy.destination is None:
        return False
    if not is_project_folder(copy.destination) or not copy.files:
        return False
    return not all(is_manifest(path) for path in copy.files)


def _apart(one: Copy, other: Copy) -> bool:
    """Whether two copies cannot write to the same place."""
    if one.destination is None or other.destination is None:
        return False
    a, b = one.destination.rstrip("/") + "/", other.destination.rstrip("/") + "/"
    return not a.startswith(b) and not b.startswith(a)


def _report(build: Build, layers: Sequence[Layer], run: _Run) -> Finding:
    assert run.last is not None
    first = run.copies[0].instruction
    names = list(dict.fromkeys(piece.words for piece in run.installs))
    reads = [posixpath.basename(p) for piece in run.installs for p in (piece.reads.files if piece.reads else ())]
    stage = build.dockerfile.stages[layers[0].stage]
    subject = f"{stage.name or stage.index} {' '.join(names)}"
    message = (
        f"An edit to any file that {code(_one_line(build, first))} takes re-runs "
        f"{_listed(names)}, which {'reads' if len(names) == 1 else 'read'} only "
        f"{_listed(list(dict.fromkeys(reads)))}."
    )
    span = Span(first.span.start, run.last.instruction.span.end)
    reason = _obstacle(build, run)
    fix = _fix(build, layers, run) if reason is None else None
    return rule.finding(build.path, span, subject=subject, message=message, fix=fix, no_fix=reason)


def _listed(words: Sequence[str]) -> str:
    quoted = [code(word) for word in words]
    if len(quoted) > 1:
        return ", ".join(quoted[:-1]) + " and " + quoted[-1]
    return "".join(quoted)


def _one_line(build: Build, instruction: Instruction) -> str:
    return f"{instruction.keyword} {instruction.value}"


def _obstacle(build: Build, run: _Run) -> str | None:
    """Why the order is at fault but no edit is proven to mend it."""
    for piece in run.installs:
        for folder in piece.reads.writes if piece.reads else ():
            for layer in run.copies:
                reason = _laid_over(build, layer.copy, folder)
                if reason is not None:
                    return reason
    last = run.last
    if run.rest and last is not None and last.script is not None:
        before = [p for p in pieces_of(last) if p.end <= run.installs[-1].end]
        if any(p.keeps_state for p in before):
            return "the RUN cannot be split: a later part relies on `cd` or variables set before"
        if any(p.cleans for p in run.rest):
            return "the RUN cannot be split: a later part removes what an earlier one made"
        if any(p.connector != "&&" for p in [*before[1:], *run.rest]):
            return "the RUN cannot be split: its parts do not all depend on success"
    return None


def _laid_over(build: Build, copy: Copy | None, folder: str) -> str | None:
    """Whether a COPY made later could lay files over what the install writes to `folder`."""
    if copy is None or copy.destination is None:
        return None
    base = copy.destination.rstrip("/") + "/"
    if not (folder + "/").startswith(base):
        return None
    for source in copy.sources:
        path = posixpath.normpath(posixpath.join(source, folder[len(base) :]))
        if build.context.may_send(path):
            name = posixpath.basename(folder)
            return (
                f"{code(name)} in the build context would be copied over the installed one; "
                f"ignore it in .dockerignore first"
            )
    return None


def _fix(build: Build, layers: Sequence[Layer], run: _Run) -> Fix | None:
    """Manifests in the place of the first source copy, all source copies behind the installs."""
    assert run.last is not None
    text, newline = build.dockerfile.text, build.dockerfile.newline
    manifests = _manifest_copies(build, layers, run)
    moved = _moved(build, run)
    if manifests is None or moved is None:
        return None
    edits: list[Edit] = []
    for place, layer in enumerate(run.copies):
        start, end = layer.instruction.start, layer.instruction.end
        if place == 0 and manifests:
            edits.append(Edit(build.path, start, end, newline.join(manifests)))
        else:
            edits.append(Edit(build.path, _line_start(text, start), _line_end(text, end), ""))
    gap = newline * (2 if _spaced(text, run) else 1)
    last = run.last.instruction
    body = gap + gap.join(moved)
    if run.rest:
        start = last.script_offset(run.installs[-1].end)
        end = last.script_offset(run.rest[0].start)
        head = text[last.start : last.script_offset(0)]
        edits.append(Edit(build.path, start, end, body + gap + head))
    else:
        edits.append(Edit(build.path, last.end, last.end, body))
    return Fix(tuple(sorted(edits)))


def _manifest_copies(build: Build, layers: Sequence[Layer], run: _Run) -> list[str] | None:
    """COPY lines for what the installs read and nothing but the moved copies brings."""
    first = run.copies[0]
    start = layers.index(first)
    end = layers.index(run.last) if run.last in layers else start
    others = [layer for layer in layers[:end] if layer not in run.copies]
    before = [*_inherited(build, layers), *others]
    all_of_them = Copied(build, [*_inherited(build, layers), *layers[:end]])
    kept = Copied(build, before)
    wanted: dict[tuple[str, str], list[str]] = {}
    for path in dict.fromkeys(p for i in run.installs if i.reads for p in i.reads.files):
        origin = all_of_them.origin(path)
        if origin is None or any(c in origin for c in " \t*?[]\\$\"'"):
            return None
        if kept.origin(path) == origin and not _changed_by_run(layers[:start]):
            continue
        if posixpath.basename(origin) != posixpath.basename(path):
            return None
        bringer = next(c for c in reversed(run.copies) if c.copy and c.copy.origin(path) == origin)
        key = (posixpath.dirname(path), _flags(build, bringer.instruction))
        wanted.setdefault(key, []).append(origin)
    keyword = build.dockerfile.text[first.instruction.start :][: len("COPY")]
    keyword = "copy" if keyword.islower() else "COPY"
    lines = []
    for (folder, flags), origins in wanted.items():
        target = "./" if folder == first.folder else folder.rstrip("/") + "/"
        lines.append(" ".join([keyword, *([flags] if flags else []), *origins, target]))
    return lines


def _changed_by_run(layers: Sequence[Layer]) -> bool:
    """Whether a RUN could have changed a manifest that was copied before it."""
    copied = False
    for layer in layers:
        copied = copied or layer.copy is not None
        if copied and layer.instruction.keyword == "RUN":
            return True
    return False


def _flags(build: Build, instruction: Instruction) -> str:
    """The flags of a COPY that its smaller twin keeps, as written."""
    kept = [f for f in instruction.flags if f.name in ("chown", "chmod", "link")]
    return " ".join(build.dockerfile.text[f.word.start : f.word.end] for f in kept)


def _moved(build: Build, run: _Run) -> list[str] | None:
    """The text of the source copies, with their destinations still where they were."""
    texts = []
    for layer in run.copies:
        instruction = layer.instruction
        raw = build.dockerfile.text[instruction.start : instruction.end]
        crossed = [b for b in run.between if b.index > layer.index]
        if any(b.instruction.keyword in ("ENV", "ARG") for b in crossed) and "$" in raw:
            return None
        if run.last is not None and layer.folder != run.last.folder:
            word = instruction.args[-1] if instruction.args else None
            if layer.copy is None or layer.copy.destination is None or word is None:
                return None
            if not word.text.startswith("/"):
                if instruction.json or instruction.heredocs:
                    return None
                absolute = layer.copy.destination.rstrip("/") + "/"
                at = instruction.start
                raw = raw[: word.start - at] + absolute + raw[word.end - at :]
        texts.append(raw)
    return texts


def _spaced(text: str, run: _Run) -> bool:
    """Whether the file sets its instructions apart with blank lines here."""
    first = run.copies[0].instruction
    after = text[first.end :].replace("\r", "")
    return after.startswith("\n\n")


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1
