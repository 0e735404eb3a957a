import pytest

from bot.peace import IN_A_ROW, notes
from tests.rules.tools import build

APART = "FROM debian:12\nRUN a\nCOPY . .\nRUN b\n"
TOGETHER = "FROM debian:12\nRUN a\nRUN b\nCOPY . .\n"
MOUNTED = "FROM debian:12\nRUN --mount=type=cache,target=/c a\nRUN b\nCOPY . .\n"
HADOLINT = {".hadolint.yaml": "failure-threshold: warning\n"}


@pytest.mark.parametrize(("files", "after", "said"), [
    (HADOLINT, TOGETHER, (IN_A_ROW,)),
    ({".hadolint.yml": ""}, TOGETHER, (IN_A_ROW,)),
    (HADOLINT, MOUNTED, ()),
    (HADOLINT, APART, ()),
    ({}, TOGETHER, ()),
    ({".hadolint.yaml": "ignored: [DL3059]\n"}, TOGETHER, ()),
])  # fmt: skip
def test_runs_that_come_to_stand_in_a_row_are_announced_where_hadolint_is_in_use(
    files, after, said
):
    before = build({**files, "Dockerfile": APART})
    assert notes(before, before.with_text(after)) == said


def test_a_comment_for_hadolint_shows_that_it_is_in_use():
    before = build({"Dockerfile": f"# hadolint global ignore=DL3008\n{APART}"})
    assert notes(before, before.with_text(TOGETHER)) == (IN_A_ROW,)
    told_off = build({"Dockerfile": f"# hadolint global ignore=DL3059\n{APART}"})
    assert notes(told_off, told_off.with_text(TOGETHER)) == ()
