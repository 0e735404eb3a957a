"""Ignore patterns as one lazy automaton: all of them at once, one step for each character.

BuildKit turns a pattern into a Go regular expression and searches a path with it
(https://github.com/moby/patternmatcher, `Pattern.compile`). The translation is followed to the
letter, with its surprises: a pattern without wildcards is compared as it stands; `|` and `{2}` are
not escaped once there is a wildcard; `\\d` is any digit; `[a*]` is two things in a row. So the
result is read here as Go reads it (https://github.com/google/re2/wiki/Syntax).

Every expression that can arise is a choice of rows of sets of characters, so one bit for each set
is all the state there is. A step costs a few operations on one integer and is remembered.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

Ranges = tuple[tuple[int, int], ...]
"""A set of characters: first and last code point of each range, in order."""

MAX_BITS = 1 << 18


class BadPatternError(ValueError):
    """Go's regexp would refuse it, which fails the build when the pattern is first tried."""


class TooLargeError(Exception):
    """The patterns, or the work of matching them, pass the bounds."""


def is_malformed(pattern: str) -> bool:
    """Whether Go's filepath.Match calls it a syntax error, which fails every build."""
    at, end = 0, len(pattern)
    while at < end:
        character = pattern[at]
        at += 1
        if character == "\\":
            if at == end:
                return True
            at += 1
        elif character == "[":
            after = _end_of_class(pattern, at)
            if after is None:
                return True
            at = after
    return False


def _end_of_class(pattern: str, at: int) -> int | None:
    """Where the class whose `[` stands before `at` ends, None when it is malformed."""
    at += pattern.startswith("^", at)
    first = at
    while at == first or pattern[at] != "]":
        after = _end_of_member(pattern, at)
        if after is not None and pattern[after] == "-":
            after = _end_of_member(pattern, after + 1)
        if after is None:
            return None
        at = after
    return at + 1


def _end_of_member(pattern: str, at: int) -> int | None:
    """Where a character of a class ends: something must follow it."""
    if pattern[at : at + 1] in ("", "-", "]"):
        return None
    at += 2 if pattern[at] == "\\" else 1
    return at if at < len(pattern) else None


def _expression(pattern: str) -> str:
    """Translate a cleaned pattern as patternmatcher does into a Go regular expression."""
    kind, out, at = "exact", ["^"], 0
    while at < len(pattern):
        character, start = pattern[at], at
        at += 1
        if pattern.startswith("**", start):
            at += 2 if pattern.startswith("/", at + 1) else 1
            if at < len(pattern):
                out.append("(.*/)?")
                kind = "regexp"
            elif kind == "exact":
                kind = "prefix"
            else:
                out.append(".*")
                kind = "regexp"
            if start == 0:
                kind = "suffix"
        elif character in "*?[]":
            out.append({"*": "[^/]*", "?": "[^/]"}.get(character, character))
            kind = "regexp"
        elif character == "\\":
            out.append(pattern[start : at + 1])
            at += 1
            kind = "regexp"
        else:
            # `{`, `|` and `}` belong here too, but patternmatcher's table of them is too small.
            out.append("\\" + character if character in ".+()$" else character)
    if kind == "exact":
        return f"^{_quoted(pattern)}$"
    if kind == "prefix":
        return "^" + _quoted(pattern[:-2])
    if kind == "suffix":
        suffix = pattern[2:]
        alone = f"|^{_quoted(suffix[1:])}$" if suffix.startswith("/") else ""
        return _quoted(suffix) + "$" + alone
    return "".join(out) + "$"


def _quoted(text: str) -> str:
    return "".join("\\" + c if c in "\\.+*?()|[]{}^$" else c for c in text)


ANY: Ranges = ((0, 0x10FFFF),)
_DIGIT: Ranges = ((48, 57),)
_SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))


def _union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _all_but(ranges: Ranges) -> Ranges:
    found, start = [], 0
    for low, high in ranges:
        if start < low:
            found.append((start, low - 1))
        start = high + 1
    return (*found, (start, ANY[0][1])) if start <= ANY[0][1] else tuple(found)


