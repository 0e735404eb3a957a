import pytest

from rules.model.scan import GUARD, Comment, Scan, Unreadable, scan


def spans(text: str) -> list[tuple[int, int]]:
    return [(logical.span.start, logical.span.end) for logical in scan(text).logical]


def joined(text: str) -> list[str]:
    return [logical.text for logical in scan(text).logical]


CONTINUATIONS = {
    "a continuation joins lines as they stand": ("RUN a \\\n  b\n", ["RUN a   b"]),
    "blanks behind the escape character go": ("RUN a\\ \t\n b\n", ["RUN a b"]),
    "a form feed behind it ends the line": ("RUN a \\\f\nRUN b\n", ["RUN a \\\f", "RUN b"]),
    "a doubled escape character ends the line": (
        "ENV P c:\\\\\nRUN b\n",
        ["ENV P c:\\\\", "RUN b"],
    ),
    "so do three": ("ENV P c:\\\\\\\nRUN b\n", ["ENV P c:\\\\\\", "RUN b"]),
    "it may stand alone": ("RUN a \\\n\\\n  b\n", ["RUN a   b"]),
    "it may stand alone on the first line": ("\\\nRUN b\n", ["RUN b"]),
    "a keyword may be split": ("RU\\\nN b\n", ["RUN b"]),
    "and end in it": ("RUN\\\n  b\n", ["RUN  b"]),
    "comments in it do not count": ("RUN a \\\n# c\n  # d\n b\n", ["RUN a  b"]),
    "a comment that ends in it is just a comment": ("RUN a \\\n# c \\\n b\n", ["RUN a  b"]),
    "blank lines in it do not count": ("RUN a \\\n\n \t\n b\n", ["RUN a  b"]),
    "the end of the file ends it": ("RUN a \\\n", ["RUN a "]),
    "CR belongs to the line's end": ("RUN a \\\r\n\r\n b\r\n", ["RUN a  b"]),
    "CR elsewhere does not": ("RUN a\rb\r\r\n", ["RUN a\rb"]),
    "the first line loses its indentation": ("  RUN a \\\n  b\n", ["RUN a   b"]),
    "also Unicode's": ("\u2003\xa0RUN a\n", ["RUN a"]),
    "with a backtick": ("# escape=`\nRUN a `\n b \\\nRUN c\n", ["RUN a  b \\", "RUN c"]),
}


@pytest.mark.parametrize(("text", "lines"), CONTINUATIONS.values(), ids=CONTINUATIONS)
def test_lines_are_joined_as_buildkit_joins_them(text: str, lines: list[str]):
    assert joined(text) == lines


def test_what_a_continuation_swallows_belongs_to_its_instruction():
    text = "RUN a \\\n# c\n\n b\nRUN c \\\n# d\n"
    assert spans(text) == [(1, 4), (5, 6)]
    assert [logical.comments for logical in scan(text).logical] == [(2,), (6,)]


def test_lines_end_at_lf_only():
    text = "RUN a\x0bb\x0cc\x1cd\x85e\u2028f\nRUN g\n"
    assert spans(text) == [(1, 1), (2, 2)]


def test_comments_keep_their_lines():
    text = "# a\n\n  #b  \nRUN x \\\n # c\n y\n#\n"
    assert scan(text).comments == [
        Comment(1, "a"),
        Comment(3, "b"),
        Comment(5, "c"),
        Comment(7, ""),
    ]


DIRECTIVES = {
    "each may stand in any order": (
        "# check=skip=all\n# escape=`\n#syntax=a/b:1\n",
        {"check": "skip=all", "escape": "`", "syntax": "a/b:1"},
    ),
    "blanks and case do not matter": ("  #  EsCape\t= `  \n", {"escape": "`"}),
    "a blank line ends them": ("\n# escape=`\n", {}),
    "a comment ends them": ("# hello\n# escape=`\n", {}),
    "an unknown one ends them": ("# foo=bar\n# escape=`\n", {}),
    "one without a value ends them": ("# syntax=\n# escape=`\n", {}),
    "one with a blank for a value does not": (
        "# syntax= \n# escape=`\n",
        {"syntax": " ", "escape": "`"},
    ),
    "so does an instruction": ("FROM a\n# escape=`\n", {}),
    "inner blanks belong to the value": ("# check = a ; b \n", {"check": "a ; b"}),
    "a CR does not": ("# escape=`\r\n", {"escape": "`"}),
}


@pytest.mark.parametrize(("text", "found"), DIRECTIVES.values(), ids=DIRECTIVES)
def test_directives_are_found_as_buildkit_finds_them(text: str, found: dict[str, str]):
    assert scan(text).directives == found


def test_directives_are_no_comments():
    assert scan("# syntax=a\n# b\n").comments == [Comment(2, "b")]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("# syntax=a\n# syntax=b\n", "only one syntax parser directive can be used", 2),
        ("# escape=x\n", "invalid escape token 'x' does not match ` or \\", 1),
        ("FROM a\nRUN <<EOF\nx\n", "unterminated heredoc", 2),
        ("FROM a\nRUN [1] <<EOF\n", "unterminated heredoc", 2),
    ],
)
def test_what_buildkits_parser_refuses_is_unreadable(text: str, message: str, line: int):
    with pytest.raises(Unreadable) as error:
        scan(text)
    assert (error.value.message, error.value.line) == (message, line)


