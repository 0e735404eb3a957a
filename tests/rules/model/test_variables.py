import time
from random import Random

import pytest
from e2b_dockerfile_utils import ShellLex
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.model.dockerfile import parse
from rules.model.variables import (
    DEEPEST,
    LONGEST,
    PERHAPS,
    UNKNOWN,
    Scope,
    Scopes,
    Value,
    expand,
    names,
    scopes,
)

KNOWN = {"A": "1", "B": "foo-bar.tar.gz", "E": "", "P": "/usr/bin:/bin"}


def find(name: str) -> Value | None:
    if name == "M":
        return PERHAPS
    if name == "S":
        return UNKNOWN
    if name == "BAD":
        return Value(error="bad")
    return Value(KNOWN[name]) if name in KNOWN else None


UNKNOWN_TEXT = "?"
WORDS = {
    "": "",
    "a": "a",
    "$A": "1",
    "${A}": "1",
    "$U": "",
    "x${A}y$A-$Ab": "x1y1-",
    "$": "$",
    "$-": "",
    "$1a": "a",
    "$$A": "A",
    "a$.": "a$.",
    "'$A'": "$A",
    "\"'$A'\"": "'1'",
    '"a\\"b\\$A\\\\\\c"': 'a"b$A\\\\c',
    "a\\ b\\$A": "a b$A",
    "a\\": "a",
    "${A:-x}": "1",
    "${E:-x}": "x",
    "${U:-x}": "x",
    "${E-x}": "",
    "${U-x}": "x",
    "${A:+x}": "x",
    "${E:+x}": "",
    "${U:+x}": "",
    "${E+x}": "x",
    "${U+x}": "",
    "${A?x}": "1",
    "${E?x}": "",
    "${U:-${E:-$A}}": "1",
    "${U:-'a b'\"c $A\"}": "a bc 1",
    "${U-a\\}b}": "a}b",
    "${B#*-}": "bar.tar.gz",
    "${B##*.}": "gz",
    "${B%.*}": "foo-bar.tar",
    "${B%%.*}": "foo-bar",
    "${B%.${U:-gz}}": "foo-bar.tar",
    '${B%"r.gz"}': "foo-bar.ta",
    "${U#x}": "",
    '${A#"\\*$U"}': "1",
    "${P/bin/lib}": "/usr/lib:/bin",
    "${P//bin/lib}": "/usr/lib:/lib",
    "${P//\\//:}": ":usr:bin::bin",
    "${P/:/\\}}": "/usr/bin\\}/bin",
    "\ufeffa$A": "a1",
    "caf\udce9$A": "caf\ufffd1",
    # What the base image or the build may give stays unknown …
    "$M": UNKNOWN_TEXT,
    "a${M}b": UNKNOWN_TEXT,
    '"$M"': UNKNOWN_TEXT,
    "${M:-x}": UNKNOWN_TEXT,
    "${M-x}": UNKNOWN_TEXT,
    "${M:+x}": UNKNOWN_TEXT,
    "${M+x}": UNKNOWN_TEXT,
    "${M?x}": UNKNOWN_TEXT,
    "${M#x}": UNKNOWN_TEXT,
    "${M/x/y}": UNKNOWN_TEXT,
    "${A#$M}": UNKNOWN_TEXT,
    "${A/$M/x}": UNKNOWN_TEXT,
    "${A/1/$M}": UNKNOWN_TEXT,
    "${U:-$M}": UNKNOWN_TEXT,
    "${S:-x}": UNKNOWN_TEXT,
    "${S:+x}": UNKNOWN_TEXT,
    "${S-x}": UNKNOWN_TEXT,
    # … unless it makes no difference.
    "${A:-$M}": "1",
    "${S+x}": "x",
    "${S?x}": UNKNOWN_TEXT,
    "${M:+}": "",
}


@pytest.mark.parametrize(("word", "text"), WORDS.items(), ids=WORDS)
def test_a_word_comes_to_what_buildkit_makes_of_it(word: str, text: str):
    assert expand(word, find) == (UNKNOWN if text == UNKNOWN_TEXT else Value(text))


