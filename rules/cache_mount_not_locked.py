"""Two builds may write to one cache at the same time.

A cache mount is shared between all builds on a builder, and between the platforms and stages of
one build. Package managers that cannot share their folder then fail to get its lock, or spoil it;
with `sharing=locked` the second waits
(https://docs.docker.com/reference/dockerfile/#run---mounttypecache).

Silent where `sharing` is given: somebody has thought about it.
"""

from collections.abc import Iterator

from rules.model.cache import Build, Layer
from rules.model.downloads import Family, families
from rules.model.finding import Edit, Finding, Fix
from rules.model.mounting import needed_places
from rules.model.mounts import UnsureError
from rules.model.places import overlap
from rules.model.prose import code
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="mounts",
    example=Example(
        edit="main.py",
        files={"main.py": "print()\n"},
        before="""\
FROM alpine:3.22
RUN --mount=type=cache,target=/etc/apk/cache apk add curl
""",
        after="""\
FROM alpine:3.22
RUN --mount=type=cache,target=/etc/apk/cache,sharing=locked apk add curl
""",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each RUN with mounts that must be locked."""
    for family in families(build):
        for layer in family.layers:
            edits = _locks(family, layer)
            if edits:
                yield _report(family, layer, edits)


def _locks(family: Family, layer: Layer) -> list[Edit]:
    """The edits that lock the mounts of a RUN which need it."""
    if not layer.mounts:
        return []
    try:
        places = [place for place in needed_places(family, layer) if place.cache.locked]
    except UnsureError:
        return []
    edits = []
    flags = [flag for flag in layer.instruction.flags if flag.name == "mount"]
    for flag, mount in zip(flags, layer.mounts, strict=True):
        target = mount.target
        if mount.type != "cache" or target is None or "sharing" in dict(mount.options):
            continue
        near = any(overlap(place.folder, target) for place in places)
        if near and not (flag.value or "").endswith(('"', "'")):
            end = flag.word.end
            edits.append(Edit(family.build.path, end, end, ",sharing=locked"))
    return edits


def _report(family: Family, layer: Layer, edits: list[Edit]) -> Finding:
    build, manager = family.build, family.manager
    stage = build.dockerfile.stages[layer.stage]
    return rule.finding(
        build.path,
        layer.instruction.span,
        subject=f"{stage.label} {family.of(layer)[0].words}",
        message=(
            f"{code(manager.name)} cannot share its cache with another build, nor with another "
            f"platform of this one; with `sharing=locked` the second waits."
        ),
        severity="warning" if build.builder.keeps_disk else "info",
        fix=Fix(tuple(edits)),
    )
