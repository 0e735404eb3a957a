"""Edits that move instructions of a Dockerfile, in the file's own style."""

import posixpath
from collections.abc import Sequence

from rules.model.cache import Build, Layer
from rules.model.dockerfile import Instruction
from rules.model.finding import Edit
from rules.model.installs.copied import Copied
from rules.model.order import Stretch, inherited

_QUOTED = frozenset(" \t*?[]\\$\"'")


def put_source_last(build: Build, stretch: Stretch) -> tuple[Edit, ...] | None:
    """Manifests in the place of the first source copy, all source copies behind the installs.

    None where the text of a copy cannot be kept when it moves.
    """
    last = stretch.last
    manifests = _manifest_copies(build, stretch)
    moved = [_moved(build, stretch, layer) for layer in stretch.copies]
    if manifests is None or last is None or any(text is None for text in moved):
        return None
    newline = build.dockerfile.newline
    edits = []
    for place, layer in enumerate(stretch.copies):
        start, end = _reach(build, layer.instruction)
        if place == 0 and manifests:
            edits.append(Edit(build.path, start, layer.instruction.end, newline.join(manifests)))
        else:
            edits.append(Edit(build.path, start, end, ""))
    gap = newline * (2 if _set_apart(build, stretch.copies[0].instruction) else 1)
    edits.append(
        _behind(build, stretch, last.instruction, gap + gap.join(filter(None, moved)), gap)
    )
    return tuple(sorted(edits))


def _behind(build: Build, stretch: Stretch, run: Instruction, moved: str, gap: str) -> Edit:
    """Put text behind the last install of a RUN, which is split where more follows."""
    if not stretch.rest:
        return Edit(build.path, run.end, run.end, moved)
    start = run.script_offset(stretch.installs[-1].item.end - 1) + 1
    end = run.script_offset(stretch.rest[0].item.start)
    head = build.dockerfile.text[run.start : run.script_offset(0)]  # `RUN` and its flags
    return Edit(build.path, start, end, moved + gap + head)


def _manifest_copies(build: Build, stretch: Stretch) -> list[str] | None:
    """COPY lines for what the installs read and only the moved copies bring."""
    layers, first = stretch.layers, stretch.copies[0]
    before = inherited(build, first.stage)
    seen = [layer for layer in layers if stretch.last and layer.index < stretch.last.index]
    now = Copied(build, [*before, *seen])
    left = Copied(build, [*before, *(layer for layer in seen if layer not in stretch.copies)])
    changed = _may_be_changed([*before, *(layer for layer in seen if layer.index < first.index)])
    wanted: dict[tuple[str, str], list[str]] = {}
    for path in stretch.manifests:
        origin = now.origin(path)
        if origin is None or _QUOTED & set(origin):
            return None
        if left.origin(path) == origin and not changed:
            continue
        bringer = next(
            (c for c in reversed(stretch.copies) if c.copy and c.copy.origin(path) == origin), None
        )
        if bringer is None or posixpath.basename(origin) != posixpath.basename(path):
            return None
        key = (posixpath.dirname(path), _flags(build, bringer.instruction))
        wanted.setdefault(key, []).append(origin)
    lower = build.dockerfile.text[first.instruction.start].islower()
    keyword = "copy" if lower else "COPY"
    lines = []
    for (folder, flags), origins in wanted.items():
        target = "./" if folder == first.folder else folder.rstrip("/") + "/"
        lines.append(" ".join([keyword, *([flags] if flags else []), *origins, target]))
    return lines


def _may_be_changed(layers: Sequence[Layer]) -> bool:
    """Whether a RUN stands behind a COPY: it could have changed what was copied."""
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


def _moved(build: Build, stretch: Stretch, layer: Layer) -> str | None:
    """The text of a source copy behind the installs, its destination still where it was."""
    instruction, text = layer.instruction, build.dockerfile.text
    crossed = [other for other in stretch.crossed if other.index > layer.index]
    start, _ = _reach(build, instruction)
    raw = text[start : instruction.end]
    if "$" in raw and any(other.instruction.keyword in ("ENV", "ARG") for other in crossed):
        return None
    if stretch.last is None or layer.folder == stretch.last.folder:
        return raw
    copy, word = layer.copy, instruction.args[-1] if instruction.args else None
    if copy is None or copy.destination is None or word is None:
        return None
    if word.text.startswith("/"):
        return raw
    if instruction.json or instruction.heredocs:
        return None
    absolute = copy.destination.rstrip("/") + "/"
    return raw[: word.start - start] + absolute + raw[word.end - start :]


def _reach(build: Build, instruction: Instruction) -> tuple[int, int]:
    """Where an instruction and the comment about it begin and end, its newline included.

    A comment right above belongs to it alone only if a blank line or another comment separates it
    from what follows; else it may speak of both.
    """
    lines, span = build.dockerfile.lines, instruction.span
    following = lines[span.end].strip() if span.end < len(lines) else ""
    first = span.start
    if not following or following.startswith("#"):
        while first > 1 and _plain_comment(build, first - 1):
            first -= 1
    start = build.dockerfile.line_starts[first - 1]
    end = build.dockerfile.text.find("\n", instruction.end)
    return start, len(build.dockerfile.text) if end < 0 else end + 1


def _plain_comment(build: Build, line: int) -> bool:
    """Whether a line is a comment between instructions, and no directive."""
    return any(
        comment.line == line and not comment.text.lstrip("# \t").startswith("layerwise:")
        for comment in build.dockerfile.comments
    )


def _set_apart(build: Build, instruction: Instruction) -> bool:
    """Whether a blank line follows the instruction."""
    lines = build.dockerfile.lines
    return instruction.span.end < len(lines) - 1 and not lines[instruction.span.end].strip()
