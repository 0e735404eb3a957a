import pytest

from rules.model.installs.pipenv import PIPENV
from tests.rules.model.installs.image import ask, listed, reason

ONE = {
    "Pipfile": '[packages]\nflask = "*"\nx = {version = "1", extras = ["a"]}\n',
    "Pipfile.lock": "{}",
}


@pytest.mark.parametrize(
    "command", ["pipenv install --system --deploy", "pipenv sync", "pipenv install --dev"]
)
def test_an_install_reads_manifest_and_lock(command):
    assert listed(PIPENV, command, ONE) == ["Pipfile", "Pipfile.lock"]


def test_it_finds_its_manifest_above_or_by_a_variable():
    assert listed(PIPENV, "pipenv sync", ONE, folder="/app/src") == ["Pipfile", "Pipfile.lock"]
    files = {"x/Pipfile": ""}
    assert listed(PIPENV, "pipenv sync", files, environment={"PIPENV_PIPFILE": "x/Pipfile"}) == [
        "x/Pipfile"
    ]


def test_the_environment_may_be_in_the_project():
    assert ask(PIPENV, "pipenv sync", ONE).writes == ("/app/.venv",)
    assert ask(PIPENV, "pipenv sync --system", ONE).writes == ()


@pytest.mark.parametrize(
    ("command", "text", "why"),
    [
        ("pipenv install flask", "", "adds packages"),
        ("pipenv install -r x.txt", "", "adds packages"),
        ("pipenv install", '[packages]\na = {path = ".", editable = true}', "own files"),
        ("pipenv install", '[dev-packages]\na = {file = "x.whl"}', "own files"),
        ("pipenv install", '[packages]\na = "./x"', "own files"),
        ("pipenv install", '[[source]]\nurl = "file:///x"', "folder of packages"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(command, text, why):
    assert why in reason(PIPENV, command, {"Pipfile": text})


def test_a_missing_manifest_needs_the_source():
    assert "does not come" in reason(PIPENV, "pipenv install", {})
    assert ask(PIPENV, "pipenv run x", ONE) is None
