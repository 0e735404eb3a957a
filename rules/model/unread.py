"""Tracked files that no step of a build reads: they only make its context change more often.

Only files of named groups, each proven for the build at hand: no instruction, no script or manifest
and, for prose and tests, no file of the source names them. Licences are in no group.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from rules.model.builder import is_dockerfile
from rules.model.cache import Build, once
from rules.model.dataclass import dataclass
from rules.model.settings import (
    LONGEST,
    is_opaque,
    mentions,
    neighbours,
    neighbours_copy,
    programs,
    says,
    settings,
)

Group = Literal["ci", "build", "docs", "tests"]

_CI = frozenset(
    """
    .appveyor.yml .azure-pipelines .buildkite .circleci .codecov.yml .devcontainer .drone.yml
    .github .gitlab .gitlab-ci.yml .idea .pre-commit-config.yaml .semaphore .travis.yml .vscode
    .woodpecker .woodpecker.yml Jenkinsfile appveyor.yml azure-pipelines.yml
    bitbucket-pipelines.yml codecov.yml renovate.json .renovaterc .renovaterc.json
    """.split()
)
_PROSE = tuple(".md .rst .adoc .png .jpg .jpeg .gif .svg .webp .drawio .puml .mmd .pdf".split())
_TEXT = (".md", ".rst", ".adoc")
_KEPT = ("license", "licence", "copying", "notice")
"""What an image may have to hold by law."""
_SOURCE = tuple(
    """
    .astro .c .cc .clj .cpp .cs .dart .erb .ex .exs .go .h .hs .htm .html .java .jinja .js .json
    .jsx .kt .lua .mjs .php .pl .pm .py .rb .rs .scala .sh .svelte .swift .ts .tsx .twig .vue .yaml
    .yml
    """.split()
)
_LOCKS = ("package-lock.json", "pnpm-lock.yaml", "composer.lock")
MOST_SOURCES = 100
"""Files that are searched for names; of a larger program nothing is ruled out."""
_DOC_FOLDERS = frozenset("doc docs documentation".split())
_TEST_FOLDERS = frozenset("test tests e2e cypress".split())
_SITES = tuple(
    """
    vitepress docusaurus vuepress astro gatsby nextra fumadocs mkdocs sphinx contentlayer eleventy
    hugo jekyll hexo docsify mdx storybook markdown remark rustdoc typedoc
    """.split()
)
"""Tools that make pages of prose: where one is named, prose is source."""
_EMBEDS = frozenset("cargo go rustc".split())
"""Compilers for whose sources it is common to embed files by name."""
_TESTERS = frozenset(
    "mvn mvnw gradle gradlew sbt dotnet pytest tox nox jest vitest mocha rspec phpunit ctest make "
    "mix cargo go swift lein bazel".split()
)
_SPECIAL = frozenset("*?[]\\!# ")
"""A name with one of these would be another pattern."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A file or folder at the top of the context that nothing reads; its path is its pattern."""

    path: str
    group: Group


@once
def unread(build: Build) -> tuple[Unread, ...]:
    """The files and folders at the top of the context that the build is sent and nothing reads."""
    return tuple(_find(build))


def is_unread(build: Build, path: str) -> bool:
    """Whether a file of the context is among those."""
    top = path.partition("/")[0]
    return any(each.path == top for each in unread(build))


def _find(build: Build) -> Iterator[Unread]:
    tops: dict[str, list[str]] = {}
    for path in build.context.files:
        tops.setdefault(path.partition("/")[0], []).append(path)
    named = set(_named(build))
    groups = _allowed(build, tops)
    for top, paths in tops.items():
        group = _group(top, paths)
        if group not in groups or top in named or not _SPECIAL.isdisjoint(top):
            continue
        if says(build, top) or neighbours_copy(build, top):
            continue
        if group in ("ci", "build") or not _is_named(build, top, tops):
            yield Unread(top, group)


def _group(top: str, paths: list[str]) -> Group | None:
    """The group that a file or folder at the top belongs to by its name and what it holds."""
    folder = paths != [top]
    if top in _CI:
        return "ci"
    if not folder and (is_dockerfile(top) or top.endswith(".dockerignore") or _is_compose(top)):
        return "build"
    if folder and top in _TEST_FOLDERS:
        return "tests"
    if top.endswith(".md") and not folder:
        return None if top.lower().startswith(_KEPT) else "docs"
    prose = top in _DOC_FOLDERS and all(path.lower().endswith(_PROSE) for path in paths)
    return "docs" if prose and any(path.lower().endswith(_TEXT) for path in paths) else None


def _is_compose(name: str) -> bool:
    """`docker-compose.dcproj` is a project of .NET."""
    return name.startswith(("docker-compose", "compose.")) and name.endswith((".yml", ".yaml"))


def _allowed(build: Build, tops: Mapping[str, list[str]]) -> list[Group]:
    """The groups of which something may be said at all."""
    groups: list[Group] = ["ci", "build"]
    if is_opaque(build):
        return groups
    running = programs(build)
    more: list[Group] = []
    if running.isdisjoint(_EMBEDS):
        more.append("docs")
    if running.isdisjoint(_TESTERS) and not any("test" in name for name in running):
        more.append("tests")
    if any(_group(top, paths) in more for top, paths in tops.items()):
        _source(build, tops)  # asked for now, so that it comes with the settings in one request
    texts = settings(build)
    if texts is None or neighbours(build) != {}:
        return groups
    if any(mentions(text, tool) for text in texts.values() for tool in _SITES):
        return groups
    return groups + more


def _is_named(build: Build, name: str, tops: Mapping[str, list[str]]) -> bool:
    """Whether a file that steers the build or one of the source names this one, or may.

    For prose it is enough that something names files of its kind.
    """
    source = _source(build, tops)
    if source is None:
        return True
    texts = [*(settings(build) or {}).values(), *source]
    names = [name, *(kind for kind in _TEXT if name.endswith(kind))]
    return any(mentions(text, each) for text in texts for each in names)


def _source(build: Build, tops: Mapping[str, list[str]]) -> list[str] | None:
    """The texts of the source; None when they are too many, too long, or not all there."""
    apart = _DOC_FOLDERS | _TEST_FOLDERS | _CI
    paths = [
        path
        for top, below in tops.items()
        if top not in apart
        for path in below
        if path.endswith(_SOURCE) and not path.endswith(_LOCKS)
    ]
    if len(paths) > MOST_SOURCES:
        return None
    read = [build.repository.read(posixpath.join(build.context.root, path)) for path in paths]
    texts = [text for text in read if text is not None and len(text) <= LONGEST]
    return texts if len(texts) == len(read) else None


def _named(build: Build) -> Iterable[str]:
    """What stands at the top of the sources of COPY, ADD and bind mounts, wildcards filled in."""
    for layer in build.layers:
        copy = layer.copy
        if copy is not None and copy.local:
            yield from (source.partition("/")[0] for source in copy.named)
            yield from (match.path.partition("/")[0] for match in copy.matches)
        for mount in layer.mounts:
            if mount.local:
                yield mount.source.partition("/")[0]
