import pytest

from rules.model.installs.uv import UV
from tests.rules.model.installs.image import ask, is_tool, listed, reason

PLAIN = '[project]\nname = "a"\nversion = "1"\ndependencies = ["flask"]\n'
BUILT = PLAIN + '[build-system]\nrequires = ["hatchling"]\n'
ONE = {"pyproject.toml": PLAIN, "uv.lock": "", "main.py": ""}
PACKAGE = {**ONE, "pyproject.toml": BUILT, "README.md": "", "src/a/x.py": ""}
SPACE = {
    "pyproject.toml": PLAIN + '[tool.uv.workspace]\nmembers = ["libs/*"]\nexclude = ["libs/old"]\n',
    "uv.lock": "",
    "libs/b/pyproject.toml": BUILT,
    "libs/old/pyproject.toml": BUILT,
}


def test_a_project_that_is_no_package_reads_manifest_and_lock():
    files = {**ONE, ".python-version": "3.12"}
    assert listed(UV, "uv sync --locked", files) == ["pyproject.toml", "uv.lock", ".python-version"]
    assert ask(UV, "uv sync", files).writes == ("/app/.venv",)


def test_a_package_needs_its_source_but_for_its_dependencies():
    reads = ask(UV, "uv sync --frozen --no-dev", PACKAGE)
    assert "build back end" in reads.needs_source
    assert reads.split.words == ("uv", "sync", "--frozen", "--no-dev", "--no-install-project")
    assert reads.split.reads.files == ("/app/pyproject.toml", "/app/uv.lock")
    assert listed(UV, "uv sync --frozen --no-install-project", PACKAGE) == [
        "pyproject.toml",
        "uv.lock",
    ]


def test_members_of_a_workspace_are_listed():
    files = ["pyproject.toml", "uv.lock", "libs/b/pyproject.toml"]
    assert listed(UV, "uv sync --no-install-workspace", SPACE) == files
    assert listed(UV, "uv sync --no-install-workspace", SPACE, folder="/app/libs/b") == files
    reads = ask(UV, "uv sync --no-install-project", SPACE)
    assert reads.split.words[-1] == "--no-install-workspace"


def test_the_environment_may_be_elsewhere():
    reads = ask(UV, "uv sync", ONE, environment={"UV_PROJECT_ENVIRONMENT": "/opt/venv"})
    assert reads.writes == ("/opt/venv",)
    assert reason(UV, "uv sync", ONE, environment={"UV_PROJECT_ENVIRONMENT": None})


@pytest.mark.parametrize(
    ("command", "text", "why"),
    [
        ("uv sync --no-install-project", PLAIN + '[tool.uv.sources]\nx = {path = "../x"}', "own files"),
        ("uv sync --no-install-project", BUILT.replace('version = "1"', 'dynamic = ["version"]'), "version"),
        ("uv sync --frozen --no-install-project", 'project = {name = "a", dynamic = ["dependencies"]}', "back end"),
        ("uv sync", '[project]\ndependencies = ["x @ file:///app/x"]', "own files"),
        ("uv sync", '[[tool.uv.index]]\nurl = "./wheels"', "folder of packages"),
        ("uv sync", "=", "TOML"),
        ("uv run x", PLAIN, "project itself"),
        ("uv sync --config-file x", PLAIN, "settings"),
        ("uv pip install -e .", PLAIN, "`-e`"),
        ("uv pip install .", PLAIN, "own files"),
        ("uv pip install -r setup.py", PLAIN, "from the source"),
        ("uv pip install -r none.txt", PLAIN, "does not come"),
    ],
)  # fmt: skip
def test_what_cannot_be_listed_needs_the_source(command, text, why):
    assert why in reason(UV, command, {"pyproject.toml": text, "uv.lock": ""})


def test_a_dynamic_version_is_not_looked_at_with_a_frozen_lock():
    text = BUILT.replace('version = "1"', 'dynamic = ["version"]')
    files = {"pyproject.toml": text, "uv.lock": ""}
    assert listed(UV, "uv sync --frozen --no-install-project", files)
    assert listed(UV, "uv sync --no-install-project", files, environment={"UV_FROZEN": "1"})


def test_sync_without_a_manifest_needs_the_source():
    assert "does not come" in reason(UV, "uv sync", {})


def test_uv_pip_reads_requirements_as_pip_does():
    files = {"r.txt": "-r b.txt", "b.txt": "flask", "limits.txt": ""}
    assert listed(UV, "uv pip install --system -r r.txt -c limits.txt", files) == [
        "r.txt",
        "b.txt",
        "limits.txt",
    ]
    assert listed(UV, "uv pip sync r.txt", files) == ["r.txt", "b.txt"]


def test_uv_pip_reads_the_dependencies_of_a_project_and_its_settings():
    assert listed(UV, "uv pip install -r pyproject.toml", ONE) == ["pyproject.toml"]
    tuned = {"pyproject.toml": PLAIN + '[tool.uv]\nindex-strategy = "x"', "r.txt": ""}
    assert listed(UV, "uv pip install -r r.txt", tuned) == ["r.txt", "pyproject.toml"]
    assert listed(UV, "uv pip install ruff", tuned) == ["pyproject.toml"]


@pytest.mark.parametrize(
    "command", ["uv pip install ruff", "uv tool install ruff", "uv python install 3.12"]
)
def test_names_are_tools(command):
    assert is_tool(UV, command, ONE)


@pytest.mark.parametrize("command", ["uv venv", "uv export", "uv cache clean", "uv"])
def test_other_commands_install_nothing(command):
    assert ask(UV, command, ONE) is None


def test_links_into_the_cache_forbid_a_mount():
    assert ask(UV, "uv sync --link-mode symlink", ONE).caches[0].refused
    assert ask(UV, "uv sync", ONE, environment={"UV_LINK_MODE": "symlink"}).caches[0].refused
    assert ask(UV, "uv sync", ONE, environment={"UV_LINK_MODE": "copy"}).caches is None
