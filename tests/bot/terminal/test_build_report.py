import json

import click
import pytest

from bot.terminal.build_report import (
    bytes_in_words,
    context_as_json,
    context_as_text,
    rerun_as_json,
    rerun_as_text,
)
from rules.model.builder import Builder
from rules.model.cache import Build, Change, rerun
from rules.model.context import BuildContext
from rules.model.dockerfile import parse
from rules.model.repository import Repository

DOCKERFILE = """\
FROM python:3.12 AS builder
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt && echo done with the installation
COPY . .

FROM builder AS test
RUN pytest

FROM python:3.12-slim
COPY --from=builder /app /app
CMD ["python"]
"""


def build(dockerfile=DOCKERFILE, files=("requirements.txt", "src/a.py"), ignore="Dockerfile\n"):
    texts = {"Dockerfile": dockerfile, ".dockerignore": ignore}
    repository = Repository(frozenset([*files, *texts]), texts)
    context = BuildContext.read(repository, "Dockerfile", "")
    return Build("Dockerfile", parse(dockerfile), context, repository, Builder())


def test_rerun_shows_one_line_a_step():
    made = build()
    steps = rerun(made, Change(edits=frozenset({"src/a.py"})), target=2)
    assert (
        click.unstyle(rerun_as_text(made, steps))
        == """\
Dockerfile: 2 of 5 steps re-run

 1  FROM python:3.12 AS builder
 2  cached   WORKDIR /app
 3  cached   COPY requirements.txt .
 4  cached   RUN pip install --no-cache-dir --requirement requirements.txt && e…
 5  re-runs  COPY . .                                             takes src/a.py

 7  FROM builder AS test
    not built

10  FROM python:3.12-slim
11  re-runs  COPY --from=builder /app /app               /app of builder changed
"""
    )


def test_what_re_runs_stands_out_in_colour():
    made = build()
    text = rerun_as_text(made, rerun(made, Change(edits=frozenset({"src/a.py"}))))
    assert click.style("re-runs", fg="yellow") in text
    assert click.style("cached ", fg="green") in text


@pytest.mark.parametrize("name", ["a/" * 60 + "x", "\u202eevil\x1b[31m", "a b"])
def test_no_line_is_wider_than_80_columns_or_commands_the_terminal(name):
    made = build(DOCKERFILE.replace("pytest", "pytest \x1b[2J " + "x" * 200), [name])
    text = click.unstyle(rerun_as_text(made, rerun(made, Change(edits=frozenset({name})))))
    assert max(map(len, text.split("\n"))) <= 80
    assert "\x1b" not in text
    text = click.unstyle(context_as_text(".", made.context, {name: 3}, {name: 2}, 5))
    assert max(map(len, text.split("\n"))) <= 80
    assert "\x1b" not in text


def test_onbuild_steps_are_shown_where_they_run():
    made = build("FROM a AS b\nONBUILD COPY . /x\nFROM b\nRUN x\n")
    text = click.unstyle(rerun_as_text(made, rerun(made, Change(edits=frozenset({"src/a.py"})))))
    assert "3  re-runs  its ONBUILD instructions" in text


def test_rerun_as_json_lists_all_instructions():
    made = build("FROM a\nCOPY . /x\nCMD x\n")
    assert json.loads(rerun_as_json(rerun(made, Change(edits=frozenset({"src/a.py"}))))) == {
        "version": 1,
        "steps": [
            {"line": 1, "stage": 0, "instruction": "FROM", "status": "none", "cause": "makes no step"},
            {"line": 2, "stage": 0, "instruction": "COPY", "status": "rerun", "cause": "takes src/a.py"},
            {"line": 3, "stage": 0, "instruction": "CMD", "status": "none", "cause": "makes no step"},
        ],
    }  # fmt: skip


def test_context_shows_what_weighs_and_what_changes():
    sizes = {"src/a.py": 2_000, "src/deep/b.bin": 3_500_000, "c": 10}
    text = context_as_text("app", build().context, sizes, {"src/": 7, "src/a.py": 7, "c": 1}, 20)
    assert (
        click.unstyle(text)
        == """\
app: 3 files, 3.5 MB, after .dockerignore

Heaviest folders
  3.5 MB  src/
  3.5 MB  src/deep/

Heaviest files
  3.5 MB  src/deep/b.bin
  2.0 kB  src/a.py
    10 B  c

Most often changed (of 20 commits)
  7  src/
  7  src/a.py
  1  c
"""
    )


def test_context_says_when_no_ignore_file_applies():
    context = BuildContext("", "local", ("a",))
    assert context_as_text(".", context, {"a": 1}).startswith(".: 1 file, 1 B, no ignore file")
    context = BuildContext("", "git", ("a",))
    assert "as git has it: no ignore file is applied" in context_as_text(".", context, {"a": 1})


def test_a_context_whose_ignore_file_fails_the_build_says_so():
    context = build(ignore="a\n[\n").context
    assert "The build fails: .dockerignore:2: " in click.unstyle(context_as_text(".", context, {}))
    assert json.loads(context_as_json(".", context, {}))["error"].startswith("line 2: ")


def test_context_as_json_lists_all_files():
    assert json.loads(context_as_json(".", build().context, {"src/a.py": 12})) == {
        "version": 1,
        "context": ".",
        "ignore_file": ".dockerignore",
        "files": [{"path": "src/a.py", "bytes": 12}],
        "error": None,
    }


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_949, "9.9 kB"), (9_950, "10 kB"),
     (999_499, "999 kB"), (999_500, "1.0 MB"), (10**9, "1.0 GB"), (5 * 10**12, "5000 GB")],
)  # fmt: skip
def test_sizes_are_written_as_people_do(size, words):
    assert bytes_in_words(size) == words
