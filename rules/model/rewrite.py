"""Edits that move instructions of a Dockerfile, in the file's own style."""

import posixpath
import shlex
from collections.abc import Sequence

from rules.model.cache import Build, Copy, Layer
from rules.model.context import ignore_path
from rules.model.dockerfile import Instruction
from rules.model.finding import Edit, Fix
from rules.model.installs.copied import Copied
from rules.model.installs.find import Piece, leaves_alone
from rules.model.installs.install import join, join_known
from rules.model.lineage import inherited, seen_by
from rules.model.order import MOST_MANIFESTS, Move, Passed, only_prepares
from rules.model.places import is_inside, overlap
from rules.model.proposal import append, proposed_path
from rules.model.prose import code

_QUOTED = frozenset(" \t*?[]\\$\"'")


class ImmovableError(Exception):
    """Why the source cannot be moved, in words for the author."""


def put_source_last(build: Build, move: Move) -> Fix:
    """Manifests in the place of the first source copy, all source copies behind the last RUN.

    What an install wrote, the later copies must not lie over: its folder joins the ignore file
    where it is not in it yet. Raises ImmovableError.
    """
    _check_split(move)
    manifests = _manifest_copies(build, move)
    only_fetches = move.crossed == [move.last.layer] or move.last.prepared
    if _fetches(move.last) and only_fetches:
        return _fetch_above(build, move, manifests)
    moved = [_moved(build, move, layer) for layer in move.moving]
    newline = build.dockerfile.newline
    edits = _keep_out(build, move)
    for place, layer in enumerate(move.moving):
        start, end = reach(build, layer.instruction)
        if place == 0 and manifests:
            edits.append(Edit(build.path, start, layer.instruction.end, newline.join(manifests)))
        else:
            edits.append(Edit(build.path, start, end, ""))
    apart = [_set_apart(build, layer.instruction) for layer in (move.copies[0], move.last.layer)]
    gap = newline * (2 if any(apart) else 1)
    edits += _behind(build, move, gap + (newline * (2 if apart[0] else 1)).join(moved), gap)
    return Fix(tuple(sorted(edits)))


def _fetches(run: Passed) -> bool:
    """Whether it has a command that is not in the file yet."""
    return bool(run.pieces) and run.pieces[-1].fetch is not None


def _fetch_above(build: Build, move: Move, manifests: Sequence[str]) -> Fix:
    """The manifests and what fetches by them above the source, where nothing stands between."""
    first = move.copies[0].instruction
    start, _ = reach(build, first)
    lines = [*manifests, _fetching(build, move.last)]
    gap = build.dockerfile.newline * (2 if _set_apart(build, first) else 1)
    edits = [Edit(build.path, start, start, gap.join(lines) + gap), *_done_before(build, move.last)]
    return Fix(tuple(sorted([*_keep_out(build, move), *edits])))


def _fetching(build: Build, run: Passed) -> str:
    """The RUN that fetches, with what has to come before it."""
    given = _text_of(build, run.layer, _file_pieces(run))
    said = [_text_of(build, layer, [piece], " && ") for layer, piece in run.prepared]
    start, end = _around_script(build, run.layer)
    return start + "".join(said) + given + _fetch_text(run) + end


def _done_before(build: Build, run: Passed) -> list[Edit]:
    """Take out of a RUN what the one that fetches has done already."""
    given = _file_pieces(run)
    extra = given[len(_repeated(given)) :]
    if not extra:
        return []
    start, end = _offset(run.layer, extra[0].item.start), _offset(run.layer, run.rest[0].item.start)
    if run.layer.instruction.heredocs and run.rest[0].item.connector == "\n":
        end = build.dockerfile.text.index("\n", _end(run.layer, extra[-1].item.end)) + 1
    return [Edit(build.path, start, end, "")]


