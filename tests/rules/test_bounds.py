"""Files from strangers cost bounded time, however many steps and findings they hold."""

import rules
from rules.model.repository import Repository


def inspect(text: str) -> rules.Report:
    files = {"Dockerfile": text, "requirements.txt": "flask\n", "main.py": "print()\n"}
    return rules.inspect(Repository(frozenset(files), files), "Dockerfile")


def test_of_a_file_with_too_many_instructions_nothing_is_said():
    report = inspect("FROM alpine\n" + "RUN apk add curl\n" * rules.MOST_INSTRUCTIONS)
    assert report.skipped == f"more than {rules.MOST_INSTRUCTIONS} instructions"
    assert not report.findings


def test_fixes_that_would_take_too_long_to_prove_are_words():
    stage = "FROM python:3.12 AS s{n}\nCOPY . .\nRUN pip install -r requirements.txt\n"
    report = inspect("".join(stage.format(n=n) for n in range(60)))
    told = [f.no_fix for f in report.findings if f.rule == "copy-source-before-install"]
    assert len(told) == 60
    assert told[0] is None
    assert told[-1] == "the file has too many findings"
