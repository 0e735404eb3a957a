"""What a .dockerignore keeps from the builder, to the letter of BuildKit.

Reading lines: https://github.com/moby/patternmatcher, `ignorefile.ReadAll`, then `New`. Deciding:
`MatchesUsingParentResults` for every folder and file on the way of the walk that fsutil's
`filterFS.Walk` takes (https://github.com/tonistiigi/fsutil). Two surprises live there: a pattern
is not even tried where it could change nothing, and then counts as unmatched for all that lies
below; and an excluded folder is not entered when no `!` pattern seems to lead into it.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import field

from rules.model.cached import cached_property
from rules.model.dataclass import dataclass
from rules.model.goregexp import TooLargeError, is_malformed
from rules.model.patterns import Automaton, State
from rules.model.prose import code

MAX_PATTERNS = 1000
MAX_TEXT = 128 * 1024  # characters
MAX_WORK = 20_000_000  # half a second; real trees and files need a thousandth
# Go's unicode.IsSpace: Python's strip() would take the separators 0x1c to 0x1f too.
_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
_BLANKS += "\u200a\u2028\u2029\u202f\u205f\u3000"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line that is neither blank nor a comment.

    `raw` is the line as written, `text` what BuildKit makes of it, without the `!` of a pattern
    that brings files back (`negated`).
    """

    line: int
    raw: str
    text: str
    negated: bool