def _check_split(move: Move) -> None:
    """A RUN is split only where its parts are apart from each other."""
    run = move.last
    if not run.rest:
        return
    if run.layer.instruction.json or not _is_one_text(run.layer):
        raise ImmovableError("the RUN cannot be split: its script is no shell line")
    whole = _file_pieces(run)
    repeated = _repeated(whole)
    if any(piece.keeps_state for piece in whole[len(repeated) :]):
        raise ImmovableError(
            "the RUN cannot be split: a later part relies on `cd` or variables set before"
        )
    if any(piece.cleans and not _trims_source(move, piece) for piece in run.rest):
        raise ImmovableError(
            "the RUN cannot be split: a later part removes what an earlier one made"
        )
    # The first part ends in the install. Joined by `;`, the second would run without it too.
    run_pieces = [*whole, *run.rest]
    excused = any(piece.is_call("exit", "true", ":") for piece in run.rest)
    if excused or any(p.item.connector not in ("", "&&", ";", "\n") for p in run_pieces):
        raise ImmovableError("the RUN cannot be split: its parts do not all depend on success")


def _trims_source(move: Move, piece: Piece) -> bool:
    """Whether it only removes parts of the source that no install fills."""
    process = piece.processes[0] if piece.is_call("rm") else None
    if process is None or process.folder is None or None in process.args:
        return False
    places = [c.copy.destination or "/" for c in move.copies if c.copy is not None]
    for word in process.args:
        if word is None or word.startswith("-"):
            continue
        path = join_known(process.folder, word)
        inside = any(path != place and is_inside(path, place) for place in places)
        inside = inside and not word.startswith("~")
        if not inside or any(overlap(path, filled) for filled in move.writes):
            return False
    return True


def _is_one_text(layer: Layer) -> bool:
    """Whether the script is a shell line, or a heredoc as it stands in the file.

    One that begins with `#!` is run by that program, of which its second part would know nothing.
    """
    heredocs = layer.instruction.heredocs
    if not heredocs:
        return True
    alone = len(heredocs) == 1 and layer.script is not None and layer.script.heredoc
    body = heredocs[0].body
    return alone and len(body) == heredocs[0].end - heredocs[0].start and body[:2] != "#!"


def _offset(layer: Layer, index: int) -> int:
    """Where a character of a RUN's script stands in the Dockerfile."""
    heredocs = layer.instruction.heredocs
    return heredocs[0].start + index if heredocs else layer.instruction.script_offset(index)


def _end(layer: Layer, index: int) -> int:
    """Where the character before `index` of a RUN's script ends."""
    return _offset(layer, index - 1) + 1


def _around_script(build: Build, layer: Layer) -> tuple[str, str]:
    """`RUN` and its flags as written, and for a heredoc its marker and its end."""
    run = layer.instruction
    head = build.dockerfile.text[run.start : run.script_offset(0)]
    if not run.heredocs:
        return head, ""
    newline = build.dockerfile.newline
    return head + run.script.strip() + newline, newline + run.heredocs[0].name


def _file_pieces(run: Passed) -> Sequence[Piece]:
    """Those of its first pieces that stand in the file."""
    return run.pieces[:-1] if _fetches(run) else run.pieces