WRONG = {
    "'a": "unexpected end of statement while looking for matching single-quote",
    '"a': "unexpected end of statement while looking for matching double-quote",
    '"a\\': "unexpected end of statement while looking for matching double-quote",
    "${": "bad substitution",
    "${}": "bad substitution",
    "${{A}": "bad substitution",
    "${:A}": "bad substitution",
    "${A": "unsupported modifier () in substitution",
    "${A^^}": "unsupported modifier (^) in substitution",
    "${A:=x}": "unsupported modifier (:=) in substitution",
    "${A:0:1}": "unsupported modifier (:0) in substitution",
    "${A:#x}": "unsupported modifier (:#) in substitution",
    "${A:%x}": "unsupported modifier (:%) in substitution",
    "${A:": "unexpected end of statement while looking for matching }",
    "${A:-x": "unexpected end of statement while looking for matching }",
    "${A/x}": "unexpected end of statement while looking for matching /",
    "${U?}": "U: is not allowed to be unset",
    "${U?no $A}": "U: no 1",
    "${E:?}": "E: is not allowed to be unset",
    "${A:-${U?}}": "U: is not allowed to be unset",
    "${M:-${U?}}": "U: is not allowed to be unset",
    "${A#\\a}": "invalid pattern (\\a) in substitution: invalid escape '\\a'",
    "${M#\\a}": "invalid pattern (\\a) in substitution: invalid escape '\\a'",
    "${A/\\a/b}": "invalid pattern (\\a) in substitution: invalid escape '\\a'",
    "$M$BAD": "bad",
}


@pytest.mark.parametrize(("word", "error"), WRONG.items(), ids=WRONG)
def test_what_fails_the_build_is_an_error_even_beside_the_unknown(word: str, error: str):
    value = expand(word, find)
    assert value == Value(error=error)
    assert not value.known


def test_the_escape_character_is_the_files():
    assert expand("c:\\a`$A", find, "`") == Value("c:\\a$A")
    assert expand("c:\\$A", find, "`") == Value("c:\\1")


def test_heredoc_bodies_keep_their_quotes():
    assert expand("'$A' \"b\" \\$A\n", find, quotes=False) == Value("'1' \"b\" $A\n")
    assert expand("'a'\n", find, quotes=False) == Value("'a'\n")


def test_nesting_and_growth_have_bounds():
    assert expand("${U:-" * DEEPEST + "x" + "}" * DEEPEST, find) == Value("x")
    assert expand("${U:-" * 2_000 + "x" + "}" * 2_000, find) == UNKNOWN
    long = Value("x" * LONGEST)
    assert expand("$X", lambda _: long) == long
    assert expand("$X$X", lambda _: long) == UNKNOWN


def test_names_of_a_word():
    assert names("a${B:-$C}'$D'\\$E$F") == {"B", "C", "F"}
    assert names("a`$B$C", "`") == {"C"}
    assert names("a") == set()


TOKENS = [
    *"$ { } : - + ? # % / * . a b X 1 0 @ _ = \\ ` \" ' < é".split(),
    *"$A ${A} ${B ${E ${U ${P :- :+ // %% ## \\* \\} \\/ ${B%-*} ${B##*.} ${P//:/-}".split(),
    " ",
    "${U:-${A}}",
    '${E:-"q $A"}',
]


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.sampled_from("\\`"))
def test_random_words_come_to_what_a_port_of_buildkits_lexer_makes_of_them(seed: int, escape: str):
    choose = Random(seed)
    word = "".join(choose.choice(TOKENS) for _ in range(choose.choice([1, 2, 3, 5, 8, 12])))
    value = expand(word, lambda name: Value(KNOWN[name]) if name in KNOWN else None, escape)
    try:
        theirs = ShellLex(escape, env=KNOWN, skip_unset_env=False).process_word(word)
    except ValueError:
        assert value.error is not None
    else:
        assert value == Value(theirs)


def before(text: str, build_args: dict[str, str | None] | None = None) -> Scope:
    """The scope in front of the last instruction."""
    return scopes(parse(text), build_args).before[-1]


