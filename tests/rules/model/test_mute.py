import pytest

from rules.model.dockerfile import Span
from rules.model.mute import muted_rules, mutes_file

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
