import re
import time
from contextlib import suppress
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules.model.dockerfile import (
    Comment,
    Dockerfile,
    Instruction,
    Pair,
    Span,
    Unreadable,
    Word,
    parse,
)
from tests.rules.model import buildkit, dockerfiles

# Every row is a way in which dockerfile_parse alone reads a file otherwise than BuildKit.
MISREAD = {
    "a heredoc": ("FROM a\nRUN <<E\napt-get update\nE\n", ["FROM 1-1", "RUN 2-4"]),
    "a FROM in a heredoc": ("FROM a\nCOPY <<E /x\nFROM evil\nE\n", ["FROM 1-1", "COPY 2-4"]),
    "a continuation in a heredoc": (
        "FROM a\nRUN <<'E'\necho \\\nE\nRUN b\n",
        ["FROM 1-1", "RUN 2-4", "RUN 5-5"],
    ),
    "a byte order mark": ("\ufeffFROM a\n", ["FROM 1-1"]),
    "a byte order mark before a directive": (
        "\ufeff# escape=`\nFROM a\nRUN x `\n y\n",
        ["FROM 2-2", "RUN 3-4"],
    ),
    "check before escape": (
        "# check=skip=all\n# escape=`\nFROM a\nRUN x `\n y\n",
        ["FROM 3-3", "RUN 4-5"],
    ),
    "a blank line in a continuation": (
        "FROM a\nRUN x && \\\n\n  y\n",
        ["FROM 1-1", "RUN 2-4"],
    ),
    "a doubled escape character": (
        "FROM a\nENV P c:\\\\\nRUN y\n",
        ["FROM 1-1", "ENV 2-2", "RUN 3-3"],
    ),
    "a keyword at a continuation": ("FROM a\nRUN\\\n  x\n", ["FROM 1-1", "RUN 2-3"]),
    "a split keyword": ("FROM a\nRU\\\nN x\n", ["FROM 1-1", "RUN 2-3"]),
    "a continuation first": ("FROM a\n\\\nRUN x\n", ["FROM 1-1", "RUN 2-3"]),
    "a continuation at the end": ("FROM a\nRUN x \\\n", ["FROM 1-1", "RUN 2-2"]),
    "a bare keyword at the end": ("FROM a\nRUN", ["FROM 1-1", "RUN 2-2"]),
    "other bytes than UTF-8": (b"FROM a\nLABEL x=\xe9\n", ["FROM 1-1", "LABEL 2-2"]),
    "lines that only Python ends": (
        "FROM a\nRUN x\f\x85\u2028y\nRUN z",
        ["FROM 1-1", "RUN 2-2", "RUN 3-3"],
    ),
}


@pytest.mark.parametrize(("source", "found"), MISREAD.values(), ids=MISREAD)
def test_what_dockerfile_parse_misreads_alone_is_read_as_buildkit_reads_it(
    source: str | bytes, found: list[str]
):
    dockerfile = parse(source)
    assert [
        f"{one.keyword} {one.span.start}-{one.span.end}" for one in dockerfile.instructions
    ] == found
    assert dockerfile.agrees


def test_dockerfile_parse_may_still_disagree():
    # The Kelvin sign is a K to BuildKit only.
    assert not parse("FROM a\nWOR\u212aDIR /x\n").agrees


def one(text: str, head: str = "FROM a\n") -> Instruction:
    return parse(head + text).instructions[1]


def texts(words: tuple[Word, ...]) -> list[str]:
    return [word.text for word in words]


def test_an_instruction_has_a_keyword_flags_and_words():
    copy = one("copy  --from=b --chown='c:d e' --link x y/ /z\n")
    assert (copy.keyword, copy.value) == ("COPY", "--from=b --chown='c:d e' --link x y/ /z")
    assert texts(copy.args) == ["x", "y/", "/z"]
    assert [(flag.name, flag.value, flag.word.text) for flag in copy.flags] == [
        ("from", "b", "--from=b"),
        ("chown", "c:d e", "--chown='c:d e'"),
        ("link", None, "--link"),
    ]
    assert copy.flag("from") == "b"
    assert copy.flag("link") == "true"
    assert copy.flag("chmod") is None
    assert one("RUN --mount=a --mount=b x").values("mount") == ("a", "b")


def test_a_shell_form_has_a_script_and_an_exec_form_has_words():
    shell, exec_form = one("RUN --network=none a  b \n"), one('RUN ["a", "b c"]\n')
    assert (shell.script, shell.json, shell.args) == ("a  b", False, ())
    assert (exec_form.script, exec_form.json, texts(exec_form.args)) == ("", True, ["a", "b c"])
    assert one("HEALTHCHECK --interval=5s CMD a b").script == "a b"
    assert one("RUN ['a']").script == "['a']"
    assert one("RUN").script == ""


