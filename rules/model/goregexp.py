r"""An ignore pattern as the Go regular expression that BuildKit makes of it.

https://github.com/moby/patternmatcher, `Pattern.compile`, is followed to the letter, with its
surprises: a pattern without wildcards is compared as it stands; `|` and `{2}` are not escaped once
there is a wildcard; `\d` is any digit; `[a*]` is two things in a row. So the result is read here as
Go reads it (https://github.com/google/re2/wiki/Syntax).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rules.model.dataclass import dataclass

Ranges = tuple[tuple[int, int], ...]
"""A set of characters: first and last code point of each range, in order."""


class BadPatternError(ValueError):
    """Go's regexp would refuse it, which fails the build when the pattern is first tried."""


class TooLargeError(Exception):
    """The patterns, or the work of matching them, pass the bounds."""


def is_malformed(pattern: str) -> bool:
    """Whether Go's filepath.Match calls it a syntax error, which fails every build.

    It is only asked whether the pattern matches ".", and looks no further than the first piece
    between two `*` that does not: `x*[-a]` passes, `[-a]` does not.
    """
    if "[" not in pattern and "\\" not in pattern:
        return False
    name, at = ".", 0
    while at < len(pattern):
        star = pattern[at] == "*"
        while pattern.startswith("*", at):
            at += 1
        if at == len(pattern):
            return False
        piece: list[Ranges] = []
        while at < len(pattern) and pattern[at] != "*":
            one, at = _unit(pattern, at)
            if one is None:
                return True
            piece.append(one)
        for rest in (name, "") if star else (name,):
            fits = len(piece) <= len(rest) and all(map(holds, piece, rest))
            if fits and (len(piece) == len(rest) or at < len(pattern)):
                name = rest[len(piece) :]
                break
        else:
            return False
    return False


def _unit(pattern: str, at: int) -> tuple[Ranges | None, int]:
    """Read what stands for one character in filepath.Match; None when it is malformed."""
    character = pattern[at]
    if character == "?":
        return _all_but(one(ord("/"))), at + 1
    if character == "\\":
        return (one(ord(pattern[at + 1])) if at + 1 < len(pattern) else None), at + 2
    if character != "[":
        return one(ord(character)), at + 1
    negated = pattern.startswith("^", at + 1)
    at += 2 if negated else 1
    ranges: list[tuple[int, int]] = []
    while not ranges or pattern[at] != "]":
        low, after = _member(pattern, at)
        high = low
        if low is not None and pattern[after] == "-":
            high, after = _member(pattern, after + 1)
        if low is None or high is None:
            return None, after
        ranges.append((low, high))
        at = after
    found = _union(r for r in ranges if r[0] <= r[1])
    return _all_but(found) if negated else found, at + 1


def _member(pattern: str, at: int) -> tuple[int | None, int]:
    """Read a character of a class; something must follow it."""
    if pattern[at : at + 1] in ("", "-", "]"):
        return None, at
    at += pattern[at] == "\\"
    return (ord(pattern[at]) if at + 1 < len(pattern) else None), at + 1


def holds(ranges: Ranges, character: str) -> bool:
    """Whether a character is in a set."""
    code = ord(character)
    return any(low <= code <= high for low, high in ranges)


def is_lone(ranges: Ranges) -> bool:
    """Whether a set holds one character and no other."""
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


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


NOT_NEWLINE = _all_but(((10, 10),))
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
ASSERTIONS = {"A": "begin", "b": "boundary", "B": "inside", "z": "end"}


@dataclass(frozen=True, slots=True)
class Item:
    """One set of characters `least` to `most` times, an assertion, or the group `(.*/)?`."""

    what: Ranges | str
    least: int = 1
    most: int | None = 1


def read(pattern: str) -> Sequence[Sequence[Item]]:
    """Read a cleaned pattern: the alternatives of its expression, each a row of items.

    Raises BadPatternError, or TooLargeError for what is not read here.
    """
    return _read_short(pattern) if len(pattern) <= _SHORT else _read(pattern)


_SHORT = 32
"""Characters of a pattern as most files have them: it is read once for all files."""


def _read(pattern: str) -> Sequence[Sequence[Item]]:
    return _Reader(_expression(pattern)).branches()


_read_short = lru_cache(maxsize=512)(_read)


class _Reader:
    """Reads a Go regular expression that came from `_expression`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def branches(self) -> list[list[Item]]:
        """The alternatives of the expression, each a row of items."""
        found: list[list[Item]] = [[]]
        repeated = False
        while self.at < len(self.text):
            character = self.text[self.at]
            row = found[-1]
            times = self._times()
            if times is not None:
                if repeated or not row:
                    raise BadPatternError("a repetition repeats nothing")
                row[-1] = Item(row[-1].what, *times)
                repeated = True
                continue
            repeated = False
            if character == "|":
                self.at += 1
                found.append([])
            elif self.text.startswith("(.*/)?", self.at):
                self.at += 6
                row.append(Item("group"))
                repeated = True
            elif self.text.startswith("\\Q", self.at):
                quoted, _, rest = self.text[self.at + 2 :].partition("\\E")
                self.at = len(self.text) - len(rest)
                row += [Item(one(ord(c))) for c in quoted]
            else:
                row.append(Item(self._atom(character)))
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
            return NOT_NEWLINE
        if character == "[":
            return self._class()
        if character != "\\":
            return one(ord(character))
        letter = self.text[self.at : self.at + 1]
        if letter in ASSERTIONS:
            self.at += 1
            return ASSERTIONS[letter]
        return self._escape()

    def _escape(self) -> Ranges:
        """Read what stands after a backslash, in or out of a class."""
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter in _CLASS_ESCAPES:
            return _CLASS_ESCAPES[letter]
        if letter in _CONTROL:
            return one(_CONTROL[letter])
        if letter in ("p", "P"):
            raise TooLargeError("Unicode's classes are not read here")
        if letter == "x":
            return one(self._hexadecimal())
        if octal := _OCTAL.match(self.text, self.at - 1):
            self.at = octal.end()
            return one(int(octal[0], 8))
        if not letter or letter.isalnum() or not letter.isascii():
            raise BadPatternError(f"Go knows no \\{letter}")
        return one(ord(letter))

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
        return self._escape() if character == "\\" else one(ord(character))


def one(code: int) -> Ranges:
    """The set of one character, by its code point."""
    return ((code, code),)
