"""The picture in the README: a review as GitHub shows it, and its layers before and after.

`python -m bot.pages.picture FILE` draws it of a real review; a test holds the one in .github equal.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from bot import comment
from bot.pages import render
from bot.pages.trial import EXAMPLES, Trial, try_out
from bot.terminal.text import cut
from rules.model.prose import amount, parts

WIDTH, MARGIN = 840, 16
PROSE, CODE = 6.6, 7.25
"""How wide a character is at most, on average: letters of 14 and of 12 pixels."""
LINE, STEP = 21, 34


@dataclass(frozen=True, slots=True)
class Placed:
    """Something at a height, in pixels from the top."""

    y: int
    content: object


def draw() -> str:
    """The picture as SVG."""
    trial = try_out(EXAMPLES["Python"])
    said, sides = trial.comments[0]
    y = 84
    words: list[Placed] = []
    for finding in said.findings:
        for line in _wrapped(comment.fact(finding), WIDTH - 4 * MARGIN):
            words.append(Placed(y, line))
            y += LINE
        y += 9
    label = y
    code: list[Placed] = []
    y += 14
    for side in sides:
        code.append(Placed(y, side))
        y += LINE
    end = y + 56
    return render(
        "picture.svg",
        width=WIDTH,
        margin=MARGIN,
        said=said,
        words=words,
        label=label,
        code=code,
        card=end,
        edit=trial.edit,
        columns=_columns(trial, end + 66),
        height=end + 66 + STEP * max(len(trial.before), len(trial.after)) + MARGIN,
        line=LINE,
        step=STEP,
        cut=lambda text, pixels: cut(text, int(pixels / CODE)),
    )


def _columns(trial: Trial, top: int) -> list[tuple[int, str, list[Placed]]]:
    """Both stacks of steps: where each begins, its heading, its blocks."""
    half = (WIDTH - MARGIN) // 2
    found = []
    for x, name, blocks in (
        (0, "Now", trial.before),
        (half + MARGIN, "With the change", trial.after),
    ):
        count = sum(block.reruns for block in blocks)
        heading = f"{name}: {amount(count, 'step')} re-run{'s' * (count == 1)}"
        found.append((x, heading, [Placed(top + STEP * n, b) for n, b in enumerate(blocks)]))
    return found


def _wrapped(text: str, room: int) -> list[list[tuple[str, bool]]]:
    """Prose as lines of pieces, some of them code; what fits is estimated."""
    lines: list[list[tuple[str, bool]]] = [[]]
    at = 0.0
    for piece, is_code in parts(text):
        for word in [piece] if is_code else piece.replace(" ", " \n").split("\n"):
            wide = len(word) * (CODE if is_code else PROSE)
            if at + wide > room and lines[-1]:
                lines.append([])
                at = 0.0
            if word.strip() or lines[-1]:
                lines[-1].append((word, is_code))
                at += wide
    return lines


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(), encoding="utf-8")
