import json

import click
import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.terminal import replay
from rules.model.replay import Counted, Replay
from tests.bot.terminal.test_local import Work
from tests.rules.tools import build

DOCKERFILE = "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
START = {"Dockerfile": DOCKERFILE, "requirements.txt": "flask\n", ".dockerignore": ".git\n"}


@pytest.fixture
def work(tmp_path):
    work = Work(tmp_path)
    work.commit(START)
    for n in range(3):
        work.commit({"main.py": f"print({n})\n"})
    work.commit({"requirements.txt": "flask==3\n"})
    return work


def told(work, *arguments):
    done = CliRunner().invoke(main, ["replay", "--repo", str(work.folder), *arguments])
    return done.exit_code, done.output


def document(work, *arguments):
    code, output = told(work, "--format", "json", *arguments)
    assert code == 0, output
    return json.loads(output)


def test_the_install_ran_with_each_commit_and_would_have_with_one(work):
    (found,) = document(work)["dockerfiles"]
    assert (found["commits"], found["left_out"], found["now"], found["fixed"]) == (4, 0, 4, 1)
    assert found["timeline"] == [[1, 0], [1, 0], [1, 0], [1, 1]]
    assert "copy-source-before-install" in found["fixes"]
    (step,) = found["steps"]
    assert step["line"] == 4
    assert (step["now"], step["fixed"]) == (4, 1)


def test_so_many_commits_are_replayed_and_the_oldest_state_is_held(work):
    work.commit({"Dockerfile": DOCKERFILE.replace("COPY . .", "COPY requirements.txt main.py ./")})
    work.commit({"main.py": "print(9)\n"})
    (found,) = document(work, "--commits", "3")["dockerfiles"]
    assert (found["commits"], found["left_out"], found["now"]) == (2, 1, 2)


def test_a_younger_dockerfile_is_replayed_from_its_first_commit(work):
    young = {f"web/{path}": text for path, text in START.items()}
    work.commit({**young, "web/main.py": ""})
    work.commit({"web/main.py": "print()\n"})
    found = {each["path"]: each for each in document(work)["dockerfiles"]}
    assert (found["web/Dockerfile"]["commits"], found["web/Dockerfile"]["now"]) == (1, 1)


def test_what_cannot_be_replayed_is_named_with_the_reason(work):
    work.commit({"new.Dockerfile": DOCKERFILE, "bad/Dockerfile": "HELLO\n"})
    work.commit({"main.py": ""})
    skipped = {each["path"]: each["reason"] for each in document(work, "--commits", "1")["skipped"]}
    assert "HELLO" in skipped["bad/Dockerfile"]
    work.commit({"newest.Dockerfile": DOCKERFILE})
    (last,) = [each for each in document(work)["skipped"] if each["path"] == "newest.Dockerfile"]
    assert last["reason"] == "no commit is younger than it"


def test_a_table_and_a_picture(work):
    code, output = told(work)
    assert code == 0
    assert "Dockerfile: 4 commits since" in output
    assert "   4  pip install -r requirements.txt" in output
    assert "as it is  ████" in output
    assert "as fixed     █" in output
    assert all(len(line) <= 80 for line in output.splitlines())


def test_many_commits_share_a_column():
    steps = (Counted(1, "x" * 200, frozenset(range(0, 120, 2)), frozenset()),)
    made = build({"Dockerfile": "FROM scratch\n"})
    counted = Replay(120, steps)
    found = replay.Replayed("Dockerfile", "0" * 40, 1, (), counted, made, made, ())
    text = click.unstyle(replay.as_text(replay.Replays((found,), ())))
    assert f"as it is  {'▄' * 60}" in text
    assert "one column is 2 commits" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_repository_without_a_dockerfile_and_no_repository(tmp_path):
    (tmp_path / "a").mkdir()
    work = Work(tmp_path / "a")
    work.commit({"main.py": ""})
    assert told(work) == (0, "No Dockerfile here.\n")
    code = CliRunner().invoke(main, ["replay", "--repo", str(tmp_path / "none")]).exit_code
    assert code == 2
