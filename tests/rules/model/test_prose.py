import pytest

from rules.model.prose import code, parts
from tests.rules.model.pace import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("plain", [("plain", False)]),
        ("a `b` c", [("a ", False), ("b", True), (" c", False)]),
        ("``a ` b``", [("a ` b", True)]),
        ("a ` b `` c", [("a ", False), ("`", False), (" b ", False), ("``", False), (" c", False)]),
    ],
)
def test_prose_falls_into_pieces(text, expected):
    assert parts(text) == expected


@pytest.mark.parametrize("text", ["x", "`", "a `b` ``c", "a`", "`a"])
def test_what_was_put_into_a_code_span_comes_out_of_it(text):
    assert parts(f"See {code(text)}.") == [("See ", False), (text, True), (".", False)]


def test_runs_of_backticks_that_never_close_take_no_time():
    text = "".join("`" * n + "a" for n in range(1, 1000))
    assert seconds(lambda: parts(text), 0.5) <= 0.5
