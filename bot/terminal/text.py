"""Text for a terminal of 80 columns, in which text of files cannot command it."""

import re

from rules.model.prose import visible

WIDTH = 80


def wrap(text: str, indent: str = "  ") -> list[str]:
    """Prose as lines; a code span stays whole where it fits, since people copy it."""
    import textwrap  # noqa: PLC0415  # of a clean file nothing is told that must be wrapped

    longest = WIDTH - len(indent)
    whole = re.sub(
        rf"`[^`]{{1,{longest - 2}}}`", lambda span: span[0].replace(" ", "\0"), visible(text)
    )
    wrapped = textwrap.wrap(
        whole, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    return [line.replace("\0", " ") for line in wrapped]


def line_of(text: str) -> str:
    """A line of a file as it stands there."""
    return visible(text.rstrip("\r\n")).replace("\t", "    ")


def flat(text: str) -> str:
    """Text of a file on one line."""
    return " ".join(visible(text).split())


def cut(text: str, room: int) -> str:
    """As much of a text as fits into so many columns."""
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"
