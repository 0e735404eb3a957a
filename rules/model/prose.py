"""Text from files inside our own sentences."""

import re


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


def visible(text: str) -> str:
    """The text without what a reader cannot see or what turns its direction around."""
    return "".join(c for c in text if c in "\n\t\r" or (c.isprintable() and c not in _INVISIBLE))


def longest_run(text: str) -> int:
    """How many backticks stand in a row at most."""
    return max((len(run) for run in re.findall("`+", text)), default=0)


_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters to Unicode, blanks to the eye
