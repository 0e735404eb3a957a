import json

import pytest
from click.testing import CliRunner

from bot.cli import main

DOCKERFILE = """\
FROM python:3.12-slim AS base
WORKDIR /app
COPY requirements.txt ./
ARG GIT_SHA=none
RUN pip install -r requirements.txt
FROM base
COPY . .
CMD ["python", "main.py"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / ".dockerignore").write_text("*.md\n")
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "README.md").write_text("hello\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("print()\n")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def steps(*arguments):
    result = run("rerun", *arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    assert document["version"] == 1
    return {s["line"]: s["status"] for s in document["steps"]}


def test_context_lists_what_is_sent(folder):
    document = json.loads(run("context", folder, "--format", "json").output)
    assert document["version"] == 1
    assert document["ignore_file"] == ".dockerignore"
    assert document["error"] is None
    assert {"path": "src/main.py", "bytes": 8} in document["files"]
    assert "README.md" not in [f["path"] for f in document["files"]]


def test_context_is_readable_at_80_columns(folder, monkeypatch):
    monkeypatch.chdir(folder)
    result = run("context")
    assert result.exit_code == 0
    assert max(map(len, result.output.split("\n"))) <= 80
    assert "src/" in result.output


def test_an_ignore_file_that_fails_the_build_ends_with_2(folder):
    (folder / ".dockerignore").write_text("ok\n[\n")
    result = run("context", folder, "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"].startswith("line 2")
    assert ".dockerignore:2" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "again"),
    [
        (["--change", "README.md"], []),
        (["--change", "src/main.py"], [7]),
        (["--change", "./requirements.txt"], [3, 5, 7]),
        (["--add", "src/new.py"], [7]),
        (["--delete", "requirements.txt"], [3, 5, 7]),
        (["--chmod", "src/main.py"], [7]),
        (["--build-arg", "GIT_SHA"], [5, 7]),
        (["--base-image", "python:3.12-slim"], [2, 3, 5, 7]),
        (["--change", "src/main.py", "--target", "base"], []),
    ],
)
def test_rerun_says_which_steps_a_change_re_runs(folder, arguments, again):
    found = steps(folder, *arguments)
    assert [line for line, status in found.items() if status == "rerun"] == again
    assert found[8] == "none"


def test_rerun_compares_with_the_dockerfile_as_it_was(folder):
    old = folder / "Dockerfile.old"
    old.write_text(DOCKERFILE.replace("pip install", "pip install -q"))
    (folder / ".dockerignore").write_text("Dockerfile*\n")
    found = steps(folder, "--old", old)
    assert [line for line, status in found.items() if status == "rerun"] == [5, 7]


def test_rerun_tells_why_in_one_line_a_step(folder):
    result = run("rerun", folder, "--change", "src/main.py")
    assert result.exit_code == 0
    assert "takes src/main.py" in result.output
    assert max(map(len, result.output.split("\n"))) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rerun", "nowhere"], "nowhere: no such folder"),
        (["rerun", ".", "--file", "none"], "none: No such file"),
        (["rerun", ".", "--change", "none"], "none: no such file"),
        (["rerun", ".", "--target", "none"], "no stage is called 'none'"),
        (["context", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_what_cannot_run_ends_with_2_and_one_line(folder, arguments, message, monkeypatch):
    monkeypatch.chdir(folder)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.startswith("layerwise: ")
    assert result.stderr.count("\n") == 1


def test_a_dockerfile_that_docker_refuses_ends_with_2_and_its_line(folder):
    (folder / "Dockerfile").write_text("FROM a\nNONSENSE\n")
    result = run("rerun", folder)
    assert result.exit_code == 2
    assert "Dockerfile:2: " in result.stderr
