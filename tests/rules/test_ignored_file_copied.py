import pytest

from rules.ignored_file_copied import rule
from tests.rules.tools import findings

FILES = {"a.txt": "", "dist/app.js": "", "main.py": ""}


@pytest.mark.parametrize(
    ("line", "ignore", "words"),
    [
        ("COPY a.txt /", "*.txt\n", "keeps `a.txt` from the builder (line 1, `*.txt`)"),
        ("COPY main.py ./a.txt /x/", "x\n*.txt\n", "(line 2, `*.txt`)"),
        ("COPY *.txt /", "*.txt\n", "`*.txt` copies nothing: `.dockerignore` keeps `a.txt`"),
        ("ADD dist /x/", "dist/\n", "`!dist`"),
        ("COPY dist/app.js /x/", "dist\n", "`!dist/app.js`"),
        ("RUN --mount=type=bind,source=a.txt,target=/a.txt cat /a.txt", "*.txt\n", "`a.txt`"),
    ],
)
def test_a_file_that_is_not_sent_fails_the_build(line, ignore, words):
    (found,) = findings(rule, FILES | {"Dockerfile": f"FROM a\n{line}\n", ".dockerignore": ignore})
    assert (found.path, found.span.start, found.fix) == ("Dockerfile", 2, None)
    assert words in found.message


@pytest.mark.parametrize(
    ("line", "ignore"),
    [
        ("COPY a.txt /", "*.txt\n!a.txt\n"),
        ("COPY . /", "*.txt\n"),
        ("COPY *.txt /", "x\n"),
        ("COPY --from=b a.txt /", "*.txt\n"),
        ("COPY made.txt /", "*.txt\n"),
        ("COPY dist /x/", "dist/*\n!dist/app.js\n"),
        ("COPY a.txt /", "*.txt\n[\n"),
    ],
)
def test_silent_where_something_is_there_or_no_commit_holds_it(line, ignore):
    files = FILES | {"Dockerfile": f"FROM a\n{line}\n", ".dockerignore": ignore}
    assert findings(rule, files) == []


def test_what_it_suggests_brings_the_file_back():
    e = rule.example
    assert findings(rule, e.files | {e.path: e.before})
    assert findings(rule, e.files | {e.path: e.after}) == []
