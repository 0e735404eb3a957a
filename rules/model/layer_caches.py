"""What the workflows that build a file keep of its layers from one run to the next, in words.

Hosted runners are new each time: they reuse only what `cache-to` has left
(https://docs.docker.com/build/cache/backends/). With `mode=min` that is the last stage alone.
"""

from collections.abc import Iterator, Sequence

from rules.model.cache import Build
from rules.model.invocations import Invocation
from rules.model.prose import code


def cache_notes(build: Build) -> tuple[str, ...]:
    """One sentence for each workflow that keeps no layers, or not those of all stages."""
    found: dict[str, list[Invocation]] = {}
    for invocation in build.builder.invocations:
        if invocation.in_workflow:
            found.setdefault(invocation.workflow, []).append(invocation)
    several = len(build.dockerfile.stages) > 1
    return tuple(note for path in found for note in _notes(path, found[path], several=several))


def _notes(path: str, builds: Sequence[Invocation], *, several: bool) -> Iterator[str]:
    """What to say of one workflow, of which all builds of a file are `builds`."""
    if not all(build.hosted for build in builds):
        return
    caches = [cache for build in builds for cache in build.caches]
    if not caches and not any(build.reuses for build in builds):
        yield (
            f"{code(path)} builds this file and reuses no layers; these changes help local and "
            f"persistent builders until {code('cache-to')} and {code('cache-from')} are set."
        )
    elif several and caches and all(cache.mode == "min" for cache in caches):
        this, more = "mode=min", "mode=max"
        if all(cache.type == "inline" for cache in caches):  # it has no other mode
            this, more = "type=inline", "type=registry,mode=max"
        yield (
            f"{code(path)} builds this file and keeps the layers of its last stage only "
            f"({code(this)}); {code(more)} keeps those of all stages."
        )
