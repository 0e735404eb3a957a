"""Downloads are thrown away with the layer.

When an install runs again, its package manager downloads every package again, although most are
the same as before. A cache mount keeps the manager's download folder between builds, outside the
image (https://docs.docker.com/build/cache/optimize/#use-cache-mounts).

It helps where the builder keeps its disk: laptops, self-hosted and managed builders. All RUNs of
one manager that build on each other get it together, and what would empty the cache goes.

Silent where the folder of the cache is not certain (the user, a variable, the base image), where
a later step or the running program needs what lies there, where a call works offline, and where
the frontend or the builder knows no mounts.
"""

from collections.abc import Iterator
from dataclasses import replace

from rules.model.cache import Build
from rules.model.downloads import Family, families
from rules.model.finding import Finding, Fix, Silence
from rules.model.mounting import Mounting, mount_all
from rules.model.mounts import UnsureError, knows_mounts
from rules.model.prose import listed
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
RUN pip install --no-cache-dir -r requirements.txt
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


RAILWAY = "Railway takes only mounts whose `id` begins with that of its service"
"""https://docs.railway.com/builds/dockerfiles#cache-mounts"""


@rule.check
def find(build: Build) -> Iterator[Finding | Silence]:
    """One finding for each manager whose RUNs lack a mount on its cache."""
    for family in families(build):
        line = family.layers[0].instruction.span.start
        railway = build.builder.name == "railway"
        reason = None if railway else knows_mounts(build)
        mounting = None
        try:
            mounting = None if reason else mount_all(family)
        except UnsureError as unsure:
            reason = str(unsure)
        if reason is not None:
            yield rule.silence(build.path, line, f"{family.manager.name}: {reason}")
        elif mounting is not None and mounting.uses:
            finding = _report(family, mounting)
            yield replace(finding, fix=None, no_fix=RAILWAY) if railway else finding


def _report(family: Family, mounting: Mounting) -> Finding:
    build = family.build
    projects = [use for use in mounting.uses if use.is_project]
    layer = (projects or mounting.uses)[0].layer
    stage = build.dockerfile.stages[layer.stage]
    mine = [use for use in mounting.uses if use.layer is layer]
    gone = {id(word) for purge in mounting.purges for word in purge.operands}
    plain = [" ".join([w.raw for w in use.process.argv if id(w) not in gone]) for use in mine]
    verb = "downloads" if len(mine) == 1 else "download"
    what = "what no mount keeps" if layer in mounting.partly else "every package"
    message = (
        f"Whenever this layer is built again, {listed([use.words for use in mine])} {verb} {what} "
        f"again. A cache mount keeps the downloads where the builder keeps its disk."
    )
    others = [each.instruction.span.start for each in mounting.lacking if each is not layer]
    if others:
        lines = ", ".join(str(line) for line in others)
        message += f" The other RUNs of {family.manager.name} need it too (line {lines})."
    if mounting.settings or mounting.purges:
        words = [path.rpartition("/")[2] for path in mounting.settings]
        words += [purge.words for purge in mounting.purges]
        message += f" What would empty it goes: {listed(list(dict.fromkeys(words)))}."
    return rule.finding(
        build.path,
        layer.instruction.span,
        subject=f"{stage.label} {' && '.join(plain)}",
        message=message,
        severity="warning" if projects and build.builder.keeps_disk else "info",
        fix=Fix(mounting.edits),
    )
