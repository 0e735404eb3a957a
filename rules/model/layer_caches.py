"""What the workflows that build a file keep of its layers from one run to the next, in words.

Hosted runners are new each time: they reuse only what `cache-to` has left
(https://docs.docker.com/build/cache/backends/). With `mode=min` that is the last stage alone.
"""

from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.prose import code


def cache_notes(build: Build) -> tuple[str, ...]:
    """One sentence for each workflow that keeps no layers, or not those of all stages."""
    return tuple(dict.fromkeys(_notes(build)))


def _notes(build: Build) -> Iterator[str]:
    for invocation in build.builder.invocations:
        if not (invocation.in_workflow and invocation.hosted):
            continue
        source = code(invocation.source)
        if not invocation.caches:
            yield (
                f"{source} builds this file and reuses no layers; these changes help local and "
                f"persistent builders until {code('cache-to')} and {code('cache-from')} are set."
            )
        elif len(build.dockerfile.stages) > 1 and all(c.mode == "min" for c in invocation.caches):
            yield (
                f"{source} builds this file and keeps the layers of its last stage only "
                f"({code('mode=min')}); {code('mode=max')} keeps those of all stages."
            )
