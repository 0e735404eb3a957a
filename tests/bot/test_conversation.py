from dataclasses import replace

import pytest

from bot import comment
from bot.conversation import Cleanup, Conversation, Posted, Thread, clean_up

A, B = "a" * 16, "b" * 16
OURS = Thread("T", "Dockerfile", "C", 5, frozenset({A}))


def review(*fingerprints: str, hidden: bool = False) -> Posted:
    return Posted(5, "R", f"Words.\n\n<!-- layerwise:v1 fp={','.join(fingerprints)} -->", hidden)


@pytest.mark.parametrize(("change", "may_resolve", "delete", "hide", "resolve"), [
    ({}, False, ("C",), ("R",), ()),
    ({}, True, ("C",), ("R",), ()),
    ({"answered": True}, False, (), ("C",), ()),
    ({"answered": True}, True, (), (), ("T",)),
    ({"resolved": True}, True, (), (), ()),
    ({"resolved": True, "answered": True}, True, (), (), ()),
    ({"answered": True, "hidden": True}, False, (), (), ()),
    ({"fingerprints": frozenset({A, B})}, True, (), (), ()),  # a part of it still holds
    ({"fingerprints": frozenset()}, True, (), (), ()),  # somebody edited it
    ({"path": "other/Dockerfile"}, True, (), (), ()),  # which could not be read
])  # fmt: skip
def test_what_becomes_of_a_comment_whose_finding_is_gone(
    change, may_resolve, delete, hide, resolve
):
    conversation = Conversation((replace(OURS, **change),), (review(A),))
    found = clean_up(conversation, [B], ["other/Dockerfile"], may_resolve=may_resolve)
    assert (found.delete, found.hide, found.resolve) == (delete, hide, resolve)


def test_a_comment_whose_finding_stands_is_left_alone():
    assert clean_up(Conversation((OURS,), (review(A),)), [A]) == Cleanup()


def test_the_review_forgets_what_we_take_back_and_remembers_what_a_person_deleted():
    found = clean_up(Conversation((OURS,), (review(A, B),)), [])
    ((number, body),) = found.reword
    assert number == "R"
    assert comment.fingerprints(body) == {B}
    later = Conversation((), (replace(review(B), hidden=True),))
    assert later.said == {B}
    assert clean_up(later, []) == Cleanup()


def test_said_is_what_stands_and_what_a_person_deleted():
    assert Conversation((OURS,), (review(A, B),)).said == {A, B}
    assert Conversation((OURS, replace(OURS, fingerprints=frozenset({B}), outdated=True))).visible == {A}  # fmt: skip