_NOT_NEWLINE = _all_but(((10, 10),))
_CLASS_ESCAPES: dict[str, Ranges] = {
    "d": _DIGIT, "s": _SPACE, "w": _WORD,
    "D": _all_but(_DIGIT), "S": _all_but(_SPACE), "W": _all_but(_WORD),
}  # fmt: skip
_POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)), "alpha": ((65, 90), (97, 122)), "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)), "cntrl": ((0, 31), (127, 127)), "digit": _DIGIT,
    "graph": ((33, 126),), "lower": ((97, 122),), "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)), "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),), "word": _WORD, "xdigit": ((48, 57), (65, 70), (97, 102)),
}  # fmt: skip
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_TIMES = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}")
_OCTAL = re.compile("0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEXADECIMAL = re.compile(r"\{([0-9A-Fa-f]{1,32})\}|([0-9A-Fa-f]{2})")
_ASSERTIONS = {"A": "begin", "b": "boundary", "B": "inside", "z": "end"}


@dataclass(frozen=True, slots=True)
class _Item:
    """One set of characters `least` to `most` times, an assertion, or the group `(.*/)?`."""

    what: Ranges | str
    least: int = 1
    most: int | None = 1


class _Reader:
    """Reads a Go regular expression that came from `_expression`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def branches(self) -> list[list[_Item]]:
        """The alternatives of the expression, each a row of items."""
        found: list[list[_Item]] = [[]]
        repeated = False
        while self.at < len(self.text):
            character = self.text[self.at]
            row = found[-1]
            times = self._times()
            if times is not None:
                if repeated or not row:
                    raise BadPatternError("a repetition repeats nothing")
                row[-1] = _Item(row[-1].what, *times)
                repeated = True
                continue
            repeated = False
            if character == "|":
                self.at += 1
                found.append([])
            elif self.text.startswith("(.*/)?", self.at):
                self.at += 6
                row.append(_Item("group"))
                repeated = True
            elif self.text.startswith("\\Q", self.at):
                quoted, _, rest = self.text[self.at + 2 :].partition("\\E")
                self.at = len(self.text) - len(rest)
                row += [_Item(_one(ord(c))) for c in quoted]
            else:
                row.append(_Item(self._atom(character)))
        return found

    def _times(self) -> tuple[int, int | None] | None:
        """Read `*`, `{2}`, `{2,}` or `{2,5}`; any other `{` is itself."""
        if self.text[self.at] == "*":
            self.at += 1
            return 0, None
        found = _TIMES.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        least = int(found[1][:9])  # Go's bound is 1000: nine digits say enough
        most = least if found[2] is None else int(found[3][:9]) if found[3] else None
        if least > 1000 or (most is not None and not least <= most <= 1000):
            raise BadPatternError("a repetition out of bounds")
        return least, most

    def _atom(self, character: str) -> Ranges | str:
        self.at += 1
        if character == "^":
            return "begin"
        if character == "$":
            return "end"
        if character == ".":
            return _NOT_NEWLINE
        if character == "[":
            return self._class()
        if character != "\\":
            return _one(ord(character))
        letter = self.text[self.at : self.at + 1]
        if letter in _ASSERTIONS:
            self.at += 1
            return _ASSERTIONS[letter]
        return self._escape()

    def _escape(self) -> Ranges:
        """Read what stands after a backslash, in or out of a class."""
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter in _CLASS_ESCAPES:
            return _CLASS_ESCAPES[letter]
        if letter in _CONTROL:
            return _one(_CONTROL[letter])
        if letter == "x":
            return _one(self._hexadecimal())
        if octal := _OCTAL.match(self.text, self.at - 1):
            self.at = octal.end()
            return _one(int(octal[0], 8))
        if not letter or letter.isalnum() or not letter.isascii():
            raise BadPatternError(f"Go knows no \\{letter}")  # \p{…} is not read here either
        return _one(ord(letter))

    def _hexadecimal(self) -> int:
        found = _HEXADECIMAL.match(self.text, self.at)
        code = int(found[1] or found[2], 16) if found else -1
        if found is None or code > ANY[0][1]:
            raise BadPatternError("\\x without a character's number")
        self.at = found.end()
        return code

    def _class(self) -> Ranges:
        """Read a class whose `[` was just read."""
        negated = self.text.startswith("^", self.at)
        self.at += negated
        first = self.at
        ranges: list[tuple[int, int]] = []
        while self.at == first or not self.text.startswith("]", self.at):
            named = self._named()
            if named is not None:
                ranges += named
                continue
            low = self._member()
            dash = self.text.startswith("-", self.at)
            if len(low) == 1 and low[0][0] == low[0][1] and dash and self._after() != "]":
                self.at += 1
                high = self._member()
                if len(high) != 1 or high[0][1] < low[0][0] or high[0][0] != high[0][1]:
                    raise BadPatternError("a range that ends before it starts")
                low = ((low[0][0], high[0][1]),)
            ranges += low
        self.at += 1
        return _all_but(_union(ranges)) if negated else _union(ranges)

    def _after(self) -> str:
        return self.text[self.at + 1 : self.at + 2]

    def _named(self) -> Ranges | None:
        """Read `[:alpha:]` or `[:^alpha:]` inside a class."""
        if not self.text.startswith("[:", self.at):
            return None
        end = self.text.find(":]", self.at + 2)
        if end < 0:
            return None
        name = self.text[self.at + 2 : end]
        found = _POSIX.get(name.removeprefix("^"))
        if found is None:
            raise BadPatternError(f"Go knows no class [:{name}:]")
        self.at = end + 2
        return _all_but(found) if name.startswith("^") else found

    def _member(self) -> Ranges:
        if self.at >= len(self.text):
            raise BadPatternError("a class that does not end")
        character = self.text[self.at]
        self.at += 1
        return self._escape() if character == "\\" else _one(ord(character))


def _one(code: int) -> Ranges:
    return ((code, code),)


class State(dict[str, "State"]):
    """Where the automaton is after some text; `state[character]` is where it is after one more."""

    __slots__ = ("_found", "_of", "bits", "last")

    def __init__(self, of: "Automaton", bits: int, last: bool | None) -> None:
        """`last`: whether the last character is one of a word, None when there was none."""
        super().__init__()
        self._of = of
        self.bits = bits
        self.last = last
        self._found: int | None = None

    def __missing__(self, character: str) -> "State":
        self[character] = after = self._of.step(self, character)
        return after

    @property
    def found(self) -> int:
        """Bit i is set when pattern i matches the text so far."""
        if self._found is None:
            self._found = self._of.found(self)
        return self._found


class Automaton:
    """Many patterns, compiled together.

    `bad` has a bit for each pattern that Go's regexp refuses; `work` counts the 64-bit words that
    steps not yet remembered have touched. Raises TooLargeError.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.bad = 0
        self.work = 0
        self._size = 0
        self._loop = 0  # takes any number of characters of its set
        self._skip = 0  # may be passed over
        self._leap = 0  # starts a group of three bits that may be passed over
        self._final = 0  # a pattern has matched
        self._assert = dict.fromkeys(_ASSERTIONS.values(), 0)
        self._owners: dict[int, int] = {}
        self._sets: dict[Ranges, int] = {}
        self._takes: dict[str, int] = {}
        self._states: dict[tuple[int, bool | None], State] = {}
        starts = 0
        for index, pattern in enumerate(patterns):
            try:
                branches = _Reader(_expression(pattern)).branches()
            except BadPatternError:
                self.bad |= 1 << index
                continue
            for branch in branches:
                starts |= 1 << self._size
                self._add(branch, index)
        self._by_words = bool(self._assert["boundary"] | self._assert["inside"])
        self.start = self._state(self._close(starts, 0), None)

    def _add(self, branch: list[_Item], index: int) -> None:
        """Lay the bits of one branch."""
        if not branch or branch[0].what != "begin":
            self._bit(ANY, loop=True, skip=True)  # a search may start anywhere
        for item in branch:
            if item.what == "group":
                self._leap |= 1 << self._size
                self._bit((), skip=True)
                self._bit(_NOT_NEWLINE, loop=True, skip=True)
                self._bit(_one(ord("/")))
            elif isinstance(item.what, str):
                if item.least:
                    self._assert[item.what] |= 1 << self._size
                    self._bit(())
            else:
                for _ in range(item.least):
                    self._bit(item.what)
                for _ in range((item.most or 0) - item.least):
                    self._bit(item.what, skip=True)
                if item.most is None:
                    self._bit(item.what, loop=True, skip=True)
        self._owners[self._size] = index
        self._final |= 1 << self._size
        self._bit(ANY, loop=True)

    def _bit(self, ranges: Ranges, *, loop: bool = False, skip: bool = False) -> None:
        if self._size >= MAX_BITS:
            raise TooLargeError("the patterns are too large")
        bit = 1 << self._size
        self._sets[ranges] = self._sets.get(ranges, 0) | bit
        self._loop |= bit if loop else 0
        self._skip |= bit if skip else 0
        self._size += 1

    def _close(self, bits: int, holding: int) -> int:
        """The bits and all that can be reached without a character; `holding` are assertions."""
        skip, new = self._skip | holding, bits
        while new:
            self.work += 1 + (self._size >> 6)
            new = ((new & skip) << 1 | (new & self._leap) << 3) & ~bits
            bits |= new
        return bits

    def _holding(self, state: State, following: bool | None) -> int:
        """The assertions that hold between the text of `state` and a character, None the end."""
        holding = self._assert["begin"] if state.last is None else 0
        if following is None:
            holding |= self._assert["end"]
        if self._by_words:
            boundary = bool(state.last) != bool(following)
            holding |= self._assert["boundary" if boundary else "inside"]
        return holding

    def step(self, state: State, character: str) -> State:
        """Where one more character leads."""
        word = character.isascii() and (character.isalnum() or character == "_")
        bits = self._close(state.bits, self._holding(state, word)) & self._taking(character)
        bits = (bits & ~self._final) << 1 | bits & self._loop
        return self._state(self._close(bits, 0), word and self._by_words)

    def found(self, state: State) -> int:
        """Which patterns match the text of a state."""
        finals = self._close(state.bits, self._holding(state, None)) & self._final
        found = 0
        while finals:
            last = finals.bit_length() - 1
            found |= 1 << self._owners[last]
            finals ^= 1 << last
        return found

    def _state(self, bits: int, last: bool | None) -> State:
        state = self._states.get((bits, last))
        if state is None:
            state = self._states[bits, last] = State(self, bits, last)
        return state

    def _taking(self, character: str) -> int:
        """The bits whose set holds the character."""
        mask = self._takes.get(character)
        if mask is None:
            code, mask = ord(character), 0
            for ranges, bits in self._sets.items():
                if any(low <= code <= high for low, high in ranges):
                    mask |= bits
            self._takes[character] = mask
        return mask
