r"""How one logical line of a Dockerfile is cut up: keyword, flags, JSON array, words.

Everything works on the joined text and gives offsets into it; `dockerfile.py` turns them into
places in the file. The four ways of cutting are BuildKit's
(https://github.com/moby/buildkit/tree/master/frontend/dockerfile/parser: split_command.go,
line_parsers.go): each kind of instruction has its own.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's `unicode.IsSpace` takes for white space. Python's own set has four more."""

Part = tuple[str, int, int]
"""A text, and the offsets of its first character and after its last."""


class Rest(NamedTuple):
    """What stands behind an instruction's keyword and flags."""

    words: Sequence[Part] = ()
    json: bool = False
    script: int | None = None
    """Where the text for the shell begins, in the shell form."""
    old: bool = False
    """Whether it is `ENV key value`, which is then one word."""


def split_keyword(text: str, at: int) -> tuple[int, int, int]:
    """Where the keyword starts and ends and the rest begins; the rest may be empty."""
    head = _HEAD.match(text, at)
    assert head is not None  # it matches the empty text, too
    start, stop = head.span(1)
    return start, stop, head.end()


def keyword_of(word: str) -> str:
    """The word in upper case, with Go's idea of letter case."""
    if word.isascii():
        return word.upper()
    # strings.ToLower turns just these two letters into ASCII ones; str.upper would turn others.
    word = word.replace("\u212a", "k").replace("\u0130", "i").lower()
    return word.upper() if word.isascii() else word


def read_flags(text: str, at: int, end: int, escape: str) -> tuple[list[Part], int]:
    """The `--flags` from `at` on, quotes removed, and where the rest begins."""
    flags: list[Part] = []
    word = _FLAG[escape]
    while True:
        at = _skip(_NOT_ASCII_SPACE, text, at)
        if not text.startswith("--", at) or at >= end:
            return flags, min(at, end)
        found = word.match(text, at, end)
        stop = found.end() if found else end
        flag = _unquote(text[at:stop], escape)
        if flag == "--":
            return flags, stop
        flags.append((flag, at, stop))
        # BuildKit reads bytes here: the second one of U+0085 and U+00A0 is a space to it.
        at = stop + (text[stop : stop + 1] in _LATIN_SPACE)


def end_of_name(text: str, at: int) -> int:
    """Where a variable's name ends: digits, one special sign, or letters, digits and `_`."""
    first = text[at : at + 1]
    if first and first in "@*#?-$!":
        return at + 1
    digits = first.isdecimal()
    while at < len(text):
        char = text[at]
        if not (char.isdecimal() if digits else char.isalpha() or char.isdecimal() or char == "_"):
            break
        at += 1
    return at


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for what was no UTF-8, as Go's readers of single characters give it."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def skip_space(text: str, at: int, end: int) -> int:
    """The next character that is no white space, at most `end`."""
    if at < end and text[at] not in SPACE:
        return at
    found = _NOT_SPACE.search(text, at, end)
    return found.start() if found else end


def _shell(text: str, at: int, end: int, _escape: str) -> Rest:
    array = read_json(text, at, end)
    if array is not None:
        return Rest(array, json=True)
    return Rest(script=at if at < end else None)


def _healthcheck(text: str, at: int, end: int, escape: str) -> Rest:
    if at == end:
        return Rest()
    found = _FLAG_SPACE.search(text, at, end)
    stop = found.start() if found else end
    rest = _shell(text, skip_space(text, stop, end), end, escape)
    return Rest([(text[at:stop], at, stop), *rest.words], rest.json, rest.script)


def _list(text: str, at: int, end: int, _escape: str) -> Rest:
    array = read_json(text, at, end)
    return Rest(_split_blanks(text, at, end)) if array is None else Rest(array, json=True)


def _blanks(text: str, at: int, end: int, _escape: str) -> Rest:
    return Rest(_split_blanks(text, at, end))


def _assignments(text: str, at: int, end: int, escape: str) -> Rest:
    words = _split_quoted(text, at, end, escape)
    if words and "=" not in words[0][0]:
        return Rest([(text[at:end], at, end)], old=True)
    return Rest(words)


def _arguments(text: str, at: int, end: int, escape: str) -> Rest:
    return Rest(_split_quoted(text, at, end, escape))


def _string(text: str, at: int, end: int, _escape: str) -> Rest:
    return Rest([(text[at:end], at, end)] if at < end else ())


FORMS: dict[str, Callable[[str, int, int, str], Rest]] = {
    "ADD": _list,
    "ARG": _arguments,
    "CMD": _shell,
    "COPY": _list,
    "ENTRYPOINT": _shell,
    "ENV": _assignments,
    "EXPOSE": _blanks,
    "FROM": _blanks,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _assignments,
    "MAINTAINER": _string,
    "RUN": _shell,
    "SHELL": _shell,
    "STOPSIGNAL": _string,
    "USER": _string,
    "VOLUME": _list,
    "WORKDIR": _string,
}
"""How each instruction's text is cut: (text, where it begins, where it ends, escape)."""


