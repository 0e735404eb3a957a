"""A cache mount lies where its package manager keeps nothing.

A mount helps only where this tool keeps its downloads for this user, with these variables, in this
version: npm as `node` writes to `/home/node/.npm`, yarn 1 as root to `/usr/local/share/.cache`, a
`PIP_CACHE_DIR` moves pip's. A mount that belongs to root cannot be written to by anybody else
(`uid`, https://docs.docker.com/reference/dockerfile/#run---mounttypecache).

Silent where the folder is not certain, and about mounts that may be for something else.
"""

from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Layer
from rules.model.dockerfile import Flag
from rules.model.downloads import Family, families
from rules.model.finding import Edit, Finding, Fix
from rules.model.mount import Mount
from rules.model.mounting import needed_places
from rules.model.mounts import Place, UnsureError, is_meant_for
from rules.model.places import overlap
from rules.model.prose import code
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="mounts",
    example=Example(
        edit="package.json",
        files={"index.js": "", "package.json": "{}", "package-lock.json": "{}"},
        before="""\
FROM node:22
WORKDIR /app
COPY package.json package-lock.json ./
USER node
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
""",
        after="""\
FROM node:22
WORKDIR /app
COPY package.json package-lock.json ./
USER node
RUN --mount=type=cache,target=/home/node/.npm,uid=1000,gid=1000 npm ci
COPY . .
""",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each mount that is meant for a manager and does not reach its cache."""
    for family in families(build):
        for layer in family.layers:
            if any(mount.type == "cache" for mount in layer.mounts):
                yield from _look(family, layer)


def _look(family: Family, layer: Layer) -> Iterator[Finding]:
    try:
        places = needed_places(family, layer)
    except UnsureError:
        return
    flags = [flag for flag in layer.instruction.flags if flag.name == "mount"]
    for flag, mount in zip(flags, layer.mounts, strict=True):
        if mount.type != "cache" or mount.target is None or mount.from_ is not None:
            continue
        there = [p for p in places if _reaches(mount.target, p)]
        if not there and is_meant_for(family.manager, mount.target) and len(places) == 1:
            if not _has_mount(layer, places[0]):
                yield _report(family, layer, places[0], flag, mount)
        elif there and _is_closed(mount, there):
            yield _report(family, layer, there[0], flag, mount)


def _reaches(target: str, place: Place) -> bool:
    return any(overlap(folder, target) for folder in (place.folder, *place.cache.accepted))


def _has_mount(layer: Layer, place: Place) -> bool:
    return any(m.target is not None and _reaches(m.target, place) for m in layer.mounts)


def _is_closed(mount: Mount, places: Sequence[Place]) -> bool:
    """Whether the account of the call cannot write to a mount."""
    said = dict(mount.options)
    owner = places[0].account.uid
    return owner != 0 and mount.target == places[0].folder and not said.keys() & {"uid", "mode"}


def _report(family: Family, layer: Layer, place: Place, flag: Flag, mount: Mount) -> Finding:
    build, manager = family.build, family.manager
    stage = build.dockerfile.stages[layer.stage]
    where = f"{code(manager.name)} runs as {code(place.account.name)} and"
    if mount.target == place.folder:
        message = f"{where} cannot write to a cache mount that belongs to root."
    else:
        message = f"{where} keeps its downloads in {code(place.folder)}, not where the mount lies."
    start, end = flag.word.start, flag.word.end
    raw = build.dockerfile.text[start:end]
    written = next((v for name, v in _options(flag) if name in _TARGETS), None)
    fix = None
    if written is not None and raw.count(written) == 1 and "$" not in raw and '"' not in raw:
        said = dict(mount.options)
        more = [] if "uid" in said else place.owner
        if place.cache.locked and "sharing" not in said:
            more = ["sharing=locked", *more]
        text = ",".join([raw.replace(written, place.folder), *more])
        fix = Fix((Edit(build.path, start, end, text),))
    return rule.finding(
        build.path,
        layer.instruction.span,
        subject=f"{stage.label} {manager.name} {mount.target}",
        message=message,
        severity="warning" if build.builder.keeps_disk else "info",
        fix=fix,
        no_fix="the mount is not written plainly" if fix is None else None,
    )


_TARGETS = ("target", "dst", "destination")


def _options(flag: Flag) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in (flag.value or "").split(","))
    return [(name.strip().lower(), value) for name, _, value in pairs]
