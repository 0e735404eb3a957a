import pytest

from rules.model.words import (
    FORMS,
    end_of_name,
    keyword_of,
    read_flags,
    read_json,
    skip_space,
    split_keyword,
)


@pytest.mark.parametrize(
    ("text", "keyword", "rest"),
    [
        ("RUN x", "RUN", "x"),
        ("RUN\t\v\f\r  x y ", "RUN", "x y "),
        ("RUN", "RUN", ""),
        ("RUN\xa0x y", "RUN\xa0x", "y"),
        ("", "", ""),
    ],
)
def test_a_keyword_ends_at_a_blank_of_five(text: str, keyword: str, rest: str):
    start, stop, after = split_keyword(text, 0)
    assert (text[start:stop], text[after:]) == (keyword, rest)


@pytest.mark.parametrize(
    ("word", "keyword"),
    [
        ("run", "RUN"),
        ("Wor\u212adir", "WORKDIR"),  # the Kelvin sign: a K to Go
        ("onbu\u0130ld", "ONBUILD"),
        ("onbu\u0131ld", "onbu\u0131ld"),  # a dotless i is no I to Go
        ("u\u017fer", "u\u017fer"),
    ],
)
def test_a_keyword_has_the_letter_case_of_go(word: str, keyword: str):
    assert keyword_of(word) == keyword


FLAGS = {
    "--a=b --c x": (["--a=b", "--c"], "x"),
    "x --a=b": ([], "x --a=b"),
    "-a x": ([], "-a x"),
    "--a=b": (["--a=b"], ""),
    "-- --a x": ([], " --a x"),
    "--a -- x": (["--a"], " x"),
    "--": ([], ""),
    "--a='b c' x": (["--a=b c"], "x"),
    '--a="b \\" c"d x': (['--a=b " cd'], "x"),
    "--a=b\\ c\\'d x": (["--a=b c'd"], "x"),
    "--a='b": (["--a=b"], ""),
    "--a=b\\": (["--a=b"], ""),
    "--a=b\xa0--c x": (["--a=b", "--c"], "x"),
    "--a=b\u2003c x": (["--a=b\u2003c"], "x"),
}


@pytest.mark.parametrize(("text", "found"), FLAGS.items(), ids=FLAGS)
def test_flags_stand_in_front_and_lose_their_quotes(text: str, found: tuple[list[str], str]):
    flags, at = read_flags(text, 0, len(text), "\\")
    assert ([flag for flag, _, _ in flags], text[at:].removeprefix(" ")) == (
        found[0],
        found[1].removeprefix(" "),
    )
    assert all(text[start:].startswith("--") and stop <= len(text) for _, start, stop in flags)


JSON = {
    '["a", "b c"]': ["a", "b c"],
    '[ "a" ,\t"b" ] ': ["a", "b"],
    "[]": [],
    "[ ]": [],
    r'["a\"b", "\u0041\n"]': ['a"b', "A\n"],
    r'["\ud800"]': ["\ufffd"],
    '["caf\udce9"]': ["caf\ufffd"],
    '["a"': None,
    '["a",]': None,
    '["a" "b"]': None,
    '["a"] x': None,
    r'["\n"] x': None,
    "['a']": None,
    '["a\tb"]': None,
    '{"a": 1}': None,
    "[NaN]": None,
    "[": None,
    "x": None,
    "": None,
    "[" * 100_000: None,
}


@pytest.mark.parametrize(("text", "found"), JSON.items(), ids=[text[:20] for text in JSON])
def test_json_is_a_whole_array_of_strings(text: str, found: list[str] | None):
    parts = read_json(text, 0, len(text.rstrip()))
    assert (parts if parts is None else [value for value, _, _ in parts]) == found
    for _, start, stop in parts or []:
        assert text[start] == text[stop - 1] == '"'


