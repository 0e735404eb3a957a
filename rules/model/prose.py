"""Text from files inside our own sentences."""

import re
from collections.abc import Sequence

MOST_LISTED = 5


def code(text: str) -> str:
    """A Markdown code span that `text` cannot leave, on one line.

    Inside it nothing mentions, links, closes an issue or forges a comment
    (https://github.github.com/gfm/#code-spans).
    """
    flat = " ".join(visible(text).split())
    if not flat:
        return "``` ```"
    ticks = "`" * (longest_run(flat) + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{pad}{flat}{pad}{ticks}"


def parts(text: str) -> list[tuple[str, bool]]:
    """Our own prose in pieces, and whether each is code: what stands between equal backticks."""
    pieces = re.split("(`+)", text)  # text and runs of backticks in turn
    closing: dict[int, int] = {}
    later: dict[str, int] = {}
    for place in range(len(pieces) - 2, 0, -2):
        closing[place] = later.get(pieces[place], 0)
        later[pieces[place]] = place
    found: list[tuple[str, bool]] = []
    place = 0
    while place < len(pieces):
        if end := closing.get(place):
            found.append(("".join(pieces[place + 1 : end]).strip(), True))
            place = end + 1
        else:
            found.append((pieces[place], False))
            place += 1
    return [piece for piece in found if piece[0]]


def listed(words: Sequence[str]) -> str:
    """Words as code, the way one says them: `a`, `b` and `c`; long lists are cut short."""
    quoted = [code(word) for word in words[:MOST_LISTED]]
    if len(words) > MOST_LISTED:
        quoted[-1] = f"{len(words) - MOST_LISTED + 1} more"
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def amount(number: int, noun: str) -> str:
    """A number of things: `1 step`, `1,234 steps`, `2 fixes`."""
    ending = "" if number == 1 else "es" if noun.endswith("x") else "s"
    return f"{number:,} {noun}{ending}"


def visible(text: str) -> str:
    """The text without what a reader cannot see or what turns its direction around."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in "\n\t\r" or (c.isprintable() and c not in _INVISIBLE))


def longest_run(text: str) -> int:
    """How many backticks stand in a row at most."""
    if "`" not in text:
        return 0
    return max((len(run) for run in re.findall("`+", text)), default=0)


_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters to Unicode, blanks to the eye
