import pytest

from rules.model.installs.poetry import POETRY
from tests.rules.model.installs.image import ask, is_tool, listed, reason

TEXT = '[tool.poetry]\nname = "a"\nreadme = "README.md"\n[tool.poetry.dependencies]\npython = "^3.11"\n'
ONE = {"pyproject.toml": TEXT, "poetry.lock": "", "README.md": "", "a/x.py": ""}


@pytest.mark.parametrize(
    "command", ["poetry install --no-root", "poetry sync --no-root --only main"]
)
def test_dependencies_alone_read_manifest_lock_and_settings(command):
    files = {**ONE, "poetry.toml": "[virtualenvs]\ncreate = false\n"}
    assert listed(POETRY, command, files) == ["pyproject.toml", "poetry.lock", "poetry.toml"]


def test_the_project_itself_needs_its_source_but_for_its_dependencies():
    reads = ask(POETRY, "poetry install --without dev", ONE)
    assert "build back end" in reads.needs_source
    assert reads.split.words == ("poetry", "install", "--without", "dev", "--no-root")
    assert reads.split.reads.files == ("/app/pyproject.toml", "/app/poetry.lock")


def test_a_project_that_is_no_package_has_nothing_to_build():
    files = {**ONE, "pyproject.toml": TEXT.replace('name = "a"', "package-mode = false")}
    assert listed(POETRY, "poetry install", files)


@pytest.mark.parametrize(
    ("environment", "settings", "writes"),
    [
        ({}, "", ("/app/.venv",)),
        ({"POETRY_VIRTUALENVS_CREATE": "false"}, "", ()),
        ({"POETRY_VIRTUALENVS_IN_PROJECT": "false"}, "", ()),
        ({"POETRY_VIRTUALENVS_IN_PROJECT": "1"}, "", ("/app/.venv",)),
        ({}, "[virtualenvs]\ncreate = false", ()),
    ],
)
def test_the_environment_is_in_the_project_unless_it_is_known_not_to_be(
    environment, settings, writes
):
    files = {**ONE, "poetry.toml": settings}
    assert ask(POETRY, "poetry install --no-root", files, environment=environment).writes == writes


@pytest.mark.parametrize(
    ("command", "more", "why"),
    [
        ("poetry install --no-root", 'b = {path = "../b", develop = true}', "own files"),
        (
            "poetry install --no-root",
            '[tool.poetry.group.dev.dependencies]\nb = [{path = "x"}]',
            "own files",
        ),
        ("poetry install --no-root", '[project]\ndependencies = ["b @ file:///x"]', "own files"),
        ("poetry add x", "", "project itself"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(command, more, why):
    assert why in reason(POETRY, command, {**ONE, "pyproject.toml": TEXT + more})


def test_folders_may_be_left_out():
    files = {**ONE, "pyproject.toml": TEXT + 'b = {path = "../b"}'}
    assert listed(POETRY, "poetry install --no-root --no-directory", files)


def test_plugins_are_tools_and_other_commands_nothing():
    assert is_tool(POETRY, "poetry self add poetry-plugin-export", ONE)
    assert ask(POETRY, "poetry config virtualenvs.create false", ONE) is None
    assert ask(POETRY, "poetry run x", ONE) is None


def test_a_mount_belongs_on_the_downloads_beside_the_environments():
    assert POETRY.cache.parts == ("cache", "artifacts")
