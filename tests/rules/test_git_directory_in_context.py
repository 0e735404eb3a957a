import pytest

from rules import inspect
from rules.git_directory_in_context import rule
from rules.model.history import History
from rules.model.repository import Repository
from tests.rules.tools import check_fixed, check_silent, findings

PYTHON = "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN echo built\n"
FILES = {"Dockerfile": PYTHON, "main.py": "", ".dockerignore": "node_modules\n"}


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit, path=e.path)


def test_the_comment_counts_the_steps_behind():
    (found,) = findings(rule, FILES)
    assert "re-runs this step and the step after it" in found.message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x", "x\n.git\n"),
        ("x\r\n", "x\r\n.git\r\n"),
        ("# x\n", "# x\n.git\n"),
        (".git\n!.git\n", ".git\n!.git\n.git\n"),
    ],
)
def test_the_line_fits_the_file(before, after):
    check_fixed(rule, before, after, FILES, edit="main.py", path=".dockerignore")


@pytest.mark.parametrize("ignore", [".git\n", ".git/\n", "/.git\n", "**/.git\n", "*\n!main.py\n"])
def test_silent_where_it_is_kept_back(ignore):
    check_silent(rule, PYTHON, FILES | {".dockerignore": ignore})


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"Dockerfile": PYTHON + "RUN git log -1\n"}, "runs `git log`"),
        ({"Dockerfile": PYTHON + "RUN cp .git/HEAD /x\n"}, "mentions `.git`"),
        ({"Dockerfile": PYTHON + "RUN go build ./...\n"}, "writes the commit"),
        ({"Dockerfile": PYTHON + "RUN dotnet publish\n"}, "writes the commit"),
        ({"Dockerfile": PYTHON + 'CMD ["git", "log"]\n'}, "CMD mentions"),
        ({"Makefile": "V := $(shell git describe --tags)\n"}, "`Makefile` mentions `git describe`"),
        ({"vite.config.ts": "execSync('git rev-parse HEAD')\n"}, "`vite.config.ts` mentions"),
        ({"a/build.rs": "vergen::emit()\n"}, "`a/build.rs` mentions `vergen`"),
        ({"setup.py": "use_scm_version=True  # setuptools_scm\n"}, "`setup.py` mentions"),
        ({"web.Dockerfile": "FROM a\nCOPY . .\nRUN git log\n"}, "another Dockerfile"),
        ({f"p{n}/package.json": "{}" for n in range(61)}, "too many"),
    ],
)
def test_silent_where_the_build_may_read_it(files, reason):
    files = FILES | files
    check_silent(rule, files.pop("Dockerfile"), files, reason)


@pytest.mark.parametrize(
    "lines",
    [
        "RUN git clone https://example.com/x /x\n",
        "RUN rm -rf .git\n",
        "RUN go build -buildvcs=false ./...\n",
        "RUN apt-get install -y git\n",
    ],
)
def test_git_may_be_there_for_something_else(lines):
    assert findings(rule, FILES | {"Dockerfile": PYTHON + lines})


def test_a_manifest_may_name_a_repository():
    manifest = '{"repository": {"type": "git", "url": "git+https://example.com/a.git"}}'
    assert findings(rule, FILES | {"package.json": manifest})


def test_only_the_root_of_a_repository_holds_it():
    files = {"app/Dockerfile": PYTHON, "app/main.py": "", "app/.dockerignore": "x\n"}
    assert findings(rule, files | {"Dockerfile": "FROM scratch\n"}) == []


def test_a_link_to_another_ignore_file_gets_words():
    texts = FILES | {".dockerignore": ".gitignore", ".gitignore": "x\n"}
    tree = Repository(frozenset(texts), texts, symlinks=frozenset({".dockerignore"}))
    (found,) = [f for f in inspect(tree, "Dockerfile").findings if f.rule == rule.name]
    assert found.fix is None
    assert "symbolic link" in found.no_fix


@pytest.mark.parametrize(
    ("dockerfile", "ignore"),
    [
        (PYTHON, None),
        (PYTHON, "x\n[\n"),
        ("FROM python:3\nCOPY main.py /app/\n", "x\n"),
    ],
)
def test_silent_where_it_is_for_another_rule_or_for_none(dockerfile, ignore):
    files = {"Dockerfile": dockerfile, "main.py": ""}
    assert findings(rule, files if ignore is None else {**files, ".dockerignore": ignore}) == []


def test_silent_where_the_dockerfile_names_it():
    dockerfile = PYTHON + "RUN --mount=type=bind,source=.git,target=/x ls /x\n"
    check_silent(rule, dockerfile, FILES)


def test_what_else_changes_often_does_not_forbid_the_fix():
    files = FILES | {".github/x": ""}
    history = History((frozenset([".github/x"]),) * 20)
    tree = Repository(frozenset(files), dict(files), history=history)
    (found,) = [f for f in inspect(tree, "Dockerfile").findings if f.severity == "warning"]
    assert (found.rule, found.fix is not None) == (rule.name, True)
