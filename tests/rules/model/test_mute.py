import pytest

from rules.model.dockerfile import Span
from rules.model.mute import misspelt, muted_rules, mutes, mutes_file

TEXT = """\
# layerwise: ignore=copy-source-before-install, setup-after-source
# another comment
COPY . .
RUN a

# layerwise:ignore=missing-cache-mount
RUN b \\
    # layerwise: ignore=other
    && c
"""


@pytest.mark.parametrize(
    ("span", "rules"),
    [
        (Span(3, 3), {"copy-source-before-install", "setup-after-source"}),
        (Span(4, 4), set()),
        (Span(7, 9), {"missing-cache-mount", "other"}),
        (Span(3, 4), {"copy-source-before-install", "setup-after-source"}),
        (Span(4, 7), {"missing-cache-mount"}),
    ],
)
def test_a_comment_mutes_what_stands_below_it(span, rules):
    assert muted_rules(TEXT, span) == rules


@pytest.mark.parametrize(
    ("text", "muted"),
    [
        ("# layerwise: ignore-file\nFROM a\n", True),
        ("# syntax=docker/dockerfile:1\n\n#layerwise:ignore-file\nFROM a\n", True),
        ("FROM a\n# layerwise: ignore-file\n", False),
        ("# layerwise: ignore-files\nFROM a\n", False),
        ("", False),
    ],
)
def test_a_whole_file_is_muted_at_its_top_only(text, muted):
    assert mutes_file(text) is muted


def test_every_rule_that_a_comment_names_is_told_with_its_line():
    named = [(mute.line, mute.until, mute.rule) for mute in mutes(TEXT)]
    assert named == [
        (1, 3, "copy-source-before-install"),
        (1, 3, "setup-after-source"),
        (6, 7, "missing-cache-mount"),
        (8, 9, "other"),
    ]
    assert [m.rule for m in mutes("# layerwise: ignore=a,,a, b,")] == ["a", "b"]


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("# layerwise: ignore=a", False),
        ("#layerwise :ignore=a", True),
        ("# layerwise ignore=a", True),
        ("# layerwise: ignore-line", True),
        ("# layerwise: ignore-file", True),
        ("# layerwise: ignored a", True),
        ("# layerwise: this order is meant", False),
        ("# layerwise says so", False),
        ("RUN layerwise: ignore", False),
    ],
)
def test_a_comment_that_is_meant_for_us_and_not_understood_is_told(comment, told):
    lines = [found.line for found in misspelt("Dockerfile", f"FROM a\n{comment}\n")]
    assert lines == ([2] if told else [])


def test_a_file_that_is_muted_at_its_top_is_not_misspelt():
    assert not [*misspelt("Dockerfile", "# layerwise: ignore-file\nFROM a\n")]