def _split_blanks(text: str, at: int, end: int) -> list[Part]:
    """Words between blanks; quotes mean nothing here."""
    return [(m.group(), m.start(), m.end()) for m in _NOT_BLANK.finditer(text, at, end)]


def _split_quoted(text: str, at: int, end: int, escape: str) -> list[Part]:
    """Words that quotes and the escape character hold together; both stay."""
    words = [(m.group(), m.start(), m.end()) for m in _WORD[escape].finditer(text, at, end)]
    if words and words[-1][2] == end:
        word, start, _ = words[-1]
        if word[-1] == escape and _LONE[escape].fullmatch(word):  # which BuildKit drops
            words[-1:] = [(word[:-1], start, end - 1)] if len(word) > 1 else []
    return words


def read_json(text: str, at: int, end: int) -> list[Part] | None:
    """The strings of a JSON array with the places of their literals, or None when it is none.

    Raises ValueError for an array of anything but strings: BuildKit refuses that, while text that
    is no JSON at all is the shell form.
    """
    if not text.startswith("[", at):
        return None
    if _PLAIN_ARRAY.fullmatch(text, at, end):
        return [(m[0][1:-1], *m.span()) for m in _PLAIN_STRING.finditer(text, at, end)]
    parts: list[Part] = []
    strings = True
    try:
        at = _skip(_NOT_JSON_SPACE, text, at + 1)
        while True:
            value, stop = _JSON.raw_decode(text, at)
            strings = strings and isinstance(value, str)
            parts.append((value if isinstance(value, str) else "", at, stop))
            at = _skip(_NOT_JSON_SPACE, text, stop)
            if text.startswith("]", at):
                break
            if not text.startswith(",", at):
                return None
            at = _skip(_NOT_JSON_SPACE, text, at + 1)
    except (ValueError, RecursionError):
        return None
    if _skip(_NOT_JSON_SPACE, text, at + 1) < end:
        return None
    if not strings:
        raise ValueError("when using JSON array syntax, arrays must be comprised of strings only")
    return [(without_surrogates(value), start, stop) for value, start, stop in parts]


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.search(text, at)
    return found.start() if found else len(text)


def _unquote(word: str, escape: str) -> str:
    if "'" not in word and '"' not in word and escape not in word:
        return word
    return "".join(_unquoted(word, escape))


def _unquoted(word: str, escape: str) -> Iterator[str]:
    quote, at = "", 0
    while at < len(word):
        char = word[at]
        at += 1
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == escape:
            yield word[at : at + 1]
            at += 1
        else:
            yield char


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity are Python's, not JSON's


_LATIN_SPACE = ("\x85", "\xa0")
_HEAD = re.compile(f"[{SPACE}]*+([^\t\v\f\r ]*+)[\t\v\f\r ]*+")
_NOT_BLANK = re.compile(r"[^\t\v\f\r ]+")
_NOT_SPACE = re.compile(f"[^{SPACE}]")
_NOT_JSON_SPACE = re.compile(r"[^\t\n\r ]")
_FLAG_SPACE = re.compile("[\t\n\v\f\r \x85\xa0]")
_NOT_ASCII_SPACE = re.compile("[^\t\n\v\f\r ]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_STRING = re.compile(r'"[^"\\\x00-\x1f\ud800-\udfff]*+"')
_PLAIN_ARRAY = re.compile(
    r"\[[\t\n\r ]*+(?:S[\t\n\r ]*+(?:,[\t\n\r ]*+S[\t\n\r ]*+)*+)?+\]".replace(
        "S", _PLAIN_STRING.pattern
    )
)
_JSON = json.JSONDecoder(parse_constant=_refuse, parse_int=len, parse_float=len)

# Possessive throughout: nothing here can backtrack. `E` stands for the escape character.
_FLAG_WORD = r"""(?:[^S'"E]++|E.|'(?:[^'E]++|E.)*+'?|"(?:[^"E]++|E.)*+"?|E)*+"""
_QUOTED_WORD = r"""(?:[^S'"E]++|E.|'[^']*+'?|"(?:[^"E]++|E.)*+(?:"|E\Z)?|E)++"""
_LONE_ESCAPE = r"""(?:[^'"E]++|E.|'[^']*+'|"(?:[^"E]++|E.)*+")*+(?:"(?:[^"E]++|E.)*+)?+E"""


class _ByEscape(dict[str, re.Pattern[str]]):
    """A pattern for each escape character, compiled for the first file that has it."""

    def __init__(self, pattern: str, space: str) -> None:
        super().__init__()
        self._pattern = pattern.replace("S", space)

    def __missing__(self, escape: str) -> re.Pattern[str]:
        found = re.compile(self._pattern.replace("E", re.escape(escape)), re.DOTALL)
        self[escape] = found
        return found


_FLAG = _ByEscape(_FLAG_WORD, "\t\n\v\f\r \x85\xa0")
_WORD = _ByEscape(_QUOTED_WORD, SPACE)
_LONE = _ByEscape(_LONE_ESCAPE, SPACE)
