import pytest

from rules.model.installs.pdm import PDM
from tests.rules.model.installs.image import ask, listed, reason

TEXT = '[project]\nname = "a"\nversion = "1"\ndependencies = ["flask"]\n'
ONE = {"pyproject.toml": TEXT, "pdm.lock": "", "src/a.py": ""}


def test_dependencies_alone_read_manifest_and_lock():
    assert listed(PDM, "pdm sync --prod --no-self", ONE) == ["pyproject.toml", "pdm.lock"]
    files = {**ONE, "pyproject.toml": TEXT + "[tool.pdm]\ndistribution = false\n"}
    assert listed(PDM, "pdm install", files) == ["pyproject.toml", "pdm.lock"]


def test_the_project_itself_needs_its_source_but_for_its_dependencies():
    assert ask(PDM, "pdm install --prod", ONE).split.words[-1] == "--no-self"


@pytest.mark.parametrize(
    ("command", "more", "why"),
    [
        ("pdm install --no-self", '[tool.pdm.scripts]\npost_install = "x"', "hook"),
        (
            "pdm install --no-self",
            '[tool.pdm.dev-dependencies]\ndev = ["-e file:///x"]',
            "own files",
        ),
        ("pdm install --no-self", '[[tool.pdm.source]]\nurl = "./wheels"', "folder of packages"),
        ("pdm install --no-self -L x.lock", "", "settings"),
        ("pdm add x", "", "project itself"),
        ("pdm install", "=", "TOML"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(command, more, why):
    assert why in reason(PDM, command, {**ONE, "pyproject.toml": TEXT + more})


def test_other_commands_install_nothing():
    assert ask(PDM, "pdm run x", ONE) is None


def test_links_into_the_cache_forbid_a_mount():
    assert (
        ask(PDM, "pdm sync --no-self", ONE, environment={"PDM_INSTALL_CACHE": "1"})
        .caches[0]
        .refused
    )
