"""What empties a cache or switches it off, and the edits that take it out of a file."""

from collections.abc import Iterable, Iterator, Sequence

from rules.model.cache import Build, Layer
from rules.model.dataclass import dataclass
from rules.model.downloads import Use, uses_of
from rules.model.finding import Edit
from rules.model.mounts import Place, UnsureError, is_call
from rules.model.places import is_inside
from rules.model.processes import Process
from rules.model.prose import code
from rules.model.removals import home_of, may_take, operands, plain_path, top_of
from rules.model.rewrite import cut
from rules.model.script import Command, Word
from rules.model.variables import Variable


@dataclass(frozen=True)
class Purge:
    """A command, a word or a variable that empties a cache or switches it off."""

    layer: Layer
    """Of the RUN, or of the ENV that sets the variable."""
    words: str
    """As one would say it: `--no-cache-dir`, `rm -rf /root/.npm`."""
    process: Process | None = None
    operands: tuple[Word, ...] = ()
    """The words of the process that do it; none where the whole command does."""
    variable: Variable | None = None
    instead: str = ""


def purges_in(build: Build, layer: Layer, places: Sequence[Place]) -> list[Purge]:
    """What a RUN does to the caches at `places`, but for variables set outside of it.

    Raises UnsureError where it is not certain what a command does to them.
    """
    return [
        *_switches(build, layer, places),
        *_cleaning(layer, places),
        *_removals(build, layer, places),
    ]


def _switches(build: Build, layer: Layer, places: Sequence[Place]) -> Iterator[Purge]:
    """Options of calls (`--no-cache-dir`)."""
    for use in uses_of(build, layer):
        mine = [place.cache for place in places if place.cache in use.caches]
        options = {option: cache for cache in mine for option in cache.purges}
        found = tuple(word for word in use.process.argv[1:] if word.value in options)
        for word in found:
            instead = options[word.value].instead
            said = {other.value for other in use.process.argv} & set(instead)
            words = instead[0] if instead and not said else ""
            yield Purge(layer, word.value, use.process, (word,), instead=words)


def _cleaning(layer: Layer, places: Sequence[Place]) -> Iterator[Purge]:
    """Commands of the manager (`npm cache clean`)."""
    commands = {command for place in places for command in place.cache.cleaned_by}
    for process in layer.processes:
        if any(is_call(process, command) for command in commands):
            yield Purge(layer, " ".join(word.raw for word in process.argv), process)


def _removals(build: Build, layer: Layer, places: Sequence[Place]) -> Iterator[Purge]:
    """`rm -rf` of a cache's folder; other commands must not name it, nor take it away."""
    for process in layer.processes:
        home = home_of(build, layer, process)
        hit = []
        if process.name == "rm":
            for word, text in operands(process):
                top = top_of(text, process.folder, home)
                inside = top is not None and any(is_inside(top, p.folder) for p in places)
                if inside or _is_cache_folder(plain_path(text, process.folder, home), places):
                    hit.append(word)
        elif _names(process, home, places) and not _is_own_option(build, layer, process):
            raise UnsureError("the RUN names the cache itself")
        if any(may_take(build, layer, process, place.folder, hit) for place in places):
            raise UnsureError("the RUN removes the folder that the cache is in")
        if hit:
            gone = {id(word) for word in hit}
            kept = [w for w, _ in operands(process) if id(w) not in gone and w.value != "--"]
            said = " ".join(["rm", *(word.raw for word in hit)])
            yield Purge(layer, said, process, tuple(hit) if kept else ())


def _names(process: Process, home: str | None, places: Sequence[Place]) -> bool:
    """Whether a word of a command is a path that lies in a cache."""
    for word, value in zip(process.argv, [process.argv[0].value, *process.args], strict=True):
        text = word.value if value is None else value
        text = text.partition("=")[2] if text.startswith("--") else text
        if "/" in text or text.startswith("."):
            path = plain_path(text, process.folder, home)
            if path is not None and any(is_inside(path, place.folder) for place in places):
                return True
    return False


def _is_own_option(build: Build, layer: Layer, process: Process) -> bool:
    """Whether a call tells its manager where the cache is."""
    mine = [use for use in uses_of(build, layer) if use.process is process]
    options = {option for use in mine for cache in use.caches for option in cache.options}
    return any(word.value.partition("=")[0] in options for word in process.argv)


