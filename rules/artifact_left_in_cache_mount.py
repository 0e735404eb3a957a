"""A later step takes something from a cache mount.

What a RUN writes into a cache mount is in no layer: a later RUN, a `COPY --from` and the program
in the image do not find it (https://docs.docker.com/build/cache/optimize/#use-cache-mounts). Copy
it out of the mount in the same RUN, and take it from there.

Silent where a step without the mount, or a COPY, may have put it there.
"""

import posixpath
from collections.abc import Iterator

from rules.model.cache import Build, Copy, Layer
from rules.model.downloads import is_apart, uses_of
from rules.model.finding import Finding
from rules.model.lineage import built_on
from rules.model.places import is_inside
from rules.model.prose import code
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="mounts",
    example=Example(
        edit="src/main.rs",
        files={"Cargo.toml": "[package]\nname = 'app'\n", "src/main.rs": "fn main() {}\n"},
        before="""\
FROM rust:1 AS build
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/app/target cargo build --release
FROM debian:12
COPY --from=build /app/target/release/app /usr/local/bin/app
""",
        after="""\
FROM rust:1 AS build
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/app/target cargo build --release && cp target/release/app /app/app
FROM debian:12
COPY --from=build /app/app /usr/local/bin/app
""",
    ),
)


MOST_MOUNTING = 100
"""RUNs with mounts that are looked at."""
_DEEP = 2
"""A mount on a folder at the top (`/cache`) is a name like any other, but is left alone."""


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each mount whose content a later step takes."""
    for layer in [each for each in build.layers if each.mounts][:MOST_MOUNTING]:
        for target in dict.fromkeys(layer.cache_targets):
            if len(target.strip("/").split("/")) < _DEEP:
                continue
            stages = built_on(build, layer.stage)
            taker = None
            if _is_last(build, layer, target) and not _may_come_from(build, layer, target, stages):
                taker = next(_takers(build, layer, target, stages), None)
            taker = taker or next(_installs(build, layer, target, stages), None)
            if taker is not None:
                yield _report(build, layer, target, *taker)


def _is_last(build: Build, layer: Layer, target: str) -> bool:
    """Whether no later RUN of the stage has the same mount: it could copy out."""
    return not any(
        other.index > layer.index and other.stage == layer.stage and target in other.cache_targets
        for other in build.layers
    )


def _may_come_from(build: Build, layer: Layer, target: str, stages: set[int]) -> bool:
    """Whether a step without the mount of `layer` may put something there."""
    for other in (each for each in build.layers if each.stage in stages):
        if other.copy is not None and _may_land(other.copy, target):
            return True
        if other.instruction.keyword != "RUN" or target in other.cache_targets:
            continue
        if other.names(target) or not is_apart(build, other) or _builds(build, other, layer):
            return True
    return False


def _may_land(copy: Copy, target: str) -> bool:
    place = copy.destination
    if place is None or is_inside(place, target):
        return True
    if not is_inside(target, place):  # all that it brings lands below its destination
        return False
    if not copy.local or any(map(copy.unpacked, copy.files)):
        return True
    lands = (copy.target(file) for file in copy.files)
    return any(path is None or is_inside(path, target) for path in lands)


def _builds(build: Build, other: Layer, layer: Layer) -> bool:
    """Whether a RUN builds the project with a manager that the RUN with the mount may call."""
    mine = {use.manager.name for use in uses_of(build, layer)}
    projects = (use for use in uses_of(build, other) if use.is_project)
    return any(not mine or use.manager.name in mine for use in projects)


def _takers(
    build: Build, layer: Layer, target: str, stages: set[int]
) -> Iterator[tuple[Layer, str]]:
    """Later steps, and the path that they take from the mount."""
    for other in build.layers:
        if other.index <= layer.index:
            continue
        if other.copy is not None and other.copy.stage in stages:
            for source in other.copy.sources or ():
                path = posixpath.normpath("/" + source.lstrip("/"))
                if is_inside(path, target):
                    yield other, path
        if other.instruction.keyword in ("CMD", "ENTRYPOINT") and other.stage in stages:
            words = [word.text for word in other.instruction.args]
            words = words or other.instruction.script.split()[:1]
            for word in words[:2]:
                path = posixpath.normpath(posixpath.join(other.folder or "/?", word))
                if "/" in word and is_inside(path, target):
                    yield other, path


def _installs(
    build: Build, layer: Layer, target: str, stages: set[int]
) -> Iterator[tuple[Layer, str]]:
    """Later steps that run what an install has put into the mount (`node_modules`)."""
    uses = [use for use in uses_of(build, layer) if use.reads is not None]
    written = [(u, path) for u in uses if u.reads for path in u.reads.writes]
    for use, path in [(u, path) for u, path in written if is_inside(path, target)]:
        later = [o for o in build.layers if o.index > layer.index and o.stage in stages]
        for other in later:
            again = [u for u in uses_of(build, other) if u.manager is use.manager]
            if any(u.reads is not None for u in again):
                return  # it installs once more
            mounted = any(mount.target == target for mount in other.mounts)
            if again and not mounted:
                yield other, path
            words = [word.text for word in other.instruction.args][:1]
            words = words or other.instruction.script.split()[:1]
            runs = other.instruction.keyword in ("CMD", "ENTRYPOINT")
            if runs and set(words) & {*use.manager.programs, "node"}:
                yield other, path


def _report(build: Build, layer: Layer, target: str, taker: Layer, path: str) -> Finding:
    stage = build.dockerfile.stages[layer.stage]
    name = posixpath.basename(path)
    copying = f"&& cp -r {path} /{name}" if path == target else f"&& cp {path} /{name}"
    return rule.finding(
        build.path,
        layer.instruction.span,
        subject=f"{stage.label} {path}",
        message=(
            f"{code(path)} is in no layer: it lies in the cache mount on {code(target)}, and "
            f"{code(taker.instruction.keyword)} in line {taker.instruction.span.start} does not "
            f"find it. Copy it out in the same RUN ({code(copying)}) and take it "
            f"from there."
        ),
        no_fix="where it should go is for you to say",
    )