def test_pairs_keep_their_values_as_written():
    text = 'ENV A=1 B="x $A" C=d\\ e\n'
    assert [(pair.key, pair.value) for pair in one(text).pairs] == [
        ("A", "1"),
        ("B", '"x $A"'),
        ("C", "d\\ e"),
    ]
    assert one("ENV A b c=d ").pairs == (Pair("A", "b c=d", Word("A b c=d", 11, 18)),)
    assert [(pair.key, pair.value) for pair in one("ARG A B= C=d=e").pairs] == [
        ("A", None),
        ("B", ""),
        ("C", "d=e"),
    ]


def test_onbuild_holds_its_instruction():
    onbuild = one("ONBUILD  copy --link <<E \\\n /x\ny\nE\n")
    inner = onbuild.inner
    assert inner is not None
    assert (onbuild.keyword, onbuild.args, onbuild.script) == ("ONBUILD", (), "")
    assert (inner.keyword, inner.flag("link"), texts(inner.args)) == ("COPY", "true", ["<<E", "/x"])
    assert inner.span == onbuild.span == Span(2, 5)
    assert inner.heredocs == onbuild.heredocs
    assert (onbuild.start, inner.start, inner.stage) == (7, 16, 0)


def test_places_are_offsets_in_the_text():
    text = "FROM a\r\n  COPY --from=b\\\r\n # c\r\n x\\\r\n/y \\\r\n z\r\n"
    dockerfile = parse(text)
    copy = dockerfile.instructions[1]
    assert texts(copy.args) == ["x/y", "z"]
    assert [text[word.start : word.end] for word in copy.args] == ["x\\\r\n/y", "z"]
    assert copy.span == Span(2, 6)
    assert text[copy.start : copy.end] == "  COPY --from=b\\\r\n # c\r\n x\\\r\n/y \\\r\n z"
    assert copy.comments == (3,)
    assert dockerfile.position(copy.args[1].start) == (6, 2)
    assert dockerfile.position(0) == (1, 1)
    assert dockerfile.position(len(text)) == (7, 1)
    assert dockerfile.line_starts[1] == 8


def test_json_words_stand_where_their_literals_stand():
    text = 'FROM a\nCMD ["a\\"b", \\\n "c"]\n'
    command = parse(text).instructions[1]
    assert texts(command.args) == ['a"b', "c"]
    assert [text[word.start : word.end] for word in command.args] == ['"a\\"b"', '"c"']


def test_a_script_maps_back_to_the_file():
    text = "FROM a\nRUN --network=none a \\\n# c\n  b\n"
    run = parse(text).instructions[1]
    assert run.script == "a   b"
    assert [text[run.script_offset(index)] for index in range(len(run.script))] == list("a   b")
    assert run.script_offset(len(run.script)) == len(text) - 1


def test_a_file_has_directives_comments_and_stages():
    dockerfile = parse(
        "# syntax=docker/dockerfile:1\n# check=skip=x\n# escape=`\n# hello\nARG V\n"
        "FROM --platform=$P a:$V AS Base\nRUN x `\n # why\n y\nFROM base\nFROM scratch AS c\n"
    )
    assert (dockerfile.syntax, dockerfile.checks, dockerfile.escape) == (
        "docker/dockerfile:1",
        "skip=x",
        "`",
    )
    assert dockerfile.comments == (Comment(4, "hello"), Comment(8, "why"))
    assert [one.stage for one in dockerfile.instructions] == [-1, 0, 0, 1, 2]
    assert [
        (
            stage.index,
            stage.name,
            stage.image,
            stage.platform,
            len(stage.instructions),
        )
        for stage in dockerfile.stages
    ] == [
        (0, "Base", "a:$V", "$P", 2),
        (1, None, "base", None, 1),
        (2, "c", "scratch", None, 1),
    ]


@pytest.mark.parametrize(
    ("reference", "before", "stage"),
    [
        ("one", 4, 2),
        ("ONE", 4, 2),
        ("one", 2, 0),
        ("one", 0, None),
        ("two", 4, 1),
        ("two", 1, None),
        ("0", 4, 0),
        ("3", 4, 3),
        ("3", 3, None),
        ("4", 9, None),
        ("1000000000000", 4, None),
        ("-1", 4, None),
        ("\u0661", 4, None),
        ("alpine", 4, None),
    ],
)
def test_stages_are_named_or_numbered(reference: str, before: int, stage: int | None):
    dockerfile = parse("FROM a AS One\nFROM b AS two\nFROM c AS one\nFROM d\n")
    assert dockerfile.stage_named(reference, before) == stage


