"""What tools leave in a developer's folder, and no commit holds: caches, environments, outputs."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from rules.model.cache import Build, once_of_tree
from rules.model.dataclass import dataclass
from rules.model.settings import neighbours_copy, says, stands_in


@dataclass(frozen=True, slots=True)
class Leftover:
    """One kind of file that arises beside others.

    `pattern` keeps it from the builder, in every folder where it begins with `**/`; `sample` is
    a path that it may have, below a folder that holds a file named `beside` (a name or a suffix;
    "" for any). `makers`: programs of which one must run in the Dockerfile, and not for the whole
    system, since without it the build may need what the folder holds. `unless`: names that must
    stand nowhere in it. `speaks`: words of which one must. `configures`: a RUN that runs the
    project's own code reads it, so that it must stay.
    """

    title: str
    pattern: str
    sample: str
    beside: str
    makers: frozenset[str] = frozenset()
    unless: tuple[str, ...] = ()
    speaks: tuple[str, ...] = ()
    configures: bool = False

    def arises_beside(self, path: str) -> bool:
        """Whether it arises in the folder of a file at this path."""
        name = posixpath.basename(path)
        return name.endswith(self.beside) if self.beside[:1] in ("", ".") else name == self.beside

    @property
    def name(self) -> str:
        """What others would call it by: `node_modules`."""
        return self.sample.partition("/")[0]

    def folders(self, paths: Sequence[str]) -> list[str]:
        """The folders where it arises, sorted; the root is `""`."""
        return sorted({posixpath.dirname(path) for path in paths if self.arises_beside(path)})

    def arises_among(self, row: str) -> bool:
        """Whether it arises in the folder of any path of a row (`in_a_row`)."""
        if self.beside[:1] in ("", "."):
            return f"{self.beside}\0" in row.removeprefix("\0")
        return f"/{self.beside}\0" in row or f"\0{self.beside}\0" in row

    def keeps_back(self, row: str) -> bool:
        """Whether its pattern matches any path of a row (`in_a_row`), or a folder around one."""
        if any(piece not in row for piece in _pieces(self.pattern)[::2]):
            return False  # most patterns, told without making an expression of them
        return _matching(self.pattern).search(row) is not None


_PYTHON, _NODE, _OTHER = "What Python leaves behind", "What Node leaves behind", "Outputs"
MINE = "Of one machine only"
"""The title of what any folder may hold."""
_NPM, _DART = frozenset("npm yarn pnpm bun".split()), frozenset({"dart", "flutter"})
_GRADLE = frozenset({"gradle", "gradlew"})
_PYTHONS = tuple("python python3 pip pip3 uv poetry pdm pipenv conda uvicorn gunicorn".split())
_MAKES_VENV = frozenset("uv poetry pdm pipenv".split())
_KEYS = tuple("pem key keys cert certs certificate certificates ssl tls openssl".split())
_RUNS_CODE = frozenset(
    "bundle cargo make mix next node npx nx php python python3 rails rake ruby turbo vite".split()
)
_INSTALLS = frozenset([None, "ci", "i", "install"])
"""What a package manager of Node's is told when it runs none of the project's scripts."""
_GLOBAL = frozenset(["-g", "--global", "global", "config"])

MOST_FILES = 20_000
"""Tracked files that each pattern is held against; for a larger tree nothing is said."""

LEFTOVERS: tuple[Leftover, ...] = (
    Leftover(_PYTHON, "**/__pycache__", "__pycache__/m.pyc", ".py", speaks=_PYTHONS),
    Leftover(_PYTHON, "**/*.py[cod]", "m.pyc", ".py", speaks=_PYTHONS),
    Leftover(_PYTHON, "**/.pytest_cache", ".pytest_cache/v", ".py", speaks=_PYTHONS),
    Leftover(_PYTHON, "**/.mypy_cache", ".mypy_cache/3", ".py", speaks=_PYTHONS),
    Leftover(_PYTHON, "**/.ruff_cache", ".ruff_cache/0", ".py", speaks=_PYTHONS),
    Leftover(_PYTHON, ".venv", ".venv/bin/python", ".py", unless=(".venv",), speaks=_PYTHONS),
    Leftover(_PYTHON, ".venv", ".venv/bin/python", ".py", _MAKES_VENV),
    Leftover(_PYTHON, "venv", "venv/bin/python", ".py", unless=("venv",), speaks=_PYTHONS),
    Leftover(_NODE, "**/node_modules", "node_modules/p/index.js", "package.json", _NPM),
    Leftover(_OTHER, "**/target", "target/debug/x", "Cargo.toml", frozenset({"cargo"})),
    Leftover(_OTHER, "**/target", "target/x.jar", "pom.xml", frozenset({"mvn", "mvnw"})),
    Leftover(_OTHER, "**/.gradle", ".gradle/x", "build.gradle", _GRADLE),
    Leftover(_OTHER, "**/.gradle", ".gradle/x", "build.gradle.kts", _GRADLE),
    Leftover(_OTHER, "**/build", "build/x", "build.gradle", _GRADLE),
    Leftover(_OTHER, "**/build", "build/x", "build.gradle.kts", _GRADLE),
    Leftover(_OTHER, "**/bin", "bin/Debug/x.dll", ".csproj", frozenset({"dotnet"})),
    Leftover(_OTHER, "**/obj", "obj/project.assets.json", ".csproj", frozenset({"dotnet"})),
    Leftover(_OTHER, "_build", "_build/dev/x", "mix.exs", frozenset({"mix"})),
    Leftover(_OTHER, "deps", "deps/x/mix.exs", "mix.exs", frozenset({"mix"})),
    Leftover(_OTHER, "**/vendor", "vendor/autoload.php", "composer.json", frozenset({"composer"})),
    Leftover(_OTHER, "**/.dart_tool", ".dart_tool/x", "pubspec.yaml", _DART),
    Leftover(MINE, "**/.DS_Store", ".DS_Store", "", unless=(".DS_Store",)),
    Leftover(MINE, ".idea", ".idea/workspace.xml", ""),
    Leftover(MINE, ".vscode", ".vscode/settings.json", ""),
    Leftover(MINE, ".env", ".env", "", unless=(".env",), configures=True),
    Leftover(MINE, ".env.*", ".env.local", "", unless=(".env",), configures=True),
    Leftover(MINE, "*.pem", "key.pem", "", unless=_KEYS),
    Leftover(MINE, "*.key", "tls.key", "", unless=_KEYS),
)  # fmt: skip


def present(build: Build) -> Iterator[Leftover]:
    """What may arise in the folder that this build is sent, and is not needed by it.

    Nothing whose pattern, in the form that it is written here, matches a tracked file or is
    taken by name in the Dockerfile.
    """
    running, text = _programs(build), build.dockerfile.text.lower()
    taken = in_a_row(path for layer in build.layers for path in layer.local_sources)
    seen: set[str] = set()
    for leftover in _arising(build):
        if leftover.pattern in seen:
            continue
        if leftover.makers and running.isdisjoint(leftover.makers):
            continue
        if leftover.speaks and not any(stands_in(text, word) for word in leftover.speaks):
            continue
        if leftover.keeps_back(taken):
            continue
        if any(says(build, name) for name in leftover.unless):
            continue
        if leftover.configures and _runs_code(build):
            continue
        if not neighbours_copy(build, leftover.name):
            seen.add(leftover.pattern)
            yield leftover


@once_of_tree
def _arising(build: Build) -> list[Leftover]:
    """What may arise in the folder, and whose pattern matches no tracked file."""
    tracked = list(build.context.inside(build.repository.paths))
    if len(tracked) > MOST_FILES:
        return []
    row = in_a_row(tracked)
    return [each for each in LEFTOVERS if each.arises_among(row) and not each.keeps_back(row)]


def _programs(build: Build) -> frozenset[str | None]:
    """The programs that RUNs start, but for those that install for the whole system."""
    processes = (process for layer in build.layers for process in layer.processes)
    return frozenset(p.name for p in processes if _GLOBAL.isdisjoint(p.args))


def _runs_code(build: Build) -> bool:
    """Whether a RUN builds or starts the project, which then reads its settings."""
    for process in (process for layer in build.layers for process in layer.processes):
        first = next((arg for arg in process.args if not (arg or "-").startswith("-")), None)
        if process.name in _RUNS_CODE or (process.name in _NPM and first not in _INSTALLS):
            return True
    return False


def in_a_row(paths: Iterable[str]) -> str:
    """Paths between NULs, to be searched all at once."""
    return "\0".join(["", *(path.lstrip("/") for path in paths), ""])


@cache  # of the table above
def _pieces(pattern: str) -> list[str]:
    """A pattern without `**/`: plain text, then by turns a wildcard or a set, and plain text."""
    return re.split(r"(\[\w+\]|\*)", pattern.removeprefix("**/"))


@cache
def _matching(pattern: str) -> re.Pattern[str]:
    """What a pattern of the table matches among paths in a row.

    The same as in an ignore file; where a folder has a line break in its name perhaps more.
    """
    start = r"[/\0]" if pattern.startswith("**/") else r"\0"
    pieces = _pieces(pattern)
    body = [r"[^/\0]*" if piece == "*" else piece for piece in pieces]
    body[::2] = map(re.escape, pieces[::2])
    return re.compile(f"{start}{''.join(body)}(?=[/\0])")