SCOPES = {
    "an ENV is set": ("FROM a\nENV X=1\nRUN", "$X", "1"),
    "so is one in the old form": ("FROM a\nENV X 1 $Y\nENV Y=2\nRUN", "$X", UNKNOWN_TEXT),
    "an ENV sees those of before": ("FROM a\nENV X=1\nENV X=2 Y=$X\nRUN", "$X$Y", "21"),
    "an ARG sees its neighbour": ("FROM a\nARG X=1 Y=$X\nRUN", "$Y", "1"),
    "an ARG with a value is set": ("FROM a\nARG X=1\nRUN", "$X", "1"),
    "an ARG without may be given": ("FROM a\nARG X\nRUN", "${X:-y}", UNKNOWN_TEXT),
    "also over an ENV": ("FROM a\nENV X=1\nARG X\nRUN", "$X", UNKNOWN_TEXT),
    "an ENV shadows an ARG": ("FROM a\nARG X=1\nENV X=2\nRUN", "$X", "2"),
    "and an ARG behind it the ENV": ("FROM a\nENV X=1\nARG X=2\nRUN", "$X", "2"),
    "the base image may set anything": ("FROM a\nRUN", "${GOPATH}", UNKNOWN_TEXT),
    "but no numbers": ("FROM a\nRUN", "a$1$@", "a"),
    "scratch sets nothing": ("FROM scratch\nRUN", "a$X", "a"),
    "but the PATH": ("FROM scratch\nRUN", "$PATH", UNKNOWN_TEXT),
    "a PATH is extended by the unknown": ("FROM a\nENV PATH=/x:$PATH\nRUN", "$PATH", UNKNOWN_TEXT),
    "a global ARG is out of reach": ("ARG X=1\nFROM scratch\nRUN", "a$X", "a"),
    "until it is declared": ("ARG X=1\nFROM scratch\nARG X\nRUN", "$X", "1"),
    "with another value": ("ARG X=1\nFROM a\nARG X=2\nENV Y=$X\nRUN", "$Y", "2"),
    "platforms are unknown": ("FROM scratch\nARG TARGETARCH\nRUN", "${TARGETARCH+x}", "x"),
    "out of reach too": ("FROM scratch\nRUN", "a$TARGETARCH", "a"),
    "unless they have a value": ("FROM a\nARG TARGETARCH=arm\nRUN", "$TARGETARCH", "arm"),
    "proxies are unknown": ("FROM scratch\nARG HTTP_PROXY\nRUN", "$HTTP_PROXY", UNKNOWN_TEXT),
    "a stage inherits": ("FROM a AS b\nENV X=1\nARG Y=2\nFROM b\nRUN", "$X$Y", "12"),
    "over several": ("FROM a AS b\nENV X=1\nFROM b AS c\nFROM c\nRUN", "$X", "1"),
    "what its own base may set, too": ("FROM a AS b\nFROM b\nRUN", "$X", UNKNOWN_TEXT),
    "or cannot": ("FROM scratch AS b\nFROM b\nRUN", "a$X", "a"),
    "the image's ENV before an ARG": (
        "FROM a AS b\nENV X=1\nARG X=2\nFROM b\nRUN",
        "$X",
        "1",
    ),
    "an ARG without a value": ("FROM scratch AS b\nARG X\nFROM b\nRUN", "a$X", UNKNOWN_TEXT),
    "not from the stage above": ("FROM a AS b\nENV X=1\nFROM scratch\nRUN", "a$X", "a"),
    "through a variable": ("ARG B=b\nFROM a AS b\nENV X=1\nFROM ${B}\nRUN", "$X", "1"),
    "through quotes": ('FROM a AS b\nENV X=1\nFROM "b"\nRUN', "$X", "1"),
    "a later stage may have the name": ("FROM b\nFROM a AS b\nENV X=1\nFROM b\nRUN", "$X", "1"),
    "an ONBUILD of the stage": (
        "FROM a AS b\nONBUILD ENV X=1\nONBUILD ARG Y=2\nONBUILD RUN z\nFROM b\nRUN",
        "$X$Y",
        "12",
    ),
    "but not of that before": (
        "FROM scratch AS b\nONBUILD ENV X=1\nFROM b AS c\nFROM scratch\nONBUILD ENV X=2\nRUN",
        "a$X",
        "a",
    ),
    "a name may be a variable": ("FROM a\nENV X=Y\nENV $X=1\nRUN", "$Y", "1"),
    "an unknown name may be any": ("FROM a\nENV X=1\nENV $Z=2\nRUN", "$X", UNKNOWN_TEXT),
    "until it is set again": ("FROM a\nENV $Z=2\nENV X=1\nRUN", "$X", "1"),
    "also in a stage": ("FROM a AS b\nENV X=1\nENV $Z=2\nFROM b\nRUN", "$X", UNKNOWN_TEXT),
    "escapes are the file's": ("# escape=`\nFROM a\nENV X=c:\\d`$\nRUN", "$X", "c:\\d$"),
    "global ARGs see each other": ("ARG A=1\nARG B=$A-x\nFROM a\nARG B\nRUN", "$B", "1-x"),
    "a global ARG may stay as it is": ("ARG A=1\nARG A\nFROM a\nARG A\nRUN", "$A", "1"),
    "or be given": ("ARG A\nFROM a\nARG A\nRUN", "$A", UNKNOWN_TEXT),
}