def _repeated(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The first pieces that only say where and how the others run: both parts begin with them."""
    end = next((i for i, piece in enumerate(pieces) if not only_prepares(piece)), len(pieces))
    return pieces[:end]


def _keep_out(build: Build, move: Move) -> list[Edit]:
    """Patterns for what the moved copies would lay over what the installs wrote."""
    paths: list[str] = []
    for folder in move.writes:
        for layer in move.copies:
            paths += [p for p in _laid_over(layer.copy, folder) if build.context.may_send(p)]
    into = any(
        is_inside(folder, layer.copy.destination or "/") and not _is_owned(build, move, layer)
        for folder in move.writes
        for layer in move.copies
        if layer.copy is not None and layer.instruction.flag("chown")
    )
    if into and move.last.layer.user not in ("root", "0"):
        raise ImmovableError("the install may need the folder that the COPY gives its owner")
    wanted = list(dict.fromkeys(paths))
    if not wanted:
        return []
    for path in wanted:
        if build.files.under(path):
            raise ImmovableError(f"{code(path)} is tracked and would lie over the installed one")
    target = ignore_path(build.repository, build.path, build.context.root)
    if target is None:
        return [Edit(proposed_path(build), 0, 0, "".join(f"{path}\n" for path in wanted))]
    edit = append(build, wanted)
    if edit is None:
        raise ImmovableError(f"{code(target)} is a symbolic link, and would need another line")
    return [edit]


def _is_owned(build: Build, move: Move, layer: Layer) -> bool:
    """Whether an earlier RUN has given the folder of a COPY the same owner, in the same words."""
    owner = layer.instruction.flag("chown") or ""
    means = layer.variables.expand(owner).text
    folder = layer.copy.destination if layer.copy is not None else None
    if means is None or folder is None:
        return False
    for other in seen_by(build, move.copies[0]):
        same = other.instruction.keyword == "RUN" and other.variables.expand(owner).text == means
        for process in other.processes if same else ():
            if process.name != "chown" or not process.certain or process.folder is None:
                continue
            plain = [word for word in process.argv[1:] if not word.raw.startswith("-")]
            paths = [join(process.folder, word.value) for word in plain[1:] if word.literal]
            if plain and plain[0].value == owner and folder in paths:
                return True
    return False


def _laid_over(copy: Copy | None, folder: str) -> list[str]:
    """Paths of the context that a COPY would lay over a folder of the image."""
    if copy is None or copy.destination is None:
        return []
    if not is_inside(folder, copy.destination):
        return []
    if copy.stage is not None:
        raise ImmovableError("what comes from another stage may lie over what the install writes")
    below = posixpath.relpath(folder, copy.destination)
    return [posixpath.normpath(posixpath.join(source, below)) for source in copy.sources or ()]


def _behind(build: Build, move: Move, moved: str, gap: str) -> list[Edit]:
    """Put text behind the last RUN, which is split where it does more."""
    run, last = move.last.layer.instruction, move.last
    if not last.rest:
        end = run.end
        if run.script and not run.heredocs:  # a last line may end in a continuation all the same
            end = run.script_offset(len(run.script.rstrip()) - 1) + 1
        return [Edit(build.path, end, run.end, moved)]
    if last.pieces[-1].fetch is None:
        repeated = _text_of(build, last.layer, _repeated(last.pieces))
        head, tail = _around_script(build, last.layer)
        start = _end(last.layer, last.pieces[-1].item.end)
        end = _offset(last.layer, last.rest[0].item.start)
        text = tail + moved + gap + head + repeated
        between = build.dockerfile.text[start:end]
        if run.heredocs and last.rest[0].item.connector == "\n" and "#" in between:
            own, _, about = between.partition("\n")  # comments stay with what they speak of
            text = own.rstrip() + text + about.lstrip("\n")
        return [Edit(build.path, start, end, text)]
    start, _ = reach(build, run)
    edit = Edit(build.path, start, start, _fetching(build, last) + moved + gap)
    return [edit, *_done_before(build, last)]


def _text_of(build: Build, layer: Layer, pieces: Sequence[Piece], joint: str = "") -> str:
    """Some pieces of a RUN as written, and what joins them to the next (or `joint`)."""
    if not pieces:
        return ""
    start = _offset(layer, pieces[0].item.start)
    end = _end(layer, pieces[-1].item.end)
    lone = layer.script is not None and layer.script.items[-1] is pieces[-1].item
    if not joint and not lone and layer.script is not None:
        after = layer.script.items[layer.script.items.index(pieces[-1].item) + 1]
        joint = "; " if after.connector in (";", "\n") else " && "
        if layer.instruction.heredocs and after.connector == "\n":
            joint = build.dockerfile.newline
    return build.dockerfile.text[start:end] + (joint or " && ")


def _fetch_text(run: Passed) -> str:
    """The command that fetches, with the wrappers and variables of the call that it goes before."""
    piece = run.pieces[-1]
    script, process = run.layer.script, piece.install or piece.processes[0]
    if piece.fetch is None or script is None or process.inside is not None:
        raise ImmovableError("the command stands inside another one")
    before = script.text[piece.item.start : process.argv[0].start].split()
    written = dict(zip(process.args, (word.raw for word in process.argv[1:]), strict=True))
    words = [written.get(word) or shlex.quote(word) for word in piece.fetch.words]
    return " ".join([*before, *words])


def _manifest_copies(build: Build, move: Move) -> list[str]:
    """COPY lines for what the installs read and only the moved copies bring."""
    if len(move.manifests) > MOST_MANIFESTS:
        raise ImmovableError(f"{len(move.manifests)} manifests would have to be listed")
    first = move.copies[0]
    before = inherited(build, first.stage)
    seen = [layer for layer in move.layers if layer.index < move.last.layer.index]
    now = Copied(build, [*before, *seen])
    left = Copied(build, [*before, *(layer for layer in seen if layer not in move.copies)])
    done = [*before, *(layer for layer in seen if layer.index < first.index)]
    wanted: dict[tuple[str, str], list[str]] = {}
    for path in move.manifests:
        origin = now.origin(path)
        name = posixpath.basename(path)
        if origin is None or _QUOTED & set(origin) or posixpath.basename(origin) != name:
            raise ImmovableError(f"{code(name)} cannot be copied alone as it is written")
        if left.origin(path) == origin and not _may_be_changed(build, path, done):
            continue
        bringer = next(
            (c for c in reversed(move.copies) if c.copy and c.copy.origin(path) == origin), None
        )
        if bringer is None:
            raise ImmovableError(f"{code(name)} is copied more than once")
        key = (posixpath.dirname(path), _flags(build, bringer.instruction))
        wanted.setdefault(key, []).append(origin)
    lower = build.dockerfile.text[first.instruction.start].islower()
    keyword = "copy" if lower else "COPY"
    lines = []
    for (folder, flags), origins in wanted.items():
        target = "./" if folder == first.folder else folder.rstrip("/") + "/"
        lines.append(" ".join([keyword, *([flags] if flags else []), *origins, target]))
    return lines


def _may_be_changed(build: Build, path: str, layers: Sequence[Layer]) -> bool:
    """Whether a RUN that may change a file stands behind the COPY that brings it."""
    copies = (i for i, e in enumerate(layers) if e.copy and e.copy.origin(path) is not None)
    runs = [e for e in layers[max(copies, default=len(layers)) :] if e.instruction.keyword == "RUN"]
    return not all(leaves_alone(build, layer, posixpath.dirname(path)) for layer in runs)


def _flags(build: Build, instruction: Instruction) -> str:
    """The flags of a COPY that its smaller twin keeps, as written."""
    kept = [f for f in instruction.flags if f.name in ("chown", "chmod", "link")]
    return " ".join(build.dockerfile.text[f.word.start : f.word.end] for f in kept)


def _moved(build: Build, move: Move, layer: Layer) -> str:
    """The text of a source copy behind the last RUN, its destination still where it was."""
    instruction, text = layer.instruction, build.dockerfile.text
    crossed = [other for other in move.crossed if other.index > layer.index]
    start, _ = reach(build, instruction)
    raw = text[start : instruction.end]
    if "$" in raw and any(other.instruction.keyword in ("ENV", "ARG") for other in crossed):
        raise ImmovableError("the COPY has variables that are set behind it")
    if layer.folder == move.last.layer.folder:
        return raw
    if layer.copy is None:
        raise ImmovableError("the working directory changes, and what goes with the COPY is there")
    copy, word = layer.copy, instruction.args[-1] if instruction.args else None
    if word is not None and (layer.variables.expand(word.text).text or "").startswith("/"):
        return raw
    if copy is None or copy.destination is None or word is None:
        raise ImmovableError("the working directory changes, and the COPY is relative to it")
    absolute = copy.destination.rstrip("/") + "/" * _fills_folder(copy)
    if instruction.json:
        absolute = f'"{absolute}"'
    return raw[: word.start - start] + absolute + raw[word.end - start :]


def _fills_folder(copy: Copy) -> bool:
    """Whether the destination of a copy is a folder, not the file itself."""
    return copy.into_folder or any(match.folder for match in copy.matches)


def reach(build: Build, instruction: Instruction) -> tuple[int, int]:
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
    """Whether a line is a comment between instructions that speaks to people."""
    return any(
        comment.line == line and not comment.text.lstrip("# \t").startswith("layerwise:")
        for comment in build.dockerfile.comments
    )


def cut(build: Build, layer: Layer, place: int) -> Edit:
    """Take one of several commands out of a RUN, with what joins it to the one before, or behind.

    `place` is its place among the items of the layer's script.
    """
    items = layer.script.items if layer.script is not None else ()
    offset = layer.instruction.script_offset
    if place == 0:
        return Edit(build.path, offset(items[0].start), offset(items[1].start), "")
    start, end = offset(items[place - 1].end - 1) + 1, offset(items[place].end - 1) + 1
    return Edit(build.path, start, end, "")


def _set_apart(build: Build, instruction: Instruction) -> bool:
    """Whether a blank line follows the instruction."""
    lines = build.dockerfile.lines
    return instruction.span.end < len(lines) - 1 and not lines[instruction.span.end].strip()
