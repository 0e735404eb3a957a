"""Whether the program itself reads `.git`: when the image runs, or when a step runs its code.

Many programs show the commit that they were built from. Only their source tells.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from rules.model.builder import is_dockerfile
from rules.model.cache import Build, once, once_of_tree
from rules.model.copies import Copy
from rules.model.prose import code
from rules.model.settings import mentions, programs
from rules.model.sources import ROOT, has_wildcard

MOST = 500
"""Files of source that are searched; a larger program may read anything."""
LONGEST = 400_000
"""Characters of one of them."""

_CODE = tuple(
    """
    .bash .c .cc .cjs .clj .cpp .cs .dart .erl .ex .exs .fs .go .groovy .h .hpp .hs .java .jl .js
    .jsx .kt .lua .mjs .php .pl .pm .py .r .rake .rb .rs .scala .sh .svelte .swift .ts .tsx .vue
    """.split()
)
_APART = frozenset("doc docs e2e spec test tests".split())
"""Folders that no program runs from, beside those whose names begin with a dot."""
_BROWSERS = frozenset("assets public static".split())
"""Folders whose scripts run in browsers."""
_INTERPRETERS = frozenset(
    "bundle composer elixir iex mix perl php python python3 rails rake ruby".split()
)
"""Programs that run a project's own code while it is built."""
_LIBRARIES = ("gitpython", "pygit2", "dulwich")
_BETWEEN = str.maketrans(dict.fromkeys("\"'`,[](){}", " "))
ASKS = tuple(
    f"git {verb}"
    for verb in (
        "describe rev-parse rev-list log show status branch tag diff ls-files symbolic-ref "
        "name-rev shortlog blame submodule archive grep -C --git-dir -c --no-pager"
    ).split()
)
_WILDCARD = re.compile(r"[*?\[\\]")
_IMPORTS = ("import git", "from git import")


def flattened(text: str) -> str:
    """The words of a text with a space between them: of `["git", "log"]` they are `git log`."""
    return " ".join(text.translate(_BETWEEN).split())


def asked(flat: str, phrases: Iterable[str] = ASKS) -> str | None:
    """The first of some phrases that stands in a flattened text, no part of other words."""
    return next((words for words in phrases if words in flat and mentions(flat, words)), None)


def why_program_reads_git(build: Build) -> str | None:
    """What in the source reads `.git`, or may, in words; None when the program does not."""
    if programs(build).isdisjoint(_INTERPRETERS) and not _is_shipped(build):
        return None
    return _why_source_reads_git(build)


@once_of_tree
def _why_source_reads_git(build: Build) -> str | None:
    paths = [path for path in build.context.files if _is_searched(path)]
    if len(paths) > MOST:
        return "the program is too large to be searched for what reads it"
    full = [posixpath.join(build.context.root, path) for path in paths]
    texts = {path: build.repository.read(path) for path in full}
    for path, text in texts.items():
        if text is None or len(text) > LONGEST:
            return f"{code(path)} cannot be searched for what reads it"
        word = _reads(text)
        if word is not None:
            return f"{code(path)} mentions {code(word)}"
    return None


def _is_searched(path: str) -> bool:
    if path.endswith(".txt"):
        is_code = path.rpartition("/")[2].startswith("requirements")
    else:
        is_code = path.endswith(_CODE) and not path.endswith(".min.js")
    top, _, rest = path.partition("/")
    if not is_code or (rest and (top in _APART or top.startswith("."))) or is_dockerfile(path):
        return False
    return not path.endswith(".js") or _BROWSERS.isdisjoint(path.split("/"))


def _reads(text: str) -> str | None:
    if "git" not in text and "Git" not in text:
        return None
    if mentions(text, ".git"):
        return ".git"
    flat = flattened(text)
    if (words := asked(flat, (*ASKS, *_IMPORTS))) is not None:
        return words
    return next((name for name in _LIBRARIES if mentions(text, name)), None)


def _is_shipped(build: Build) -> bool:
    """Whether a stage that no other one takes from holds the `.git` that a COPY brought."""
    used: set[int | None] = set()
    for layer in build.layers:
        used |= {layer.parent, layer.copy.stage if layer.copy is not None else None}
    last = len(build.dockerfile.stages) - 1
    held = places_of_git(build)
    return any(places for stage, places in held.items() if stage == last or stage not in used)


@once
def places_of_git(build: Build) -> Mapping[int, AbstractSet[str]]:
    """The folders that hold the context's `.git`, by stage."""
    held: dict[int, set[str]] = {}
    for layer in build.layers:
        places = held.setdefault(layer.stage, set())
        if layer.parent is not None:
            places |= held.get(layer.parent, set())
        copy = layer.copy
        if copy is not None and copy.local and ROOT in copy.named:
            places.add(copy.destination or "/")
        elif copy is not None and copy.stage is not None:
            places.update(brought(copy, held.get(copy.stage, set())))
    return held


def brought(copy: Copy, places: AbstractSet[str]) -> set[str]:
    """The folders that a `COPY --from` may make, of those that hold `.git`."""
    for source in (ROOT,) if copy.sources is None else copy.sources:
        path = "" if source == ROOT else f"/{source}"
        head = _WILDCARD.split(path)[0] if has_wildcard(path) else f"{path}/"
        if any(f"{place.rstrip('/')}/.git/".startswith(head) for place in places):
            return {copy.destination or "/"}
    return set()
