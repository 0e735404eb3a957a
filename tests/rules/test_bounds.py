"""Files from strangers cost bounded time, however many steps and findings they hold."""

import pytest

import rules
from rules.model.repository import Repository


def inspect(text: str) -> rules.Report:
    files = {"Dockerfile": text, "requirements.txt": "flask\n", "main.py": "print()\n"}
    return rules.inspect(Repository(frozenset(files), files), "Dockerfile")


def test_of_a_file_with_too_many_instructions_nothing_is_said():
    report = inspect("FROM alpine\n" + "RUN apk add curl\n" * rules.MOST_INSTRUCTIONS)
    assert report.skipped == f"more than {rules.MOST_INSTRUCTIONS} instructions"
    assert not report.findings


def test_of_a_file_with_too_many_stages_nothing_is_said():
    report = inspect("FROM alpine\n" * (rules.MOST_STAGES + 1))
    assert report.skipped == f"more than {rules.MOST_STAGES} stages"
    assert inspect("FROM alpine\n" * rules.MOST_STAGES).skipped is None


def test_fixes_that_would_take_too_long_to_prove_are_words():
    stage = "FROM python:3.12 AS s{n}\nCOPY . .\nRUN pip install -r requirements.txt\n"
    report = inspect("".join(stage.format(n=n) for n in range(rules.MOST_STAGES)))
    told = [f.no_fix for f in report.findings if f.rule == "copy-source-before-install"]
    assert len(told) == rules.MOST_STAGES
    assert told[0] is None
    assert told[-1] == "the file has too many findings"


def test_stages_that_copy_the_one_before_many_times_are_each_looked_at_once():
    whole = "FROM scratch AS s0\nCOPY main.py /other/\n" + "".join(
        f"FROM scratch AS s{n}\n" + f"COPY --from=s{n - 1} / /\n" * 4 for n in range(1, 25)
    )
    whole += "FROM python:3.12\nWORKDIR /app\nCOPY --from=s24 / /\n"
    report = inspect(whole + "RUN --mount=type=bind,target=/app pip install -r requirements.txt\n")
    assert "copy-source-before-install" in {f.rule for f in report.findings if f.fix}


@pytest.mark.parametrize("number", ["9" * 5000, "\N{SUPERSCRIPT TWO}"])
@pytest.mark.parametrize(
    "text",
    [
        "# syntax=docker/dockerfile:1.{}\nFROM python:3.12\nRUN pip install flask\n",
        "FROM node:22\nUSER node:{}\nRUN npm install -g a\n",
        "FROM debian:12\nRUN useradd -m -u {} a\nUSER a\nRUN npm install -g a\n",
        "FROM fedora:{}\nRUN dnf install -y curl\n",
        "FROM a\nRUN --mount=type=cache,target=/a,uid={} b\nRUN b {}>c\n",
    ],
)
def test_a_number_that_python_cannot_read_is_none(text, number):
    assert inspect(text.replace("{}", number)).skipped is None
