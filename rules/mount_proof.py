"""What a changed mount must hold, looked at from the outside: in the file before and in that after.

The same commands run but for those that empty a cache that is mounted now; the cache folder of a
tool that the RUN calls lies inside each new mount; nothing purges it; no later step and no program
uses what lies there (design: right or silent).
"""

import posixpath
from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Layer
from rules.model.dockerfile import Instruction
from rules.model.downloads import Use, uses_of
from rules.model.lineage import built_on
from rules.model.managers import MANAGERS
from rules.model.mounts import UnsureError, is_call
from rules.model.places import is_inside, overlap
from rules.model.removals import home_of, may_take, operands, plain_path, top_of

_CACHES = [cache for manager in MANAGERS for cache in manager.caches]
_CLEANING: dict[str, set[str]] = {}
"""Commands that empty a cache, by their programs."""
for _command in (command for cache in _CACHES for command in cache.cleaned_by):
    _CLEANING.setdefault(_command.split()[0], set()).add(_command)
_SWITCHES = frozenset(option for cache in _CACHES for option in (*cache.purges, *cache.instead))
_KEEPING = frozenset(
    word for cache in _CACHES for _, option in cache.keep_options for word in option.split()
)
_SETTING = _SWITCHES | _KEEPING
_VARIABLES = frozenset(name for cache in _CACHES for name in cache.disabled_by)
_EMPTYING = frozenset(cache.emptied_by for cache in _CACHES) - {""}


def runs(build: Build) -> list[Layer]:
    """The RUNs of a build, in order."""
    return [layer for layer in build.layers if layer.instruction.keyword == "RUN"]


def lost_for_mounts(before: Build, after: Build) -> str | None:
    """What is wrong with the file after a change of mounts, None when nothing is."""
    for old, new in zip(runs(before), runs(after), strict=True):
        if new.remembered is old.remembered:
            continue  # the same layer, elsewhere in the file
        targets = new.cache_targets
        if _state(old) != _state(new):
            return "a RUN would run in another way"
        if _work(before, old, targets) != _work(after, new, targets):
            return "it would change the commands that run"
        changed = sorted(set(targets) - set(old.cache_targets))
        wrong = next((w for t in changed if (w := _wrong(after, new, t)) is not None), None)
        if wrong is not None:
            return wrong
    if [_plain(i) for i in _rest(before)] != [_plain(i) for i in _rest(after)]:
        return "it would change another instruction"
    return None


def _state(layer: Layer) -> tuple[object, ...]:
    others = [mount.key for mount in layer.mounts if mount.type != "cache"]
    flags = [f.word.text for f in layer.instruction.flags if f.name != "mount"]
    return (layer.stage, layer.folder, layer.user, layer.shell, others, flags)


def _rest(build: Build) -> list[Instruction]:
    """The instructions that are no RUN, those left out that only set what switches a cache off."""
    found = []
    for instruction in build.dockerfile.instructions:
        names = {pair.key for pair in instruction.pairs}
        if instruction.keyword == "ENV" and names <= _VARIABLES:
            continue
        if instruction.keyword != "RUN":
            found.append(instruction)
    return found


def _plain(instruction: Instruction) -> tuple[object, ...]:
    if instruction.keyword != "ENV":
        return (instruction.keyword, instruction.value)
    return tuple((p.key, p.value) for p in instruction.pairs if p.key not in _VARIABLES)


def _work(build: Build, layer: Layer, targets: Sequence[str]) -> list[tuple[str, ...]]:
    """What a RUN does, what empties or switches off the caches at `targets` taken out."""
    if layer.script is None or layer.script.opaque is not None:
        return [(layer.instruction.script, layer.instruction.value[-2:])]
    if not targets:
        return [tuple(word.raw for word in command.argv) for command in layer.script.commands]
    found = []
    for process in layer.processes:
        words = [w.raw for w in process.argv if w.raw not in _SETTING]
        if any(is_call(process, c) for c in _CLEANING.get(process.name or "", ())):
            continue
        if process.name == "rm":
            home = home_of(build, layer, process)
            kept = {
                word.raw
                for word, text in operands(process)
                if _is_near(text, process.folder, home, targets)
            }
            words = ["rm", *(word for word in words[1:] if word not in kept)]
            if all(word.startswith("-") for word in words[1:]):
                continue
        found.append(tuple(words))
    return found


def _is_near(text: str, folder: str | None, home: str | None, targets: Sequence[str]) -> bool:
    """Whether what a word names is in a mount now, or settings that stand in the way of one."""
    top, path = top_of(text, folder, home), plain_path(text, folder, home)
    near = {*_EMPTYING, *map(posixpath.dirname, targets)}
    return path in near or (top is not None and any(is_inside(top, t) for t in targets))


def _wrong(build: Build, layer: Layer, target: str) -> str | None:
    """What is wrong with one mount."""
    uses = [use for use in uses_of(build, layer) if _is_for(build, use, target)]
    if not uses:
        return f"no tool of the RUN is known to keep its cache in {target}"
    cleaning = [c for use in uses for cache in use.caches for c in cache.cleaned_by]
    for process in layer.processes:
        if any(is_call(process, command) for command in cleaning):
            return "the RUN empties the cache itself"
        if may_take(build, layer, process, target):
            return "the RUN removes what is in the mount"
    later = next(_users(build, layer, target), None)
    return None if later is None else f"{later} uses what lies in {target}"


def _is_for(build: Build, use: Use, target: str) -> bool:
    """Whether a folder of the tool's cache, resolved for this call, lies inside a mount."""
    if use.reads is None and not any(cache.shared for cache in use.caches):
        return False
    try:
        return any(is_inside(place.folder, target) for place in use.places(build))
    except UnsureError:
        return False


def _users(build: Build, layer: Layer, target: str) -> Iterator[str]:
    """Later steps that take something from a folder which is no part of the layer."""
    below = built_on(build, layer.stage)
    for other in build.layers[layer.index + 1 :]:
        copy, keyword = other.copy, other.instruction.keyword
        if copy is not None and copy.stage in below:
            sources = [posixpath.normpath("/" + s.strip("/")) for s in copy.sources or ("",)]
            if any(overlap(source, target) for source in sources):
                yield f"{keyword} --from"
        if other.stage not in below or target in other.cache_targets:
            continue
        if keyword in _LASTING and target in other.instruction.value:
            yield keyword
        names = keyword == "RUN" and other.names(target)
        if names and any(process.name != "rm" for process in other.processes):
            yield "a later RUN"


_LASTING = ("CMD", "ENTRYPOINT", "HEALTHCHECK", "WORKDIR", "VOLUME")
"""Instructions that say what the running image uses."""