HEREDOCS = {
    "a body is no instruction": ("RUN <<E\nFROM x\nE\nRUN y\n", [(1, 3), (4, 4)]),
    "its escape characters continue nothing": ("RUN <<'E'\necho \\\nE\nRUN y\n", [(1, 3), (4, 4)]),
    "its comments are text": ("COPY <<E /x\n# c\n\nE\n", [(1, 4)]),
    "several follow in order": ("RUN <<A <<B\nB\nA\nA\nB\nRUN y\n", [(1, 5), (6, 6)]),
    "tabs may stand before the end of <<-": ("RUN <<-E\n\tE\n", [(1, 2)]),
    "but not of <<": ("RUN <<E\n\tE\nE\n", [(1, 3)]),
    "a CR may stand behind the end": ("RUN <<E\r\nx\r\nE\r\n", [(1, 3)]),
    "the last line may be the end": ("RUN <<E\nE", [(1, 2)]),
    "the marker may be continued": ("RUN a \\\n <<E\nx\nE\nRUN y\n", [(1, 4), (5, 5)]),
    "under ONBUILD": ("ONBUILD RUN <<E\nx\nE\nRUN y\n", [(1, 3), (4, 4)]),
    "behind flags": ("COPY --chown=a <<E /x\nx\nE\nRUN y\n", [(1, 3), (4, 4)]),
    "behind flags of ONBUILD": ("ONBUILD --x COPY <<E /x\nx\nE\n", [(1, 3)]),
    "not in JSON": ('RUN ["<<E"]\nRUN y\n', [(1, 1), (2, 2)]),
    "not in other instructions": ("CMD <<E\nLABEL a=<<E\nENV A <<E\n", [(1, 1), (2, 2), (3, 3)]),
    "not under two ONBUILDs": ("ONBUILD ONBUILD RUN <<E\nRUN y\n", [(1, 1), (2, 2)]),
}


@pytest.mark.parametrize(("text", "lines"), HEREDOCS.values(), ids=HEREDOCS)
def test_heredocs_take_their_lines(text: str, lines: list[tuple[int, int]]):
    assert spans(text) == lines


def test_json_of_other_things_than_strings_is_refused_beside_a_heredoc_mark():
    with pytest.raises(Unreadable, match="comprised of strings only"):
        scan('RUN [1, "<<E"]\n')


def test_a_heredoc_has_its_body_and_its_places():
    text = "FROM a\r\nCOPY <<-E /x\r\n\t\ta\r\n b\r\nE\r\n"
    (doc,) = scan(text).logical[1].heredocs
    assert (doc.name, doc.strip_tabs, doc.expand) == ("E", True, True)
    assert doc.body == "a\n b\n"
    assert text[doc.start : doc.end] == "\t\ta\r\n b\r\n"
    assert (doc.span.start, doc.span.end) == (3, 5)


def masked(text: str) -> str:
    result: Scan = scan(text)
    mask = result.mask()
    assert mask.endswith("\n\n")
    assert len(mask.split("\n")) == len(result.lines) + 2
    return mask.removesuffix("\n\n")


MASKS = {
    "nothing to mask": ("FROM a\n# c\nRUN x \\\n y\n", "FROM a\n# c\nRUN x \\\n y\n"),
    "heredocs": ("RUN <<E\nFROM x\n\\\nE\n", "RUN <<E\n#\n#\n#\n"),
    "blank lines in a continuation": ("RUN a \\\n\n  \n b\n", "RUN a \\\n#\n#\n b\n"),
    "check": ("# check=x\n# escape=`\nFROM a", "# syntax=x\n# escape=`\nFROM a"),
    "late directives": ("# a=b\n# escape=`\nFROM a", "#\n#\nFROM a"),
    "a doubled escape character": ("ENV A \\\\\nRUN x\n", f"ENV A \\\\{GUARD}\nRUN x\n"),
    "one behind a continuation": ("RUN a \\\n b\\\\ \n", f"RUN a \\\n b\\\\{GUARD}\n"),
    "a keyword before a continuation": ("RUN\\\n x\n", "RUN \\\n x\n"),
    "a split keyword": ("R\\\nU\\\nN x\n", "RUN \\\n\\\n x\n"),
    "an escape character first": ("\\\nRUN x\n", "RUN \\\n x\n"),
    "a continuation at the end": ("RUN x \\\n", "RUN x \n"),
    "a keyword and that": ("RUN\\\n", "RUN \n"),
    "a continuation before comments": ("RUN x \\\n# a\n\n", "RUN x \n# a\n#\n"),
    "a split keyword at the end": ("RU\\\nN\\\n", "RUN \\\n\n"),
}


@pytest.mark.parametrize(("text", "mask"), MASKS.values(), ids=MASKS)
def test_the_mask_covers_what_dockerfile_parse_misreads(text: str, mask: str):
    assert masked(text) == mask
