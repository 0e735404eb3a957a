import time

import pytest

from rules.model.wildcard import LONGEST_PATTERN, LONGEST_VALUE, replace, trim_prefix, trim_suffix

VALUE = "a.b.tar.gz"


@pytest.mark.parametrize(
    ("pattern", "shortest", "longest"),
    [
        ("*.", "b.tar.gz", "gz"),
        ("a", ".b.tar.gz", ".b.tar.gz"),
        ("?.?", ".tar.gz", ".tar.gz"),
        ("*", VALUE, ""),
        ("", VALUE, VALUE),
        ("b", VALUE, VALUE),
        ("*x", VALUE, VALUE),
        ("a.*.?a", "r.gz", "r.gz"),
        ("\\*", VALUE, VALUE),
        ("[a]", VALUE, VALUE),
    ],
)
def test_a_start_is_cut_off(pattern: str, shortest: str, longest: str):
    assert trim_prefix(pattern, VALUE, greedy=False) == shortest
    assert trim_prefix(pattern, VALUE, greedy=True) == longest


@pytest.mark.parametrize(
    ("pattern", "shortest", "longest"),
    [
        (".*", "a.b.tar", "a"),
        ("gz", "a.b.tar.", "a.b.tar."),
        ("r.??", "a.b.ta", "a.b.ta"),
        ("*", VALUE, ""),
        ("x", VALUE, VALUE),
        (".t*z", "a.b", "a.b"),
    ],
)
def test_an_end_is_cut_off(pattern: str, shortest: str, longest: str):
    assert trim_suffix(pattern, VALUE, greedy=False) == shortest
    assert trim_suffix(pattern, VALUE, greedy=True) == longest


@pytest.mark.parametrize(
    ("pattern", "value", "first", "every"),
    [
        ("a", "banana", "b-nana", "b-n-n-"),
        ("an", "banana", "b-ana", "b--a"),
        ("a*a", "banana", "b-", "b-"),
        ("?", "ab", "-b", "--"),
        ("*", "ab", "-", "-"),
        ("", "ab", "-ab", "-a-b-"),
        ("b*", "abba", "a-", "a-"),
        ("x", "ab", "ab", "ab"),
        ("\\*", "a*b", "a-b", "a-b"),
        ("\\/", "a/b", "a-b", "a-b"),
        ("\\?", "a?b", "a-b", "a-b"),
        ("\\\\", "a\\b", "a-b", "a-b"),
    ],
)
def test_a_match_is_replaced(pattern: str, value: str, first: str, every: str):
    assert replace(pattern, value, "-", every=False) == first
    assert replace(pattern, value, "-", every=True) == every


@pytest.mark.parametrize("pattern", ["\\a", "\\", "a\\"])
def test_a_malformed_pattern_is_an_error_of_any_value(pattern: str):
    for value in ("a", None):
        with pytest.raises(ValueError, match="invalid escape"):
            trim_prefix(pattern, value, greedy=False)
        with pytest.raises(ValueError, match="invalid escape"):
            replace(pattern, value, "", every=False)


def test_what_cannot_be_told_is_unknown():
    assert trim_prefix("a", None, greedy=True) is None
    assert trim_suffix("a", None, greedy=True) is None
    assert trim_suffix("a", "a\nb", greedy=True) is None
    assert trim_prefix("a" * (LONGEST_PATTERN + 1), "a", greedy=True) is None
    assert trim_prefix("a", "a" * (LONGEST_VALUE + 1), greedy=True) is None
    assert replace("a", None, "", every=False) is None
    assert replace("a", "a", None, every=False) is None
    assert replace("a", "a", "$1", every=True) is None
    assert replace("a", "a", "$1", every=False) == "$1"


def test_no_pattern_takes_long():
    started = time.process_time()
    value = "a" * LONGEST_VALUE
    for pattern in ("*a" * 15, "*a" * 14 + "b", "a*" * 15, "?*" * 15, "a" * 29 + "b", "a?"):
        for greedy in (False, True):
            trim_prefix(pattern, value, greedy=greedy)
            trim_suffix(pattern, value, greedy=greedy)
            replace(pattern, value, "b", every=greedy)
    assert time.process_time() - started < 0.2
