"""A cache mount is emptied, or never filled.

The next build finds nothing in a cache that `--no-cache-dir` switches off, that the RUN itself
removes at its end (`npm cache clean`, `rm -rf /var/lib/apt/lists/*`), or that the base image's own
settings empty (`docker-clean` of Debian and Ubuntu,
https://docs.docker.com/reference/dockerfile/#example-cache-apt-packages). What a mount holds is no
part of the image: there is nothing to clean up.

Silent where it is not certain that the command is about the mounted cache.
"""

from collections.abc import Iterator

from rules.model.cache import Build, Layer
from rules.model.downloads import Family, families, is_apart
from rules.model.finding import Edit, Finding, Fix, Silence
from rules.model.lineage import seen_by
from rules.model.mounting import in_the_way, needed_places, remove_first
from rules.model.mounts import Place, UnsureError
from rules.model.places import overlap
from rules.model.prose import code, listed
from rules.model.purges import Purge, covers_all, purges_in, switches_off, without
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="mounts",
    example=Example(
        edit="requirements.txt",
        files={"main.py": "print()\n", "requirements.txt": "flask\n"},
        before="""\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir -r requirements.txt
COPY . .
""",
        after="""\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
COPY . .
""",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding | Silence]:
    """One finding for each RUN whose mounted cache is emptied or switched off."""
    for family in families(build):
        settled = False
        for layer in family.layers:
            if not layer.mounts:
                continue
            try:
                finding = _look(family, layer, first=not settled)
                settled = settled or finding is not None
            except UnsureError as unsure:
                line = layer.instruction.span.start
                yield rule.silence(build.path, line, f"{family.manager.name}: {unsure}")
                continue
            if finding is not None:
                yield finding


def _look(family: Family, layer: Layer, *, first: bool) -> Finding | None:
    """What empties the mounts of a RUN; of the base image's settings only the `first` is told."""
    build = family.build
    places = [place for place in needed_places(family, layer) if _is_cached(layer, place)]
    if not places:
        return None
    purges = [*purges_in(build, layer, places), *switches_off(layer, places)]
    settings = in_the_way(family, [layer], places) if first and _is_seen(build, layer) else ()
    if not purges and not settings:
        return None
    edits: list[Edit] = []
    reason = None
    try:
        for purge in purges:
            edits += _without(family, purge)
        if settings:
            edits.append(remove_first(build, layer, settings))
    except UnsureError as unsure:
        reason = str(unsure)
    return _report(family, layer, purges, settings, Fix(tuple(sorted(set(edits)))), reason)


def _is_seen(build: Build, layer: Layer) -> bool:
    """Whether no RUN before may have changed the settings of the base image unseen."""
    runs = [other for other in seen_by(build, layer) if other.script is not None]
    return all(is_apart(build, other) for other in runs)


def _is_cached(layer: Layer, place: Place) -> bool:
    """Whether a cache mount holds a place or a part of it."""
    return any(overlap(place.folder, target) for target in layer.cache_targets)


def _has_mounts(family: Family, layer: Layer) -> bool:
    return any(_is_cached(layer, place) for place in needed_places(family, layer))


def _without(family: Family, purge: Purge) -> list[Edit]:
    variable = purge.variable
    mounted = [use for use in family.uses if _has_mounts(family, use.layer)]
    if variable is not None and not covers_all(family.build, variable, mounted):
        raise UnsureError(f"{variable.name} switches the cache off for other RUNs too")
    return without(family.build, purge)


def _report(  # noqa: PLR0913, PLR0917  # what is wrong, and what is done about it
    family: Family,
    layer: Layer,
    purges: list[Purge],
    settings: tuple[str, ...],
    fix: Fix,
    reason: str | None,
) -> Finding:
    build = family.build
    stage = build.dockerfile.stages[layer.stage]
    words = list(dict.fromkeys(purge.words for purge in purges))
    kept = list(dict.fromkeys(words + [path.rpartition("/")[2] for path in settings]))
    verb = "leaves" if len(kept) == 1 else "leave"
    message = (
        f"{listed(kept)} {verb} nothing in the cache mount for the next build; what lies in a "
        f"mount is no part of the image."
    )
    if settings:
        message += f" The base image's {code(settings[0])} deletes what apt has downloaded."
    return rule.finding(
        build.path,
        layer.instruction.span,
        subject=f"{stage.label} {family.manager.name} {' '.join(kept)}",
        message=message,
        severity="warning" if build.builder.keeps_disk else "info",
        fix=fix if reason is None else None,
        no_fix=reason,
    )