def _is_cache_folder(path: str | None, places: Sequence[Place]) -> bool:
    """Whether a path is the `.cache` of the home that all the places are in."""
    return path is not None and all(
        path == f"{place.account.home}/.cache" and is_inside(place.folder, path) for place in places
    )


def switches_off(layer: Layer, places: Iterable[Place]) -> list[Purge]:
    """Variables of the file that switch caches off for a RUN."""
    names = {name for place in places for name in place.cache.disabled_by}
    return [
        Purge(layer, variable.name, variable=variable)
        for variable in layer.variables.variables
        if variable.name in names
    ]


# Edits.


def without(build: Build, purge: Purge) -> list[Edit]:
    """The edits that take a purge out of the file; raises UnsureError where that is not simple."""
    if purge.variable is not None:
        return _without_variable(build, purge.variable)
    process = purge.process
    if process is None or process.inside is not None or purge.layer.instruction.heredocs:
        raise UnsureError(f"{code(purge.words)} stands where it cannot be taken out alone")
    if purge.operands:
        return [_without_word(build, purge, word) for word in purge.operands]
    return [_without_item(build, purge.layer, process)]


def _without_word(build: Build, purge: Purge, word: Word) -> Edit:
    """Take a word out, with its line where it is alone on it."""
    text, instruction = build.dockerfile.text, purge.layer.instruction
    start = instruction.script_offset(word.start)
    end = instruction.script_offset(word.end - 1) + 1
    if purge.instead:
        return Edit(build.path, start, end, purge.instead)
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end) + 1
    if not text[line_start:start].strip() and text[end:line_end].strip() == "\\":
        return Edit(build.path, line_start, line_end, "")
    return Edit(build.path, len(text[:start].rstrip(" \t")), end, "")


def _without_item(build: Build, layer: Layer, process: Process) -> Edit:
    """Take a command out of a list, with the operator before it."""
    script = layer.script
    refused = UnsureError(f"{code(process.argv[0].raw)} stands where it cannot be taken out alone")
    if script is None:
        raise refused
    place = process.item
    item, after = script.items[place], script.items[place + 1 : place + 2]
    alone = len(item.pipeline) == 1 and item.pipeline[0] is process.command
    chained = item.connector in ("", "&&", ";") and all(i.connector in ("&&", ";") for i in after)
    if not alone or not chained or not isinstance(item.pipeline[0], Command):
        raise refused
    if place == 0 and not after:
        raise refused
    return cut(build, layer, place)


def _without_variable(build: Build, variable: Variable) -> list[Edit]:
    """Take a variable out of its ENV, and the ENV where it is the only one."""
    if variable.kind != "ENV" or variable.instruction < 0:
        raise UnsureError(f"{variable.name} switches the cache off")
    instruction = build.dockerfile.instructions[variable.instruction]
    pairs = instruction.pairs
    places = [i for i, pair in enumerate(pairs) if pair.key == variable.name]
    if len(places) != 1 or instruction.comments:
        raise UnsureError(f"{variable.name} switches the cache off")
    text, place = build.dockerfile.text, places[0]
    if len(pairs) == 1:
        start = build.dockerfile.line_starts[instruction.span.start - 1]
        end = text.find("\n", instruction.end)
        return [Edit(build.path, start, len(text) if end < 0 else end + 1, "")]
    if place:
        return [Edit(build.path, pairs[place - 1].word.end, pairs[place].word.end, "")]
    return [Edit(build.path, pairs[0].word.start, pairs[1].word.start, "")]


def covers_all(build: Build, variable: Variable, uses: Sequence[Use]) -> bool:
    """Whether a variable is read by no other calls than these, as far as that can be seen."""
    mine = {use.layer.index for use in uses}
    manager = uses[0].manager
    for layer in build.layers:
        if layer.instruction.keyword != "RUN" or layer.index in mine:
            continue
        if not any(v is variable or v == variable for v in layer.variables.variables):
            continue
        script = layer.script
        if script is None or script.opaque is not None:
            return False
        if any(use.manager is manager for use in uses_of(build, layer)):
            return False
    return True
