"""The files that steer a build from inside the context, and what they mention.

Manifests, settings of compilers and bundlers, and the scripts that a Dockerfile runs: what a build
reads besides its source is named in one of these.
"""

import posixpath
from collections.abc import Mapping

from rules.model.builder import is_dockerfile
from rules.model.cache import Build, once, once_of_tree
from rules.model.invocations import read_invocations

MOST = 60
"""Files that are read; of a context with more of them nothing is said."""
LONGEST = 128 * 1024
"""Characters of a text that is searched."""
MOST_NEIGHBOURS = 20
"""Other Dockerfiles of a context that are read."""

_NAMES = frozenset(
    """
    .docusaurus BUILD.bazel CMakeLists.txt Cargo.toml Directory.Build.props Directory.Build.targets
    Gemfile Gulpfile.js Justfile MANIFEST.in Makefile Package.swift Rakefile Taskfile.yml
    angular.json build.gradle build.gradle.kts build.rs build.sbt build.xml composer.json
    configure.ac gulpfile.js hugo.toml hugo.yaml justfile makefile meson.build mix.exs mkdocs.yml
    pom.xml project.json pubspec.yaml pyproject.toml setup.cfg setup.py tsconfig.json
    package.json plugins.sbt settings.gradle settings.gradle.kts turbo.json webpack.mix.js
    """.split()
)
_SUFFIXES = (".cmake", ".csproj", ".fsproj", ".gemspec", ".sln", ".slnx", ".cabal")
_SCRIPTS = (".sh", ".bash", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".mk")
_RUNS_COMMANDS = frozenset("RUN CMD ENTRYPOINT HEALTHCHECK".split())


@once
def settings(build: Build) -> Mapping[str, str] | None:
    """The texts of all files that steer the build, by path in the repository.

    None when there are too many of them or one cannot be read: then nothing can be ruled out.
    """
    paths = [*dict.fromkeys([*_steering(build), *scripts(build)])]
    if len(paths) > MOST:
        return None
    return _texts(build, [posixpath.join(build.context.root, path) for path in paths])


def scripts(build: Build) -> list[str]:
    """The files of the context that RUN, CMD and ENTRYPOINT name, as far as words tell."""
    found: dict[str, None] = {}
    for layer in build.layers:
        if layer.instruction.keyword not in _RUNS_COMMANDS:
            continue
        for word in layer.words:
            path = _in_context(build, word)
            if path is not None and (
                path.endswith(_SCRIPTS) or "." not in posixpath.basename(path)
            ):
                found[path] = None
    return list(found)


def mentions(text: str, name: str) -> bool:
    """Whether a name stands in a text as a word or as a part of a path, in any case."""
    return stands_in(text.lower(), name.lower())


def stands_in(text: str, name: str) -> bool:
    """The same where both are in lower case."""
    at = text.find(name)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(name) :][:1]
        if not any(c.isalnum() or c in ("_", "-") for c in (before, after) if c):
            return True
        at = text.find(name, at + 1)
    return False


def says(build: Build, name: str) -> bool:
    """Whether an instruction of the Dockerfile mentions a name; FROM and comments do not count."""
    return stands_in(_spoken(build), name.lower())


@once
def _spoken(build: Build) -> str:
    """What the instructions say, in lower case."""
    texts: list[str] = []
    for instruction in build.dockerfile.instructions:
        if instruction.keyword not in ("FROM", "LABEL"):
            texts += (instruction.value, *(heredoc.body for heredoc in instruction.heredocs))
    return "\n".join(texts).lower()


@once_of_tree
def neighbours(build: Build) -> Mapping[str, str] | None:
    """The texts of other Dockerfiles that may be built with the same context, by path.

    None when there are too many of them or one is not known.
    """
    root = build.context.root
    elsewhere: dict[str, bool] = {}
    for invocation in read_invocations(build.repository):
        here = invocation.root in (root, None)
        elsewhere[invocation.dockerfile] = elsewhere.get(invocation.dockerfile, True) and not here
    top = build.context.top
    paths = [
        path
        for path in build.repository.paths
        if path.startswith(top)
        and path != build.path
        and is_dockerfile(path)
        and not elsewhere.get(path)
        and not build.repository.has(f"{path}.dockerignore")
    ]
    if len(paths) > MOST_NEIGHBOURS:
        return None
    return _texts(build, sorted(paths))


def neighbours_copy(build: Build, name: str) -> bool:
    """Whether another Dockerfile of the context names something by this name, or may."""
    said = _said_beside(build)
    return said is None or stands_in(said, name.lower())


@once_of_tree
def _said_beside(build: Build) -> str | None:
    """What the neighbours take of the context or run, in lower case; None when it is not known."""
    texts = neighbours(build)
    if texts is None:
        return None
    lines = (line.strip() for text in texts.values() for line in text.split("\n"))
    others = (line for line in lines if not line.startswith(("#", "FROM ")))
    return "\n".join([line for line in others if "--from" not in line]).lower()


def _texts(build: Build, paths: list[str]) -> Mapping[str, str] | None:
    """The texts at these paths of the repository, None when one is not known or very long."""
    found = {path: build.repository.read(path) for path in paths}
    known = {p: text for p, text in found.items() if text is not None and len(text) <= LONGEST}
    return known if len(known) == len(paths) else None


def programs(build: Build) -> frozenset[str]:
    """The names of all programs that RUNs start, as far as they are known."""
    return frozenset(
        process.name
        for layer in build.layers
        for process in layer.processes
        if process.name is not None
    )


def is_opaque(build: Build) -> bool:
    """Whether a RUN cannot be read, so that it may read any file."""
    runs = [layer for layer in build.layers if layer.instruction.keyword == "RUN"]
    if any(run.script is None or run.script.opaque is not None for run in runs):
        return True
    return any(p.name in (None, "eval") for run in runs for p in run.processes)


@once_of_tree
def _steering(build: Build) -> list[str]:
    """The files of the context whose names alone tell that they steer a build."""
    return [path for path in build.context.files if _steers(path.rpartition("/")[2])]


def _steers(name: str) -> bool:
    return name in _NAMES or name.endswith(_SUFFIXES) or ".config." in name


def _in_context(build: Build, word: str) -> str | None:
    """The file of the context that a word of a command means, wherever it was copied to."""
    parts = posixpath.normpath(word).strip("/").split("/")
    tails = ("/".join(parts[at:]) for at in range(min(len(parts), 8)))
    return next((tail for tail in tails if tail in build.files.known), None)