@pytest.mark.parametrize(("text", "word", "found"), SCOPES.values(), ids=SCOPES)
def test_variables_are_in_scope_where_buildkit_has_them(text: str, word: str, found: str):
    expected = UNKNOWN if found == UNKNOWN_TEXT else Value(found)
    assert before(text).expand(word) == expected


def test_an_error_in_a_value_is_the_error_of_who_uses_it():
    scope = before("FROM a\nENV X=${Y?no}\nENV Z=${1?no}\nRUN")
    assert scope.expand("$X") == UNKNOWN
    assert scope.expand("$Z").error == "1: no"


GIVEN = {
    "a given value wins over a default": ("FROM a\nARG X=1\nRUN", {"X": "2"}, "$X", "2"),
    "and is not expanded": ("FROM a\nARG X\nRUN", {"X": "$X"}, "$X", "$X"),
    "one that is not known": ("FROM a\nARG X=1\nRUN", {"X": None}, "$X", UNKNOWN_TEXT),
    "is set all the same": ("FROM a\nARG X\nRUN", {"X": None}, "${X+y}", "y"),
    "not without an ARG": ("FROM scratch\nRUN", {"X": "1"}, "a$X", "a"),
    "an ENV still wins": ("FROM a\nARG X\nENV X=1\nRUN", {"X": "2"}, "$X", "1"),
    "global ARGs too": ("ARG X=1\nFROM a\nARG X\nRUN", {"X": "2"}, "$X", "2"),
    "platforms too": ("FROM a\nARG TARGETOS\nRUN", {"TARGETOS": "linux"}, "$TARGETOS", "linux"),
}


@pytest.mark.parametrize(("text", "given_", "word", "found"), GIVEN.values(), ids=GIVEN)
def test_build_arguments_are_what_the_build_gives(
    text: str, given_: dict[str, str | None], word: str, found: str
):
    expected = UNKNOWN if found == UNKNOWN_TEXT else Value(found)
    assert before(text, given_).expand(word) == expected


def stages(text: str, build_args: dict[str, str | None] | None = None) -> Scopes:
    return scopes(parse(text), build_args)


IMAGES = {
    "FROM a:${V:-2}": Value("a:2"),
    "ARG V=1\nFROM a:${V:-2}": Value("a:1"),
    "ARG V=1-x\nFROM a:${V%-*}": Value("a:1"),
    "ARG A=1\nARG B=$A-x\nFROM a:$B": Value("a:1-x"),
    "ARG V\nFROM a:${V:-2}": UNKNOWN,
    "FROM a-$TARGETARCH": UNKNOWN,
    "FROM $V": Value(error="base name ($V) should not be blank"),
    "FROM a:${V?}": Value(error="V: is not allowed to be unset"),
}


@pytest.mark.parametrize(("text", "image"), IMAGES.items(), ids=IMAGES)
def test_the_image_of_a_stage_is_expanded_with_global_arguments(text: str, image: Value):
    assert stages(text).images == (image,)


def test_a_stage_may_be_named_by_a_variable():
    found = stages("ARG B=one\nFROM a AS One\nFROM $B\nFROM ${C}x\nFROM 0\n", {"C": None})
    assert found.parents == (None, 0, None, None)
    assert found.images[2] == Value("x")
    assert stages("ARG B=one\nFROM a AS one\nFROM $B\n", {"B": "c"}).parents == (None, None)
    assert stages("ARG B=one\nFROM a AS one\nFROM $B\n", {"B": None}).parents == (None, None)


def test_every_instruction_has_its_scope():
    found = stages("ARG A=1\nFROM a:$A\nENV B=2\nRUN x\n").before
    assert [scope.expand("$A-$B").text for scope in found] == ["-", "1-", None, None]
    assert found[3].expand("$B") == Value("2")
    assert found[2].expand("$B") == UNKNOWN


