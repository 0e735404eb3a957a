import pytest

import rules
from bot.summary import summarise
from rules.model.repository import Repository

NAIVE = """\
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN apt-get update && \\
    apt-get install -y libpq-dev
RUN pip install -r requirements.txt
"""
FILES = {"requirements.txt": "flask\n", "README.md": "x\n", "main.py": "x\n", "lib/b.py": "x\n"}


def summary(dockerfile: str, files: dict[str, str] = FILES, path: str = "Dockerfile"):
    texts = {**files, path: dockerfile}
    report = rules.inspect(Repository(frozenset(texts), texts), path)
    assert report.build is not None, report
    return summarise(report.build, report.findings)


def test_a_summary_names_an_edit_and_what_it_re_runs_now_and_after_the_fixes():
    found = summary(NAIVE)
    assert found.edit == "main.py"
    assert [(s.line, s.text.split()[0]) for s in found.now] == [(3, "COPY"), (4, "RUN"), (6, "RUN")]
    assert [s.text for s in found.after] == ["COPY . ."]
    assert found.gains
    assert {f.rule for f in found.fixed} >= {"copy-source-before-install", "setup-after-source"}


def test_continued_lines_are_one_step_in_words():
    text = summary(NAIVE).now[1].text
    assert text.startswith("RUN apt-get update &&")
    assert "\n" not in text


def test_without_findings_both_sides_are_the_same():
    found = summary("FROM scratch\nCOPY . .\n")
    assert found.now == found.after
    assert [s.text for s in found.now] == ["COPY . ."]
    assert not found.gains


def test_a_build_that_takes_no_file_has_no_edit_to_show():
    found = summary("FROM scratch\nRUN true\n")
    assert (found.edit, found.now, found.after) == (None, (), ())


@pytest.mark.parametrize(("files", "named"), [
    (["README.md", "src/app.ts", "Makefile"], "src/app.ts"),
    ([".github/run.py", "main.go", "deep/er/x.go"], "main.go"),
    (["README.md", "LICENSE"], "LICENSE"),
])  # fmt: skip
def test_the_file_named_is_the_one_a_reader_would_call_the_source(files, named):
    assert summary("FROM scratch\nCOPY . .\n", dict.fromkeys(files, "x")).edit == named


def test_paths_are_those_of_the_repository_also_below_another_context():
    files = {"api/main.py": "x\n", "api/requirements.txt": "flask\n"}
    found = summary("FROM scratch\nCOPY . .\n", files, "api/Dockerfile")
    assert found.edit == "api/main.py"