def test_from_and_mounts_know_no_numbers():
    dockerfile = parse("FROM a AS b\nFROM c\n")
    assert dockerfile.stage_named("0", 1, by_number=False) is None
    assert dockerfile.stage_named("b", 1, by_number=False) == 0


@pytest.mark.parametrize(
    ("text", "newline"),
    [("FROM a\n", "\n"), ("FROM a", "\n"), ("FROM a\r\n", "\r\n"), ("FROM a\r\nUSER b\n", "mixed")],
)
def test_the_kind_of_newline_is_known(text: str, newline: str):
    assert parse(text).newline == newline


LARGE = {
    "bytes": ("FROM a\n" + "#\n" * 10 + "# é\n" * 30_000, "150,027 bytes, more than 131,072", None),
    "lines": ("FROM a\n" + "\n" * 4_000, "4,001 lines, more than 4,000", None),
    "a line": (
        "FROM a\nRUN " + "x" * 8_189 + "\n",
        "a line of 8,193 characters, more than 8,192",
        2,
    ),
    "stages": ("FROM a\n" * 201, "201 stages, more than 200", None),
    "variables": ("FROM a\nENV" + " A=1" * 1_001, "1,001 variables, more than 1,000", None),
}


@pytest.mark.parametrize(("text", "message", "line"), LARGE.values(), ids=LARGE)
def test_what_is_too_large_says_so_in_one_sentence(text: str, message: str, line: int | None):
    with pytest.raises(Unreadable) as error:
        parse(text)
    assert (error.value.message, error.value.line) == (f"too large: {message}", line)


def test_the_bounds_themselves_are_allowed():
    assert parse("FROM a\n" + "#\n" * 3_999)
    assert parse("FROM a\n" + "#" * 8_192 + "\n")
    assert parse("FROM a\n" + ("#" * 8_191 + "\n") * 15 + "#" * (8_192 - 7))
    assert parse("FROM a\n" * 200)
    assert parse("FROM a\nENV" + " A=1" * 1_000 + "\nLABEL b=1")


def raw(text: str, escape: str) -> str:
    """A piece of the file without continuations, and without what they swallow."""
    swallowed = r"(?:[^\S\n]*(?:#[^\n]*)?\n)*"
    return re.sub(rf"{re.escape(escape)}[ \t]*\r?\n{swallowed}", "", text)


def check_places(dockerfile: Dockerfile) -> None:
    text = dockerfile.text
    assert text == "\n".join(dockerfile.lines)
    last = 0
    for instruction in dockerfile.instructions:
        assert last < instruction.span.start <= instruction.span.end <= len(dockerfile.lines)
        last = instruction.span.end
        lines = dockerfile.lines[instruction.span.start - 1 : last]
        assert text[instruction.start : instruction.end] == "\n".join(lines).removesuffix("\r")
        for inner in (instruction, instruction.inner):
            if inner is not None:
                check_words(inner, text, dockerfile.escape)
    taken = {
        line
        for instruction in dockerfile.instructions
        for line in range(instruction.span.start, instruction.span.end + 1)
    }
    for number, line in enumerate(dockerfile.lines, 1):
        assert number in taken or not line.strip() or line.lstrip().startswith("#")


def check_words(instruction: Instruction, text: str, escape: str) -> None:
    for word in [*instruction.args, *(flag.word for flag in instruction.flags)]:
        if not instruction.json:
            assert raw(text[word.start : word.end], escape) == word.text
    for doc in instruction.heredocs:
        lines = text[doc.start : doc.end].replace("\r\n", "\n").split("\n")
        if doc.strip_tabs:
            lines = [line.lstrip("\t") for line in lines]
        assert "\n".join(lines) == doc.body
    for index, char in enumerate(instruction.script):
        assert text[instruction.script_offset(index)] == char


quick = settings(max_examples=40, suppress_health_check=list(HealthCheck))
mutants = st.tuples(dockerfiles.valid(), st.integers(0, 2**32)).map(
    lambda made: dockerfiles.mutate(made[0], Random(made[1]))
)


@quick
@given(dockerfiles.valid())
def test_valid_files_are_read_as_by_dockerfile_parse_and_map_back(text: str):
    dockerfile = parse(text)
    assert dockerfile.agrees
    check_places(dockerfile)
    assert parse(dockerfile.text) == dockerfile


@quick
@given(dockerfiles.valid())
def test_newlines_do_not_change_what_is_read(text: str):
    plain = text.replace("\r\n", "\n")
    one, other = parse(plain), parse(plain.replace("\n", "\r\n"))
    assert buildkit.ours(one) == buildkit.ours(other)
    assert one.comments == other.comments