@pytest.mark.parametrize(
    "text", ["[1]", '["a", null]', '[["a"]]', "[" + "1" * 5000 + "]", '[{"a": []}]']
)
def test_json_of_other_things_is_refused(text: str):
    with pytest.raises(ValueError, match="comprised of strings only"):
        read_json(text, 0, len(text))


WORDS = {
    ("COPY", "a  b\tc"): ["a", "b", "c"],
    ("COPY", '"a b" c'): ['"a', 'b"', "c"],
    ("COPY", "a\xa0b c"): ["a\xa0b", "c"],
    ("COPY", '["a b", "c"]'): ["a b", "c"],
    ("COPY", '["a b" "c"]'): ['["a', 'b"', '"c"]'],
    ("FROM", '["a"] AS b'): ['["a"]', "AS", "b"],
    ("ENV", "a=b c='d e' f=\"g h\"i"): ["a=b", "c='d e'", 'f="g h"i'],
    ("ENV", 'a=b\\ c d=\\"e f=g'): ["a=b\\ c", 'd=\\"e', "f=g"],
    ("ENV", "a='b\\' c=d"): ["a='b\\'", "c=d"],
    ("ENV", 'a="b\\"c d" e=f'): ['a="b\\"c d"', "e=f"],
    ("ENV", "a=\u2003b=c"): ["a=", "b=c"],
    ("ENV", "a b c=d"): ["a b c=d"],
    ("ENV", '"a b" c=d'): ['"a b" c=d'],
    ("ENV", 'a="b c'): ['a="b c'],
    ("ENV", "a=b\\"): ["a=b"],
    ("ENV", 'a="b\\'): ['a="b'],
    ("ENV", "a='b\\"): ["a='b\\"],
    ("ENV", "a=b\\\\"): ["a=b\\\\"],
    ("ENV", "a=b \\"): ["a=b"],
    ("ENV", ""): [],
    ("ARG", "a b=1 c='d e'"): ["a", "b=1", "c='d e'"],
    ("USER", "a b 'c"): ["a b 'c"],
    ("USER", ""): [],
    ("HEALTHCHECK", "cmd x y"): ["cmd"],
    ("HEALTHCHECK", 'CMD ["x", "y"]'): ["CMD", "x", "y"],
    ("HEALTHCHECK", "NONE"): ["NONE"],
    ("HEALTHCHECK", ""): [],
    ("RUN", "x y"): [],
    ("CMD", '["x"]'): ["x"],
}


@pytest.mark.parametrize(("keyword", "text"), WORDS, ids=[" ".join(case) for case in WORDS])
def test_words_are_cut_as_the_instruction_cuts_them(keyword: str, text: str):
    rest = FORMS[keyword](text, 0, len(text), "\\")
    assert [word for word, _, _ in rest.words] == WORDS[keyword, text]


def test_a_script_is_what_is_no_json():
    assert FORMS["RUN"](" x", 1, 2, "\\").script == 1
    assert FORMS["RUN"]("", 0, 0, "\\").script is None
    assert FORMS["RUN"]('["x"]', 0, 5, "\\").script is None
    assert FORMS["HEALTHCHECK"]("CMD  x", 0, 6, "\\").script == 5


def test_a_backtick_escapes_where_the_file_says_so():
    rest = FORMS["ENV"]("a=b` c d=\\ e=f", 0, 14, "`")
    assert [word for word, _, _ in rest.words] == ["a=b` c", "d=\\", "e=f"]


def test_white_space_is_that_of_go():
    assert skip_space("\u3000\x85 x", 0, 4) == 3
    assert skip_space("x", 0, 1) == 0
    assert skip_space("  ", 0, 2) == 2
    assert skip_space("\x1cx", 0, 2) == 0


@pytest.mark.parametrize(
    ("text", "name"),
    [("a_1-b", "a_1"), ("12a", "12"), ("@a", "@"), ("é²", "é"), ("-", "-"), ("", ""), (".", "")],
)
def test_a_name_ends_where_buildkits_ends(text: str, name: str):
    assert text[: end_of_name(text, 0)] == name