def listed(text: str, build_args: dict[str, str | None] | None = None) -> list[str]:
    return [
        f"{one.kind} {one.name}={one.value.text} @{one.instruction}"
        for one in before(text, build_args).variables
    ]


LISTS = {
    "every ENV and ARG with a value": (
        "FROM a\nARG A=1\nENV B=$A C=$D\nARG E\nRUN",
        ["ARG A=1 @1", "ENV B=1 @2", "ENV C=None @2"],
    ),
    "the last of a name counts": (
        "FROM a\nENV A=1 B=2\nENV A=3\nARG B=4\nRUN",
        ["ENV A=3 @2", "ARG B=4 @3"],
    ),
    "an ARG without a value changes nothing": ("FROM a\nENV A=1\nARG A\nRUN", ["ENV A=1 @1"]),
    "a global ARG counts where it is declared": (
        "ARG A=1\nARG B=2\nARG C\nFROM a\nARG A\nARG C\nRUN",
        ["ARG A=1 @4"],
    ),
    "a platform that is declared": ("FROM a\nARG TARGETARCH\nRUN", ["ARG TARGETARCH=None @1"]),
    "what BuildKit presets does not": ("FROM scratch\nENV A=1\nRUN", ["ENV A=1 @1"]),
    "a stage lists what it inherits, the image's ENVs last": (
        "FROM a AS b\nENV A=1\nARG B=2\nENV C=3\nARG A=9\nFROM b\nENV D=4\nRUN",
        ["ARG B=2 @2", "ENV A=1 @1", "ENV C=3 @3", "ENV D=4 @6"],
    ),
    "an ONBUILD counts at the FROM": (
        "FROM a AS b\nONBUILD ENV A=1\nFROM b\nRUN",
        ["ENV A=1 @2"],
    ),
    "an unknown name is listed without it": ("FROM a\nENV $X=1\nRUN", ["ENV =1 @1"]),
}


@pytest.mark.parametrize(("text", "found"), LISTS.values(), ids=LISTS)
def test_the_variables_of_a_run_are_listed_for_its_cache_key(text: str, found: list[str]):
    assert listed(text) == found


def test_a_given_argument_is_part_of_the_key():
    text = "FROM a\nARG A\nARG B=1\nRUN"
    assert listed(text, {"A": None, "B": "2"}) == ["ARG A=None @1", "ARG B=2 @2"]


def test_heredocs_of_a_copy_are_expanded_by_the_scope():
    scope = before("# escape=`\nFROM a\nENV X=1\nCOPY <<E /x\n'$X' \\$X\nE\n")
    assert scope.expand("'$X' \\$X\n", quotes=False) == Value("'1' $X\n")


def long_lines(start: str, unit: str, lines: int = 15) -> str:
    return f"FROM a\n{start}\\\n" + (unit * (8_000 // len(unit)) + "\\\n") * lines + '"\n'


HOSTILE = {
    "doubling": "FROM a\nENV A0=x\n" + "".join(f"ENV A{i + 1}=$A{i}$A{i}\n" for i in range(998)),
    "lookups": long_lines('ENV A="', "$b"),
    "nested defaults": long_lines('ENV A="', "${a:-"),
    "defaults": long_lines('ENV A="', "${a:-b}"),
    "replacements": f"FROM a\nENV V={'a' * 100}\n" + long_lines('ENV A="', "${V//a?/b}")[7:],
    "different replacements": f"FROM a\nENV V={'a' * 100}\n"
    + "".join(
        "COPY " + " ".join(f"${{V//a?/{i}}}" for i in range(line, line + 500)) + " /\n"
        for line in range(0, 7_500, 500)
    ),
    "long patterns": f"FROM a\nENV V={'a' * 100} P={'*a' * 15}\n"
    + long_lines('ENV A="', "${V##$P}${V%$P}")[7:],
    "stages": "FROM a AS b\n" + "ENV A=1 B=2 C=3 D=4 E=5\n" * 150 + "FROM b AS b\n" * 199,
    "words": long_lines('COPY "', '$X a\\"b '),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_take_little_time(text: str):
    dockerfile = parse(text)
    started = time.process_time()
    for scope, instruction in zip(scopes(dockerfile).before, dockerfile.instructions, strict=True):
        for word in instruction.args:
            scope.expand(word.text)
    assert time.process_time() - started < 1.0  # half a second where nobody else computes
