import pytest

from rules.model.installs.pip import PIP
from tests.rules.model.installs.image import ask, is_tool, listed, reason

FILES = {
    "requirements.txt": "flask  # -r x.txt\n-r base/all.txt\n--index-url https://x/simple\n",
    "base/all.txt": "-c limits.txt\ngunicorn \\\n  --hash=sha256:abc\nrequests[socks]>=2 ; python_version > '3'\n",
    "base/limits.txt": "flask<4\n",
    "dev.txt": "pytest\n",
}
ALL = ["requirements.txt", "base/all.txt", "base/limits.txt"]


@pytest.mark.parametrize(
    "command",
    [
        "pip install -r requirements.txt", "pip3 install --no-cache-dir -rrequirements.txt",
        "pip install --requirement=requirements.txt gunicorn",
        "pip wheel -w /wheels -r requirements.txt", "pip download -d /wheels -r ./requirements.txt",
        "pip install -r requirements.txt -r https://example.org/x.txt",
    ],
)  # fmt: skip
def test_requirements_are_followed(command):
    assert listed(PIP, command, FILES) == ALL


def test_the_constraint_of_a_variable_is_read():
    files = {**FILES, "limits.txt": ""}
    environment = {"PIP_CONSTRAINT": "limits.txt"}
    assert listed(PIP, "pip install flask", files, environment=environment) == ["limits.txt"]
    assert "PIP_CONSTRAINT" in reason(
        PIP, "pip install flask", files, environment={"PIP_CONSTRAINT": None}
    )


@pytest.mark.parametrize(
    "command",
    ["pip install --upgrade pip", "pip install uvicorn[standard]==0.3 'x>=1'", "pip install git+https://x/y.git",
     "pip install -e git+https://x/y.git#egg=y", "pip install -f https://x/wheels torch"],
)  # fmt: skip
def test_names_are_tools(command):
    assert is_tool(PIP, command, FILES)


@pytest.mark.parametrize(
    "command", ["pip list", "pip cache purge", "pip", "pip config set global.x y"]
)
def test_other_commands_install_nothing(command):
    assert ask(PIP, command, FILES) is None


def test_where_it_installs_to_is_told():
    assert ask(PIP, "pip install -t lib flask", FILES).writes == ("/app/lib",)
    assert ask(PIP, "pip install --prefix=/x -r requirements.txt", FILES).writes == ("/x",)


@pytest.mark.parametrize(
    ("command", "text", "why"),
    [
        ("pip install .", "", "own files"),
        ("pip install .[dev]", "", "own files"),
        ("pip install -e .", "", "`-e`"),
        ("pip install -e.", "", "`-e`"),
        ("pip install ./dist/x.whl", "", "own files"),
        ("pip install x.whl", "", "own files"),
        ("pip install --find-links wheels x", "", "--find-links"),
        ("pip install --group dev", "", "--group"),
        ("pip install -r none.txt", "", "does not come from the build context"),
        ("pip install -r requirements.txt", "-e .", "`-e`"),
        ("pip install -r requirements.txt", "./libs/x", "own files"),
        ("pip install -r requirements.txt", "x @ file:///app/x", "own files"),
        ("pip install -r requirements.txt", "libs/x-1.whl --hash=sha256:a", "own files"),
        ("pip install -r requirements.txt", "--find-links wheels", "folder of the project"),
        ("pip install -r requirements.txt", "-r ${WHICH}.txt", "from the environment"),
        ("pip install -r requirements.txt", "-r none.txt", "`none.txt`"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(command, text, why):
    assert why in reason(PIP, command, {"requirements.txt": text})


def test_variables_that_name_files_are_not_followed():
    assert reason(PIP, "pip install x", {}, environment={"PIP_FIND_LINKS": "wheels"})


def test_files_that_name_each_other_end():
    files = {"requirements.txt": "-r b.txt", "b.txt": "-r requirements.txt"}
    assert listed(PIP, "pip install -r requirements.txt", files) == ["requirements.txt", "b.txt"]


def test_many_files_are_refused():
    files = {f"{n}.txt": f"-r {n + 1}.txt" for n in range(50)}
    assert "more than" in reason(PIP, "pip install -r 0.txt", files)


NAMED = {"pyproject.toml": "[project]\nname = 'a'\ndependencies = ['flask']\n"}


@pytest.mark.parametrize(
    ("command", "files", "told"),
    [
        ("pip install .", NAMED, True),
        ("pip install -e .[dev]", NAMED, True),
        ("pip install --no-deps .", NAMED, False),
        ("pip install .", {"pyproject.toml": "[project]\nname = 'a'\n"}, False),
        ("pip install .", {"pyproject.toml": "["}, False),
        ("pip install .", {"setup.py": ""}, False),
    ],
)
def test_the_dependencies_of_a_package_of_the_project_can_come_first(command, files, told):
    found = ask(PIP, command, files)
    assert found is not None
    assert found.needs_source is not None
    assert (found.instead is not None) is told
