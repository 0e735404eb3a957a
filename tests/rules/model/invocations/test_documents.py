import time

import pytest

from rules.model.invocations.documents import BeyondError, fill, read_json, read_yaml


def test_values_stay_the_text_that_they_are():
    assert read_yaml("on: [1.20, yes, 0x1, '', ~, null, 'null']\n? [a]\n: b\n--- x") == [
        {"on": ["1.20", "yes", "0x1", "", None, None, "null"], "": "b"},
        "x",
    ]


def test_merges_keep_what_is_there():
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {y: 0, <<: [*a, *b]}\nd: {<<: *a, x: 9}"
    (found,) = read_yaml(text)
    assert found["c"] == {"y": "0", "x": "1", "z": "4"}
    assert found["d"] == {"x": "9", "y": "2"}


def test_tags_of_others_are_passed_over():
    assert read_yaml("a: !reference [b, c]\nd: !!python/object:os.system {}") == [
        {"a": ["b", "c"], "d": {}}
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 200, "{a: " * 50_000, "- " * 100_000, "a" * 300_000,
        "x0: &x0 {a: 1}\n" + "".join(f"x{i}: &x{i} {{{', '.join(f'k{i}{j}: 1' for j in range(9))},"
                                     f" <<: [{', '.join([f'*x{i - 1}'] * 90)}]}}\n" for i in range(1, 90)),
    ],
    ids=range(5),
)  # fmt: skip
def test_yaml_beyond_the_bounds_is_not_read_and_soon(text):
    start = time.process_time()
    with pytest.raises(BeyondError):
        read_yaml(text)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("text", ["a: [", "a: *nothing", "&a [*a]", "a: b: c", "\x00"])
def test_yaml_that_is_not_well_formed_is_nothing(text):
    assert read_yaml(text) == []


def test_json_may_have_comments_and_commas():
    text = '{ // no\n "a//b": [1, "/*", ], /* c " */ "x\\"": {"y": 2,}, }'
    assert read_json(text) == {"a//b": [1, "/*"], 'x"': {"y": 2}}


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "/*" * 50_000, '"' + '\\"' * 50_000, ""])
def test_hostile_json_is_nothing_and_soon(text):
    start = time.process_time()
    assert read_json(text) is None
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a/$X/${X}", "a/1/1"), ("${Y:-b}", "b"), ("${Y-b}", "b"), ("${X:-b}", "1"), ("$$X", "$X"),
        ("$Y", None), ("${Y}", None), ("${Y:?no}", None), ("${Y:-${X}}", None), ("a", "a"),
    ],
)  # fmt: skip
def test_variables_are_filled_in_or_unknown(text, filled):
    assert fill(text, {"X": "1"}.get) == filled
