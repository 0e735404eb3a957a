r"""The patterns of `${X#pattern}` and `${X/pattern/text}`: `*`, `?` and `\`, in linear time.

BuildKit turns them into Go's regular expressions, which cannot backtrack; Python's can, so the
places a match can end are followed as the bits of a number, all at once.
"""

from functools import lru_cache

LONGEST_PATTERN = 30
LONGEST_VALUE = 100
"""Beyond these a result is unknown: real ones are paths and versions."""

_ANY = "?"
_STAR = "*"
Token = tuple[str, bool]
"""A character, and whether it is a wildcard."""


@lru_cache(maxsize=1024)
def trim_prefix(pattern: str, value: str | None, *, greedy: bool) -> str | None:
    """The value without the shortest (`greedy`: longest) start that the pattern matches.

    None is unknown, as a value and as a result. A malformed pattern raises ValueError.
    """
    tokens = _tokens(pattern)
    if value is None or _too_large(pattern, value):
        return None
    return value[max(_end(tokens, value, 0, greedy=greedy), 0) :]


@lru_cache(maxsize=1024)
def trim_suffix(pattern: str, value: str | None, *, greedy: bool) -> str | None:
    """The value without the shortest (`greedy`: longest) end that the pattern matches."""
    tokens = _tokens(pattern)
    if value is None or _too_large(pattern, value):
        return None
    end = max(_end(tokens[::-1], value[::-1], 0, greedy=greedy), 0)
    return value[: len(value) - end]


@lru_cache(maxsize=1024)
def replace(pattern: str, value: str | None, replacement: str | None, *, every: bool) -> str | None:
    """The value with the first (`every`: each) match of the pattern replaced."""
    tokens = _tokens(pattern)
    if value is None or replacement is None or _too_large(pattern, value):
        return None
    if every and "$" in replacement:  # Go expands groups in it
        return None
    starts = _starts(tokens, value)
    fixed = all(char != _STAR or not wild for char, wild in tokens)
    parts: list[str] = []
    searched = last = 0
    while (start := starts.find("1", searched)) >= 0:
        end = start + len(tokens) if fixed else _end(tokens, value, start, greedy=True)
        parts.append(value[last:start])
        if end > last or start == 0:  # no empty match right behind another match
            parts.append(replacement)
        last = end
        searched = end if end > searched else searched + 1
        if not every:
            break
    return "".join([*parts, value[last:]])


def _too_large(pattern: str, value: str) -> bool:
    return len(pattern) > LONGEST_PATTERN or len(value) > LONGEST_VALUE or "\n" in value


def _tokens(pattern: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "\\":
            char = pattern[at : at + 1]
            if not char or char not in "}/*?\\":
                raise ValueError(f"invalid escape '\\{char}'")
            at += 1
            tokens.append((char, False))
        else:
            tokens.append((char, char in (_ANY, _STAR)))
    return tuple(tokens)


def _end(tokens: tuple[Token, ...], text: str, start: int, *, greedy: bool) -> int:
    """Where the shortest or longest match from the place `start` ends; -1 for none."""
    ends = _ends(tokens, text, 1 << start)
    return ends.bit_length() - 1 if greedy else _lowest(ends)


def _starts(tokens: tuple[Token, ...], text: str) -> str:
    """A 1 for each place where a match begins, else a 0.

    They are the ends of the matches in the mirror image; a number's first digit is its last bit.
    """
    places = len(text) + 1
    return f"{_ends(tokens[::-1], text[::-1], (1 << places) - 1):0{places}b}"


def _ends(tokens: tuple[Token, ...], text: str, places: int) -> int:
    """The ends of all matches that start at one of the places; bit n stands for place n."""
    everywhere = (2 << len(text)) - 1
    for char, wild in tokens:
        if not wild:
            places = (places & _places_of(char, text)) << 1
        elif char == _ANY:
            places = (places << 1) & everywhere
        else:
            places = everywhere & -(places & -places)
    return places


@lru_cache(maxsize=1024)
def _places_of(char: str, text: str) -> int:
    found, at = 0, text.find(char)
    while at >= 0:
        found |= 1 << at
        at = text.find(char, at + 1)
    return found


def _lowest(places: int) -> int:
    return (places & -places).bit_length() - 1
