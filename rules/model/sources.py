"""Which files of a build context the sources of a COPY, an ADD or a bind mount take.

Sources are paths relative to the context root, cleaned, `.` for the root itself. `*`, `?` and
`[…]` match inside one path component, as Go's path.Match has it
(https://docs.docker.com/reference/dockerfile/#pattern-matching).
"""

import posixpath
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from rules.model.cached import cached_property
from rules.model.dataclass import dataclass

ROOT = "."
MAX_WORK = 400_000
"""Names compared with patterns, in all; real files stay a hundred times below."""
_MAX_LINKS = 40  # symbolic links followed for one source, as Linux has it


def clean(source: str) -> str:
    """Write a source as BuildKit's key has it: `./a//b/` is `a/b`, `/`, `./` and `` are `.`.

    `..` cannot leave the context: https://docs.docker.com/reference/dockerfile/#adding-files-from-the-build-context
    """
    plain = source[:1] not in ("", "/", ".") and source[-1] != "/"
    if plain and "//" not in source and "/." not in source:
        return source  # as most are written
    return posixpath.normpath("/" + source).lstrip("/") or ROOT


@dataclass(frozen=True, slots=True)
class Match:
    """One file or folder of the context that a source names."""

    path: str
    folder: bool


class Files:
    """The files of a build context, looked up by path, by folder and by pattern."""

    def __init__(
        self, paths: Iterable[str], link: Callable[[str], str | None] | None = None
    ) -> None:
        """`paths` are relative to the context root; `link` gives a symbolic link's target."""
        self.paths = sorted(paths)
        self.link = link
        self._levels: dict[int, Mapping[tuple[str, ...], bool]] = {}
        self._work = 0

    @cached_property
    def known(self) -> frozenset[str]:
        """All paths, for asking quickly."""
        return frozenset(self.paths)

    def is_folder(self, path: str) -> bool:
        """Whether a file lies below this path."""
        if path == ROOT:
            return True
        start = path + "/"
        at = bisect_left(self.paths, start)
        return at < len(self.paths) and self.paths[at].startswith(start)

    def under(self, folder: str) -> list[str]:
        """All files below a folder, sorted."""
        if folder == ROOT:
            return self.paths
        start = bisect_left(self.paths, folder + "/")
        end = bisect_left(self.paths, folder + "0", start)  # "0" follows "/"
        return self.paths[start:end]

    def match(self, source: str) -> tuple[Match, ...]:
        """Find what a source names, sorted; nothing where the build would fail.

        A pattern beyond `MAX_WORK` is taken for all that its first parts without one name.
        """
        if not has_wildcard(source):
            if source in self.known:
                return (Match(source, folder=False),)
            return (Match(source, folder=True),) if self.is_folder(source) else ()
        pattern = source.split("/")
        fixed = 0
        while not has_wildcard(pattern[fixed]):
            fixed += 1
        entries = self._entries(len(pattern))
        self._work += len(entries)
        if self._work > MAX_WORK:
            return (Match("/".join(pattern[:fixed]) or ROOT, folder=True),)
        found = []
        known: dict[tuple[int, str], bool] = {}
        for parts, folder in entries.items():
            if parts[:fixed] != tuple(pattern[:fixed]):
                continue
            for place in range(fixed, len(pattern)):
                key = place, parts[place]
                if key not in known:
                    known[key] = match_name(pattern[place], parts[place])
                if not known[key]:
                    break
            else:
                found.append(Match("/".join(parts), folder))
        return tuple(found)

    def _entries(self, depth: int) -> Mapping[tuple[str, ...], bool]:
        """Give all files and folders so many parts deep, sorted, and whether each is a folder."""
        if depth not in self._levels:
            level: dict[tuple[str, ...], bool] = {}
            for path in self.paths:
                parts = path.split("/", depth)
                if len(parts) >= depth:
                    level[tuple(parts[:depth])] = len(parts) > depth
            self._levels[depth] = level
        return self._levels[depth]

    def follow(self, source: str) -> str | None:
        """Where a source that leads through symbolic links ends, None when none are on its way.

        COPY follows a link that a source names (not those inside a folder that it names).
        """
        if self.link is None or has_wildcard(source):
            return None
        rest, done, hops = source.split("/"), "", 0
        while rest:
            path = posixpath.normpath(posixpath.join("/", done, rest.pop(0))).lstrip("/")
            target = self.link(path)
            if target is None:
                done = path
                continue
            hops += 1
            if hops > _MAX_LINKS:
                return None
            rest = [*target.split("/"), *rest]
            done = "" if target.startswith("/") else path.rpartition("/")[0]
        return (done or ROOT) if hops else None


