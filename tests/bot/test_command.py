import pytest

from bot.command import Command, read_command


@pytest.mark.parametrize(("body", "command"), [
    ("/layerwise review", Command("review")),
    ("  /Layerwise   FIX  ", Command("fix")),
    ("/layerwise: fix, please", Command("fix")),
    ("Thanks!\n\n/layerwise ignore `setup-after-source`.\n", Command("ignore", "setup-after-source")),
    ("/layerwise\r\n", Command("")),
    ("/layerwise dance", Command("")),
    ("/layerwise help\n/layerwise fix", Command("help")),
    ("```\n/layerwise fix\n```\n/layerwise review", Command("review")),
    ("Try /layerwise fix", None),
    ("> /layerwise fix", None),
    ("/layerwiser fix", None),
    ("~~~\n/layerwise fix", None),
    ("", None),
])  # fmt: skip
def test_a_command_is_the_first_line_that_begins_with_our_name(body, command):
    assert read_command(body) == command


def test_a_hostile_comment_is_read_in_no_time():
    assert read_command("/layer" * 10_000 + "\n" * 60_000) is None
