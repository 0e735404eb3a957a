import time

import pytest

from rules.model.prose import code, parts


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
    began = time.process_time()
    parts("".join("`" * (n % 300 + 1) + "a" for n in range(20_000)))
    assert time.process_time() - began < 2
