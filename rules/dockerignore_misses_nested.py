"""An ignore pattern that matches at the root only.

In a .dockerignore, unlike in a .gitignore, every pattern starts at the root of the build context:
`__pycache__` leaves out that folder and sends `app/__pycache__`
(https://docs.docker.com/build/concepts/context/#matching). What is sent is part of the key of a
`COPY . .`, so a cache that a tool writes into a source folder rebuilds the steps after it.
`**/__pycache__` means every folder.

A fresh clone holds none of these files and is not affected; the folder of a developer is. Silent
unless the languages of the tree make nested ones certain (of `.DS_Store` its author tells that
macOS is in use) and a COPY, an ADD or a bind mount takes them, and where the pattern is written for
the root on purpose (`/dist`).
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from rules.model.builder import is_ignore_file
from rules.model.cache import Build, Layer
from rules.model.dockerfile import Span
from rules.model.finding import Edit, Finding, Fix, Silence
from rules.model.ignore import IgnoreFile, Pattern
from rules.model.prose import code
from rules.model.rule import Example, Rule
from rules.model.sources import takes

rule = Rule(
    __name__,
    __doc__,
    strategy="context",
    example=Example(
        edit="app/main.py",
        path=".dockerignore",
        files={
            "Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n",
            "app/main.py": "print()\n",
        },
        before=".git\n__pycache__/\n*.pyc\n",
        after=".git\n**/__pycache__/\n**/*.pyc\n",
    ),
)

MOST_PATTERNS = 100  # that are looked at
MOST_TAKERS = 100  # steps that take files of the context; the same
MOST_FOLDERS = 3  # named in a message
GAP = 3  # lines between two patterns that are still mended together


def _python(name: str) -> bool:
    return name.endswith(".py")


def _lock(name: str) -> bool:
    """Beside a lock file packages are installed; a mere package.json may be anything."""
    return name in ("package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb")


def _setup(name: str) -> bool:
    return name in ("setup.py", "setup.cfg")


def _named(*ends: str) -> Callable[[str], bool]:
    return lambda name: name.endswith(ends)


_ARISE: Mapping[str, tuple[str, str, Callable[[str], bool]]] = {
    # pattern -> a name that it matches, what makes one, and beside which files it arises
    **{p: (n, "Python", _python) for p, n in {
        "__pycache__": "__pycache__/m.pyc",
        "__pycache__/*": "__pycache__/m.pyc",
        "*.pyc": "__pycache__/m.pyc",
        "*.py[co]": "__pycache__/m.pyc",
        "*.py[cod]": "__pycache__/m.pyc",
    }.items()},
    "*.egg-info": ("x.egg-info/PKG-INFO", "setuptools", _setup),
    ".DS_Store": (".DS_Store", "macOS", _named("")),
    "node_modules": ("node_modules/p/index.js", "npm", _lock),
    "target": ("target/x.jar", "Maven", _named("pom.xml")),
    "build": ("build/x", "Gradle", _named("build.gradle", "build.gradle.kts")),
    "bin": ("bin/Debug/x.dll", ".NET", _named(".csproj")),
    "obj": ("obj/project.assets.json", ".NET", _named(".csproj")),
}  # fmt: skip


@rule.check
def find(build: Build) -> Iterator[Finding | Silence]:
    """One finding for each stretch of such patterns."""
    ignore = build.context.ignore
    if ignore is None or build.context.kind != "local" or build.context.error is not None:
        return
    if not is_ignore_file(ignore.path):  # a link to a .gitignore
        return
    takers = [layer for layer in build.layers if layer.copy is not None or layer.mounts]

    @cache
    def is_taken(path: str) -> bool:
        return any(_takes(layer, path) for layer in takers[:MOST_TAKERS])

    meant: list[tuple[Pattern, list[str]]] = []
    for pattern in ignore.patterns[:MOST_PATTERNS]:
        folders = _folders(build, ignore, pattern, is_taken)
        if folders:
            meant.append((pattern, folders))
    for stretch in _stretches(meant):
        yield _report(build, ignore.path, stretch)


def _takes(layer: Layer, path: str) -> bool:
    """Whether a COPY, an ADD or a bind mount is known to take this path of the context."""
    if layer.copy is not None:
        return layer.copy.sources is not None and layer.copy.takes(path)
    return any(
        mount.local and takes(mount.source, path) and "$" not in str(mount.options)
        for mount in layer.mounts
    )


def _folders(
    build: Build, ignore: IgnoreFile, pattern: Pattern, is_taken: Callable[[str], bool]
) -> list[str]:
    """The folders whose caches the pattern misses and a step takes, relative to the context."""
    known = _ARISE.get(posixpath.normpath(pattern.text))
    if known is None or pattern.negated or pattern.raw.lstrip().startswith(("/", "./")):
        return []
    name, _, beside = known
    parts = (path.rpartition("/") for path in build.context.files)
    folders = sorted({folder for folder, _, name in parts if folder and beside(name)})
    sent = [f for f in folders if build.context.may_send(f"{f}/{name}") and is_taken(f"{f}/{name}")]
    if not sent:
        return []
    widened = _widened(ignore, pattern)
    return [f for f in sent if widened.excludes(f"{f}/{name}")]


def _widened(ignore: IgnoreFile, pattern: Pattern) -> IgnoreFile:
    """The ignore file with `**/` before this pattern: a `!` line behind it may undo that."""
    lines = [f"**/{p.text}" if p == pattern else p.raw for p in ignore.patterns]
    return IgnoreFile.parse("\n".join(lines), ignore.path)


def _stretches(
    meant: Sequence[tuple[Pattern, list[str]]],
) -> Iterator[Sequence[tuple[Pattern, list[str]]]]:
    """Patterns on lines near each other."""
    start = 0
    for at in range(1, len(meant) + 1):
        if at == len(meant) or meant[at][0].line - meant[at - 1][0].line > GAP:
            yield meant[start:at]
            start = at


def _report(build: Build, path: str, stretch: Sequence[tuple[Pattern, list[str]]]) -> Finding:
    lines = (build.repository.read(path) or "").split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    edits = []
    for pattern, _ in stretch:
        line = lines[pattern.line - 1]
        at = starts[pattern.line - 1] + len(line) - len(line.lstrip("\ufeff \t"))
        edits.append(Edit(path, at, at, "**/"))
    names = " and ".join(code(pattern.raw.strip()) for pattern, _ in stretch)
    tools = [(_ARISE[posixpath.normpath(p.text)][1], folders) for p, folders in stretch]
    tool, folders = next((each for each in tools if each[0] != "macOS"), tools[0])
    shown = ", ".join(code(folder + "/") for folder in folders[:MOST_FOLDERS])
    more = f" and {len(folders) - MOST_FOLDERS} more" if len(folders) > MOST_FOLDERS else ""
    verb = "matches" if len(stretch) == 1 else "match"
    return rule.finding(
        path,
        Span(stretch[0][0].line, stretch[-1][0].line),
        subject=" ".join(p.text for p, _ in stretch),
        message=(
            f"{names} {verb} at the root of the build context only: what {tool} leaves in {shown}"
            f"{more} is sent from a developer's folder (a fresh clone is not affected), and "
            f"rebuilds what copies it. `**/` in front means every folder."
        ),
        severity="info",
        fix=Fix(tuple(edits)),
    )