def takes(source: str, path: str) -> bool:
    """Whether a source takes a file at this path, be it there now or not."""
    if source == ROOT:
        return True
    if not has_wildcard(source):
        return path == source or path.startswith(source + "/")
    pattern, parts = source.split("/"), path.split("/")
    return len(parts) >= len(pattern) and all(map(match_name, pattern, parts))


def has_wildcard(source: str) -> bool:
    """Whether a source is a pattern: an unescaped `*`, `?` or `[`."""
    escaped = False
    for character in source:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in "*?[":
            return True
    return False


def fixed_part(source: str) -> str:
    """Give the absolute folder that all matches of a pattern lie in, else the path itself."""
    parts = [] if source == ROOT else source.split("/")
    fixed = next((at for at, part in enumerate(parts) if has_wildcard(part)), len(parts))
    return "/" + "/".join(parts[:fixed])


def match_name(pattern: str, name: str) -> bool:
    """Whether a pattern without `/` matches one path component; a malformed one matches nothing.

    Looks back to the last `*` only, so it takes at most len(pattern) * len(name) steps.
    """
    parts = _parts(pattern)
    if parts is None:
        return False
    at = star = 0
    part, retry = 0, -1
    while at < len(name):
        if part < len(parts) and parts[part] == "*":
            retry, star = part, at
            part += 1
        elif part < len(parts) and _fits(parts[part], name[at]):
            part += 1
            at += 1
        elif retry >= 0:
            star += 1
            part, at = retry + 1, star
        else:
            return False
    return all(t == "*" for t in parts[part:])


@dataclass(frozen=True, slots=True)
class _Class:
    """`[a-z]` or `[^a-z]`."""

    negated: bool
    ranges: tuple[tuple[str, str], ...]


@lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple["str | _Class", ...] | None:
    """`*`, `?`, one-character literals (as two characters, `=` in front) and classes."""
    characters = iter(pattern)
    parts: list[str | _Class] = []
    for character in characters:
        if character in "*?":
            parts.append(character)
        elif character == "[":
            inside = _class(characters)
            if inside is None:
                return None
            parts.append(inside)
        else:
            literal = next(characters, None) if character == "\\" else character
            if literal is None:
                return None
            parts.append("=" + literal)
    return tuple(parts)


def _class(characters: Iterator[str]) -> _Class | None:
    """Read the class whose `[` was just met, or None when it is malformed."""
    ranges: list[tuple[str, str]] = []
    character = next(characters, None)
    negated = character == "^"
    if negated:
        character = next(characters, None)
    while character is not None and (character != "]" or not ranges):
        low = next(characters, None) if character == "\\" else character
        if low is None or (low in "-]" and character != "\\"):
            return None
        high, character = low, next(characters, None)
        if character == "-":
            character = next(characters, None)
            if character == "\\":
                character = next(characters, None)
            elif character in ("-", "]"):
                return None
            if character is None:
                return None
            high, character = character, next(characters, None)
        ranges.append((low, high))
    return _Class(negated, tuple(ranges)) if character == "]" else None


def _fits(part: "str | _Class", character: str) -> bool:
    if isinstance(part, _Class):
        return part.negated != any(low <= character <= high for low, high in part.ranges)
    return part == "?" or part == "=" + character