@quick
@given(mutants)
def test_mutants_are_read_or_refused_but_never_fail(text: str):
    try:
        dockerfile = parse(text)
    except Unreadable:
        return
    assert dockerfile.text == "\n".join(dockerfile.lines)
    assert parse(dockerfile.text) == dockerfile


def agree(text: str) -> None:
    theirs = buildkit.e2b(text)
    try:
        dockerfile = parse(text)
    except Unreadable:
        return  # BuildKit looks at the words later than its parser; test_refusals.py covers that
    assert theirs is not None
    assert buildkit.ours(dockerfile) == theirs


@quick
@given(dockerfiles.valid())
def test_valid_files_are_read_as_by_a_port_of_buildkit(text: str):
    assume(buildkit.gap(text) is None)
    assert isinstance(parse(text), Dockerfile)
    agree(text)


@settings(quick, max_examples=100)
@given(mutants)
def test_mutants_are_read_as_by_a_port_of_buildkit(text: str):
    assume(buildkit.gap(text) is None)
    agree(text)


@pytest.mark.skipif(buildkit.go is None, reason="`dockerfile` has no wheel for this machine")
@quick
@given(mutants)
def test_mutants_have_the_lines_of_buildkits_go_parser(text: str):
    assume(buildkit.older_gap(text) is None)
    try:
        dockerfile = parse(text)
    except Unreadable:
        return
    assert buildkit.lines_only(buildkit.ours(dockerfile)) == buildkit.older(text)


def continued(start: str, unit: str) -> str:
    """As long a logical line as the bounds allow."""
    line = unit * (8_000 // len(unit)) + "\\\n"
    return f"FROM a\n{start} \\\n{line * 15}x=y\n"


HOSTILE = {
    "words": continued("COPY", "a "),
    "assignments": continued("LABEL", "a=b "),
    "quotes": continued("LABEL", "a='b\"c' "),
    "escapes": continued("LABEL a=", "\\ "),
    "flags": continued("COPY", "--exclude=b "),
    "quoted flags": continued("COPY", "--exclude=\"b' \\' \" "),
    "strings": continued("RUN [", '"a",'),
    "escaped strings": continued("RUN [", '"\\n",'),
    "nested arrays": continued("RUN", "["),
    "numbers": continued("RUN [", "1"),
    "markers": continued("RUN", "a <<b "),
    "blanks after a marker": continued("RUN <<", " ") + "<x",
    "open expansions": continued("RUN <<", "${a:-"),
    "expansions": continued("RUN <<x", "${a:-b c} "),
    "quoted expansions": continued("RUN <<x", '"$a$b" '),
    "many heredocs": "FROM a\nRUN" + " <<a" * 1_990 + "\n" + "a\n" * 1_990,
    "a long heredoc": "FROM a\nRUN <<a\n" + "b\n" * 3_990 + "a\n",
    "lines": "FROM a\nRUN x\\\n" + "a\\\n" * 3_990,
    "comments": "FROM a\nRUN x\\\n" + "# b\n" * 3_990,
    "blank lines": "FROM a\nRUN x\\\n" + " \n" * 3_990,
    "keywords": "FROM a\n" + "R\\\nU\\\nN x\n" * 1_300,
    "a long keyword": "FROM a\n" + "x\\\n" * 3_900,
    "a directive": "# syntax=x" + " " * 8_000 + "y\nFROM a\n",
    "late directives": "#\n" + "# escape =         \n" * 3_990 + "FROM a\n",
    "blanks": "FROM a\n" + ("COPY" + " " * 8_000 + "a b\n") * 16,
    "escape characters": "FROM a\n" + ("RUN " + "\\ " * 4_000 + "x\n") * 16,
    "instructions": "FROM a\n" + "COPY a b c d e f\n" * 3_990,
    "copies from stages": "FROM a AS b\n" * 200 + "COPY --from=b a b\n" * 3_700,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_take_little_time(text: str):
    assert len(text) <= 128 * 1024
    started = time.process_time()
    with suppress(Unreadable):
        assert parse(text).agrees
    assert time.process_time() - started < 1.0  # half a second where nobody else computes


def test_a_typical_file_takes_a_fraction_of_a_millisecond():
    text = (
        "FROM a AS b\n"
        + "RUN apt-get update && \\\n    apt-get install -y c\nCOPY --from=d e f\n" * 8
    )
    parse(text)
    started = time.process_time()
    for _ in range(100):
        parse(text)
    assert (time.process_time() - started) / 100 < 0.003  # 0.0003 on a quiet machine
