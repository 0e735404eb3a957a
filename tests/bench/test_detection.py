"""The scoring of the detection bench, and that its labels hold together."""

from collections.abc import Iterable

import pytest

from rules import BY_NAME
from tests.bench.detection import (
    KINDS,
    LABELS,
    RULES,
    Count,
    File,
    read_labels,
    rules_in,
    score,
    total,
)

ONE, OTHER = File("a/b", "Dockerfile", "0" * 40), File("a/c", "Dockerfile", "1" * 40)
MEANINGS = {"early": ("copy", "setup"), "mount": ("mount",), "mount too": ("mount",)}


@pytest.mark.parametrize(
    ("labelled", "spoke", "expected"),
    [
        (["copy"], ["early"], {"copy": Count(found=1)}),
        (["setup"], ["early"], {"setup": Count(found=1)}),
        (["copy", "setup"], ["early"], {"copy": Count(found=1), "setup": Count(found=1)}),
        ([], ["early"], {"copy": Count(false=1)}),
        (["mount"], [], {"mount": Count(missed=1)}),
        (["mount"], ["mount", "mount too"], {"mount": Count(found=1)}),
        ([], ["mount", "mount too"], {"mount": Count(false=1)}),
        (["mount"], ["of another kind"], {"mount": Count(missed=1)}),
        ([], [], {}),
    ],
)
def test_a_decision_is_a_kind_of_fault_in_a_file(
    labelled: Iterable[str], spoke: Iterable[str], expected: dict[str, Count]
) -> None:
    """What a rule means is found where it is labelled, and false once where nothing of it is."""
    assert score({ONE: set(labelled)}, {ONE: spoke}, MEANINGS) == expected


def test_a_file_that_a_tool_has_not_looked_at_does_not_count() -> None:
    """Neither its labels nor its silence do."""
    labels = {ONE: {"mount"}, OTHER: {"mount"}}
    assert score(labels, {ONE: ["mount"]}, MEANINGS) == {"mount": Count(found=1)}


def test_shares_of_nothing_are_not_told() -> None:
    """Precision needs something said, recall something labelled."""
    assert Count(missed=2).precision is None
    assert Count(false=2).recall is None
    assert total([Count(found=1, false=1), Count(found=2, missed=1)]).precision == pytest.approx(
        3 / 4
    )
    assert total([Count(found=1), Count(missed=3)]).recall == pytest.approx(1 / 4)


def test_rules_are_found_wherever_an_answer_names_them() -> None:
    """hadolint gives a list, tally and docker-opt nest it."""
    assert list(rules_in([{"code": "DL3009", "line": 1}])) == ["DL3009"]
    assert list(rules_in({"files": [{"violations": [{"rule": "tally/x"}]}]})) == ["tally/x"]


def test_labels_are_of_known_kinds_and_of_at_most_two_files_a_repository() -> None:
    """A file without a fault has a row of its own, and no other."""
    labels = read_labels(LABELS.read_text(encoding="utf-8"))
    assert len(labels) >= 120
    repositories = [file.repository for file in labels]
    assert max(map(repositories.count, repositories)) <= 2
    assert set().union(*labels.values()) <= set(KINDS)
    assert set(KINDS) <= set(BY_NAME)


def test_what_peers_say_is_mapped_to_kinds_that_are_labelled() -> None:
    """A slip in the table would make a peer's finding vanish."""
    for meanings in RULES.values():
        assert {kind for kinds in meanings.values() for kind in kinds} <= set(KINDS)