@dataclass(frozen=True, slots=True)
class IgnoreError:
    """Why a build fails on this file, and the line to blame."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """What the walk knows when it enters a folder."""

    state: State
    matched: int
    """Bit i is set when pattern i matched the folder or one above it."""
    closed: Pattern | None = None
    """The pattern for which the walk does not enter, so that all below is excluded."""


@dataclass(frozen=True, slots=True)
class _Decision:
    excluded: bool
    matched: int
    by: int | None = None
    bad: int | None = None
    """The pattern at which the build fails."""


@dataclass(frozen=True)
class IgnoreFile:
    """An ignore file. `error` says why every build with it fails; then nothing is excluded.

    Paths are relative to the context root, `/` between the parts, no `./` in front; a file and a
    folder of one name are decided alike.
    """

    path: str
    """Of the ignore file in the repository."""
    patterns: tuple[Pattern, ...]
    error: IgnoreError | None = None
    too_large: bool = False
    """Whether it passes our own bounds: then nothing is known of what it excludes."""
    _automaton: Automaton = field(default_factory=lambda: Automaton(()), repr=False, compare=False)
    _decided: dict[tuple[int, int], _Decision] = field(
        default_factory=dict, repr=False, compare=False
    )
    _folders: dict[str, _Folder] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, path: str) -> "IgnoreFile":
        """Read an ignore file. Never raises: see `error` and `too_large`."""
        if len(text) > MAX_TEXT:
            return cls(path, (), too_large=True)
        patterns: list[Pattern] = []
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
            raw = line.removesuffix("\r")
            cleaned = _clean_line(raw)
            if not cleaned:
                continue
            negated = cleaned.startswith("!")
            name = cleaned[1:] if negated else cleaned
            if negated and not name:
                return cls(path, (), IgnoreError(number, "`!` stands before no pattern"))
            if is_malformed(name):
                return cls(path, (), IgnoreError(number, f"{code(raw)} is a syntax error"))
            patterns.append(Pattern(number, raw, name, negated))
        if len(patterns) > MAX_PATTERNS:
            return cls(path, (), too_large=True)
        if error := _unsendable(patterns):
            return cls(path, (), error)
        try:
            automaton = Automaton(pattern.text for pattern in patterns)
        except TooLargeError:
            return cls(path, (), too_large=True)
        return cls(path, tuple(patterns), _certain(patterns, automaton.bad), _automaton=automaton)

    def excludes(self, path: str) -> bool:
        """Whether a file or folder at this path, be there one or not, is kept from the builder."""
        return self._decide(path)[0]

    def decides(self, path: str) -> Pattern | None:
        """The pattern that had the last word on a path; None when none matched."""
        return self._decide(path)[1]

    def closes(self, folder: str) -> bool:
        """Whether nothing in a folder can be sent, so that nobody need look into it."""
        return self._enter(folder).closed is not None

    def kept(self, paths: Iterable[str]) -> list[str]:
        """The paths that the builder is sent, sorted.

        Raises TooLargeError when patterns and paths together are made to take long.
        """
        kept = []
        for path in sorted(paths):
            if not self._decide(path)[0]:
                kept.append(path)
            if self._automaton.work > MAX_WORK:
                raise TooLargeError(f"{self.path} takes too long to match")
        return kept

    def failure(self, paths: Iterable[str]) -> IgnoreError | None:
        """Why a build that is given these files fails on this ignore file, None when it does not.

        Some faulty patterns fail a build only when a path reaches them.
        """
        if self.error is not None or not self._automaton.bad:
            return self.error
        seen: set[str] = set()
        for path in sorted(paths):
            folder, name, bad = self._enter(""), path, None
            parts = path.split("/")
            for depth in range(len(parts)):
                name = "/".join(parts[: depth + 1])
                if folder.closed is not None:
                    break
                if name not in seen:
                    seen.add(name)
                    bad = self._rule(self._run(folder.state, parts[depth]).found, folder).bad
                    if bad is not None:
                        return _refused(self.patterns[bad])
                folder = self._enter(name)
        return None

    def _decide(self, path: str) -> tuple[bool, Pattern | None]:
        parent, _, name = path.rpartition("/")
        folder = self._folders.get(parent) or self._enter(parent)
        if folder.closed is not None:
            return True, folder.closed
        state = folder.state
        for character in name:
            state = state[character]
        decision = self._rule(state.found, folder)
        return decision.excluded, None if decision.by is None else self.patterns[decision.by]

    def _enter(self, path: str) -> _Folder:
        """What is known inside a folder, `""` being the context root."""
        known = self._folders.get(path)
        if known is not None:
            return known
        start = path
        while start and start not in self._folders:
            start = start.rpartition("/")[0]
        folder = self._folders.get(start) or _Folder(self._automaton.start, 0)
        self._folders[start] = folder
        at = len(start)
        for name in path[at:].removeprefix("/").split("/") if at < len(path) else ():
            at += len(name) + (at > 0)
            folder = self._below(folder, name, path[:at])
            self._folders[path[:at]] = folder
        return folder

    def _below(self, folder: _Folder, name: str, path: str) -> _Folder:
        if folder.closed is not None:
            return folder
        state = self._run(folder.state, name)
        decision = self._rule(state.found, folder)
        if decision.excluded and decision.by is not None and not self._leads_into(path):
            return _Folder(folder.state, 0, self.patterns[decision.by])
        return _Folder(state["/"], decision.matched)

    def _run(self, state: State, text: str) -> State:
        for character in text:
            state = state[character]
        return state

    def _rule(self, found: int, folder: _Folder) -> _Decision:
        """The last word on a path that the patterns `found` match, in this folder."""
        key = found, folder.matched
        decision = self._decided.get(key)
        if decision is None:
            decision = self._decided[key] = self._judge(found, folder.matched)
        return decision

    def _judge(self, found: int, inherited: int) -> _Decision:
        excluded, matched, by = False, 0, None
        left = found | inherited | self._automaton.bad
        while left:
            bit = left & -left
            left ^= bit
            index = bit.bit_length() - 1
            negated = self.patterns[index].negated
            if not inherited & bit:
                if negated != excluded:
                    continue  # it could change nothing, so it is not tried
                if self._automaton.bad & bit:
                    return _Decision(excluded=False, matched=0, bad=index)
            matched |= bit
            excluded = not negated
            by = index
        return _Decision(excluded, matched, by)

    @cached_property
    def _returns(self) -> tuple[str, ...] | None:
        """Where `!` patterns lead, None when one has wildcards and may lead anywhere."""
        places = []
        for pattern in self.patterns:
            if pattern.negated:
                place = pattern.text.removesuffix("/**").removesuffix("/*")
                if any(character in "*[]?^\\" for character in place):
                    return None
                places.append(place + "/")
        return tuple(places)

    def _leads_into(self, folder: str) -> bool:
        """Whether the walk enters an excluded folder, for what a `!` pattern may bring back."""
        places = self._returns
        return places is None or any(place.startswith(folder + "/") for place in places)


def _clean_line(line: str) -> str:
    """A line as `ReadAll` and then `New` leave it: `""` for a blank one or a comment."""
    if line.startswith("#"):
        return ""
    text = line.strip(_BLANKS)
    negated = text.startswith("!")
    if negated:
        text = text[1:].strip(_BLANKS)
    if text:
        text = _clean(text)
        if len(text) > 1:
            text = text.removeprefix("/")
    text = ("!" + text if negated else text).strip(_BLANKS)
    return _clean(text) if text else ""


def _clean(path: str) -> str:
    """Go's filepath.Clean: posixpath.normpath, but for `//` in front."""
    return posixpath.normpath("/" + path.lstrip("/") if path.startswith("/") else path)


def _unsendable(patterns: Iterable[Pattern]) -> IgnoreError | None:
    """A control character in a header of the request that carries the patterns to the client.

    BuildKit encodes the header, and then anything goes, only when it is not ASCII
    (https://github.com/moby/buildkit, session/filesync, `encodeStringForHeader`).
    """
    found = None
    for pattern in patterns:
        if not pattern.text.isascii():
            return None
        if found is None and not pattern.text.isprintable():
            message = f"{code(pattern.raw)} holds a control character"
            found = IgnoreError(pattern.line, message)
    return found


def _certain(patterns: list[Pattern], bad: int) -> IgnoreError | None:
    """The fault of a pattern that every path reaches: no pattern before it can exclude."""
    for index, pattern in enumerate(patterns):
        if not pattern.negated:
            return _refused(pattern) if bad >> index & 1 else None
    return None


def _refused(pattern: Pattern) -> IgnoreError:
    return IgnoreError(pattern.line, f"{code(pattern.raw)} is a syntax error")
