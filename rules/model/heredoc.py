r"""Heredoc markers in a logical line, found as BuildKit's shell lexer finds them.

https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go splits the whole line
into words, quotes and `${…}` respected; a word of the form `[fd]<<[-]name` is a marker. A line
that the lexer refuses (an open quote, `${X^^}`) has no heredocs at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.model.words import SPACE

DEEPEST = 50
"""Nested `${a:-${b:-…}}` beyond this count as an error of the line (BuildKit has no limit)."""


@dataclass(frozen=True, slots=True)
class Marker:
    """`<<EOF`, `<<-EOF`, `<<"EOF"`."""

    name: str
    strip_tabs: bool
    expand: bool


class _LexError(ValueError):
    pass


def markers(line: str) -> Iterator[Marker]:
    """The markers in the order of their bodies."""
    try:
        words = _words(line)
    except _LexError:
        return
    for word in words:
        found = marker(word)
        if found is not None:
            yield found


def marker(word: str) -> Marker | None:
    """What a single word marks, None when it is no marker."""
    rest = word.lstrip("0123456789")
    if not rest.startswith("<<"):
        return None
    rest = rest[2:]
    strip_tabs = rest.startswith("-")
    rest = rest.removeprefix("-").lstrip("\t\n\f\r ")
    if not rest or "<" in rest:
        return None
    name, quoted = _unquote(rest)
    return Marker(name, strip_tabs, expand=not quoted) if name else None


def _unquote(word: str) -> tuple[str, bool]:
    """The word without quotes and escapes, and whether a part of it was quoted."""
    parts: list[str] = []
    quote, at, quoted = "", 0, False
    while at < len(word):
        char = word[at]
        at += 1
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote, quoted = char, True
        elif char == "\\" and quote != "'":
            following = word[at : at + 1]
            if not quote or (following and following in '"$\\'):
                parts.append(following)
                at += 1
            else:
                parts.append(char)
        else:
            parts.append(char)
    return "".join(parts), quoted


def _words(line: str) -> list[str]:
    """The line's words as written; quotes, escapes and `$` stay."""
    words: list[str] = []
    parts: list[str] = []
    at = 0
    while at < len(line):
        char = line[at]
        if char == "$":
            stop, nested = _dollar(line, at, 0)
            if nested:  # BuildKit shares one buffer with the words inside: what stood there is lost
                parts.clear()
            *done, last = _split(line[at:stop])
            for word in done:
                parts.append(word)
                if any(parts):
                    words.append("".join(parts))
                parts.clear()
            parts.append(last)
        else:
            stop = _step(line, at, 0)
            if char in SPACE:
                if any(parts):
                    words.append("".join(parts))
                parts.clear()
            else:
                parts.append(line[at:stop])
        at = stop
    if any(parts):
        words.append("".join(parts))
    return words


def _split(text: str) -> list[str]:
    for char in SPACE:
        if char in text:
            text = text.replace(char, " ")
    return text.split(" ")


def _step(line: str, at: int, depth: int) -> int:
    """Where the next piece starts: after a quoted string, `<<` and blanks, an escaped character."""
    char = line[at]
    if char == "'":
        return _find(line, "'", at + 1) + 1
    if char == '"':
        return _double_quoted(line, at + 1, depth)
    if char == "$":
        return _dollar(line, at, depth)[0]
    if char == "\\":
        return min(at + 2, len(line))
    if line.startswith("<<", at):
        at += 2
        while at < len(line) and line[at] in "\t\r ":
            at += 1
        return at
    return at + 1


def _double_quoted(line: str, at: int, depth: int) -> int:
    while at < len(line):
        char = line[at]
        if char == '"':
            return at + 1
        if char == "$":
            at = _dollar(line, at, depth)[0]
        elif char == "\\" and line[at + 1 : at + 2] in ('"', "$", "\\"):
            at += 2
        else:
            at += 1
    raise _LexError("unexpected end of statement while looking for matching double-quote")


def _dollar(line: str, at: int, depth: int) -> tuple[int, bool]:
    """Where `$name` or `${…}` ends, and whether there are words inside."""
    at += 1
    if not line.startswith("{", at):
        return _name(line, at), False
    at += 1
    if line[at : at + 1] in ("", "{", "}", ":") or depth > DEEPEST:
        raise _LexError("bad substitution")
    at = _name(line, at)
    char = line[at : at + 1]
    if char == "}":
        return at + 1, False
    if char == "/":
        at += 1 + line.startswith("/", at + 1)
        return _until(line, "}", _until(line, "/", at, depth), depth), True
    if char == ":":
        at += 1
        char = line[at : at + 1]
        if char in ("#", "%"):
            raise _LexError("unsupported modifier")
    elif char not in ("+", "-", "?", "#", "%"):
        raise _LexError("unsupported modifier")
    return _until(line, "}", at + 1, depth), True


def _until(line: str, stop: str, at: int, depth: int) -> int:
    while at < len(line):
        if line[at] == stop:
            return at + 1
        at = _step(line, at, depth + 1)
    raise _LexError(f"unexpected end of statement while looking for matching {stop}")


def _name(line: str, at: int) -> int:
    """Where a variable's name ends: digits, one special character, or letters, digits and `_`."""
    first = line[at : at + 1]
    if first and first in "@*#?-$!":
        return at + 1
    digits = first.isdecimal()
    while at < len(line):
        char = line[at]
        if not (char.isdecimal() if digits else char.isalpha() or char.isdecimal() or char == "_"):
            break
        at += 1
    return at


def _find(line: str, char: str, at: int) -> int:
    found = line.find(char, at)
    if found < 0:
        raise _LexError("unexpected end of statement while looking for matching single-quote")
    return found
