"""A COPY names a file that the ignore file excludes.

The builder is not sent the file, so the build fails: `"/x": not found`; with a wildcard it copies
nothing. Silent about files that no commit holds, about wildcards of which something is left, and
where the context is not known.
"""

from collections.abc import Iterator

from rules.model.cache import Build, Layer
from rules.model.finding import Finding
from rules.model.ignore import IgnoreFile
from rules.model.prose import code
from rules.model.rule import Example, Rule
from rules.model.sources import ROOT, Files, has_wildcard

rule = Rule(
    __name__,
    __doc__,
    strategy="context",
    example=Example(
        edit="main.py",
        path=".dockerignore",
        files={
            "Dockerfile": "FROM python:3.12-slim\nCOPY requirements.txt main.py /app/\n",
            "main.py": "",
            "requirements.txt": "flask\n",
        },
        before="*.txt\n",
        after="*.txt\n!requirements.txt\n",
    ),
)


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each such source."""
    context, ignore = build.context, build.context.ignore
    if ignore is None or context.kind != "local" or context.error is not None:
        return
    absent = [
        (layer, source)
        for layer in build.layers
        for source in layer.local_sources
        if source != ROOT and not build.files.match(source)
    ]
    if not absent:
        return
    everything = Files(context.inside(build.repository.paths))
    for layer, source in absent:
        led = build.repository.symlinks and build.files.follow(source) is not None
        gone = () if led else everything.match(source)
        if gone:
            yield _report(build, layer, ignore, source, gone[0].path)


def _report(build: Build, layer: Layer, ignore: IgnoreFile, source: str, gone: str) -> Finding:
    instruction = layer.instruction
    by = ignore.decides(gone)
    line = "" if by is None else f" (line {by.line}, {code(by.raw.strip())})"
    what = f"{code(source)} copies nothing" if has_wildcard(source) else "The build fails here"
    return rule.finding(
        build.path,
        instruction.span,
        subject=f"{instruction.keyword} {source}",
        message=(
            f"{what}: {code(ignore.path)} keeps {code(gone)} from the builder{line}. A line "
            f"{code(f'!{gone}')} at its end would bring it back."
        ),
    )
