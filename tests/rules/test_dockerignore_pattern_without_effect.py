import pytest

from rules.dockerignore_pattern_without_effect import rule
from tests.rules.tools import check_fixed, findings

FILES = {
    "Dockerfile": "FROM python:3\nWORKDIR /app\nCOPY . .\n",
    "main.py": "",
    "docs/a.md": "",
    "static/c.css": "",
    "docs/keep/b.md": "",
}


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit, path=e.path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (".git\nx[!a]\n", ".git\nx[^a]\n"),
        (".git\nvenv  # made\r\n", ".git\n# made\r\nvenv\r\n"),
        (".git\nlog # a # b", ".git\n# a # b\nlog"),
        (".git\n**/.DS_store\n", ".git\n**/.DS_Store\n"),
    ],
)
def test_what_was_meant_is_written(before, after):
    check_fixed(rule, before, after, FILES, edit="main.py", path=".dockerignore")


@pytest.mark.parametrize(
    ("ignore", "line", "words"),
    [
        (".git\n[\n", 2, "Every build fails"),
        (".git\n!\n", 2, "Every build fails"),
        (".git\n!docs/a.md\ndocs\n", 2, "line 3, `docs`, has the last word on `docs/a.md`"),
        (".git\n!docs\ndocs/*\n", 2, "has the last word"),
        (".git\nstatic # why\n", 2, "part of the pattern"),
        (".git\nvenv\t# why\n", 2, "Every build fails"),
        (".git\ndocs/\n!docs\n", 2, "line 3, `!docs`, takes it back whole"),
        (".git\n*.md\nx\n!*.md\ny\n", 2, "line 4, `!*.md`, takes it back whole"),
        (
            ".git\ndocs/keep\n!docs\n",
            3,
            "line 2, `docs/keep`, has the last word on `docs/keep/b.md`",
        ),
        (".git\n  # why\n", 2, "This comment is a pattern, `# why`"),
    ],
)
def test_words_say_what_is_wrong(ignore, line, words):
    (found,) = findings(rule, FILES | {".dockerignore": ignore})
    assert (found.path, found.span.start) == (".dockerignore", line)
    assert words in found.message
    assert found.fix is None


@pytest.mark.parametrize(
    "ignore",
    [
        "docs\n!docs/a.md\n",
        "!docs\n",
        "*.md\n!main.py\n",
        "docs/keep\nstatic\n!docs/keep/b.md\n",
        "*\n!docs\n",
        "docs/*\n!docs/keep\n",
        "!gone.txt\ndocs\n",
        "nothing/here\n",
        "# comment\n#  another\n",
        "**/.DS_Store\n",
        "a#b\n",
        "!main.py\n",
        "[^a]x\n",
        "x[^a]\n",
        "\\[!a\n",
    ],
)
def test_silent_about_what_works_or_does_no_harm(ignore):
    assert findings(rule, FILES | {".dockerignore": ignore}) == []


def test_a_known_name_in_the_wrong_case_is_told_with_the_right_one():
    (found,) = findings(rule, FILES | {".dockerignore": ".git\n**/.DS_store\n"})
    assert found.span.start == 2
    assert "`.DS_store` is not `.DS_Store`" in found.message


def test_a_file_of_that_very_case_is_meant():
    files = FILES | {".DS_store": "", ".dockerignore": ".git\n.DS_store\n"}
    assert findings(rule, files) == []


@pytest.mark.parametrize("lines", [" # why\n", "docs\n!docs\n"])
def test_what_does_no_harm_is_a_remark(lines):
    (found,) = findings(rule, FILES | {".dockerignore": f".git\n{lines}"})
    assert found.severity == "info"


def test_of_very_many_exceptions_only_what_stands_below_is_looked_at():
    many = "".join(f"!x{n}\n" for n in range(60))
    ignore = f".git\ndocs/keep\n!docs\n{many}!static\nstatic\n"
    (found,) = findings(rule, FILES | {".dockerignore": ignore})
    assert "`static`, has the last word" in found.message
