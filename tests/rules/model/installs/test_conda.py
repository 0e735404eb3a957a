import pytest

from rules.model.installs.conda import CONDA
from tests.rules.model.installs.image import ask, is_tool, listed, reason

ENV = "channels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip:\n    - flask\n    - -r r.txt\n"
FILES = {"environment.yml": ENV, "r.txt": "gunicorn", "env/e.yaml": ENV, "env/r.txt": ""}


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("conda env create -f environment.yml", ["environment.yml", "r.txt"]),
        ("conda env update --name base --file=env/e.yaml --prune", ["env/e.yaml", "env/r.txt"]),
        ("mamba env create", ["environment.yml", "r.txt"]),
        ("micromamba install -y -n base -f env/e.yaml", ["env/e.yaml", "env/r.txt"]),
        ("conda install --file r.txt", ["r.txt"]),
    ],
)
def test_an_environment_is_followed(command, files):
    assert listed(CONDA, command, FILES) == files


@pytest.mark.parametrize(
    "command", ["conda install -y numpy=1.26", "conda create -n x -c conda-forge python=3.11"]
)
def test_names_are_tools(command):
    assert is_tool(CONDA, command, FILES)


@pytest.mark.parametrize(
    "command", ["conda clean -afy", "conda config --set x y", "conda env list", "conda run x"]
)
def test_other_commands_install_nothing(command):
    assert ask(CONDA, command, FILES) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dependencies:\n  - pip:\n    - -e .\n", "folder of the project"),
        ("dependencies:\n  - pip:\n    - ./x\n", "own files"),
        ("dependencies:\n  - pip:\n    - -r none.txt\n", "does not come"),
        ("channels: [./local]\n", "folder of packages"),
        ("a: &b [1]\nc: *b\n", "YAML"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(text, why):
    assert why in reason(CONDA, "conda env create -f environment.yml", {"environment.yml": text})


def test_a_package_file_needs_the_source():
    assert reason(CONDA, "conda install ./x.tar.bz2", FILES)


def test_its_cache_is_filled_by_the_base():
    assert CONDA.cache.refused
