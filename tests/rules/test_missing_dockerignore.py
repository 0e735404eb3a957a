import pytest

import rules
from rules.missing_dockerignore import rule
from tests.rules.tools import build, check_fixed, check_silent, findings

PYTHON = "FROM python:3\nWORKDIR /app\nCOPY . .\n"
FILES = {"Dockerfile": PYTHON, "main.py": "print()\n"}


def patterns(found):
    lines = found.fix.edits[0].text.split("\n")
    return {line for line in lines if line and not line.startswith("#")}


def of(files):
    (found,) = findings(rule, FILES | files)
    assert found.fix is not None, found.no_fix
    return patterns(found)


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit, path=e.path)


def test_the_finding_stands_on_the_copy_and_its_fix_makes_the_file():
    (found,) = findings(rule, FILES)
    assert (found.path, found.span.start) == ("Dockerfile", 3)
    assert [edit.path for edit in found.fix.edits] == [".dockerignore"]
    assert "`.git`" in found.message


def test_the_file_goes_to_the_root_of_the_context():
    files = {"app/Dockerfile": PYTHON, "app/requirements.txt": "", "app/main.py": "", "a.py": ""}
    (found,) = [f for f in rules.check(build(files, "app/Dockerfile"))[0] if f.rule == rule.name]
    assert [edit.path for edit in found.fix.edits] == ["app/.dockerignore"]
    assert found.severity == "info"
    assert ".git" not in patterns(found)


@pytest.mark.parametrize(
    ("dockerfile", "files"),
    [
        ("FROM python:3\nCOPY main.py /app/\n", {"main.py": ""}),
        (PYTHON, {"main.py": "", ".dockerignore": ""}),
        (PYTHON, {"main.py": "", ".containerignore": ""}),
        (PYTHON, {"main.py": "", "Dockerfile.dockerignore": "x\n"}),
        ("FROM scratch\nCOPY --from=a / /\n", {"main.py": ""}),
        ("FROM golang\nCOPY . .\nRUN go build .\n", {"main.go": "", "go.mod": ""}),
    ],
)
def test_silent_where_it_would_gain_little(dockerfile, files):
    check_silent(rule, dockerfile, files)


def test_silent_where_the_context_comes_from_git():
    workflow = """\
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v6
        with: {push: true}
"""
    assert findings(rule, FILES | {".github/workflows/image.yml": workflow}) == []


@pytest.mark.parametrize(
    ("files", "absent"),
    [
        ({"pkg/__pycache__/kept.pyc": ""}, "**/__pycache__"),
        ({".env": "A=1\n"}, ".env"),
        ({".env.example": "A=\n"}, ".env.*"),
        ({"Dockerfile": PYTHON + "COPY .github/x /\n", ".github/x": ""}, ".github"),
        ({"Dockerfile": PYTHON + "RUN cat .github/x\n", ".github/x": ""}, ".github"),
        ({"Dockerfile": PYTHON + "RUN --mount=type=bind,source=.github,target=/x ls /x\n",
          ".github/x": ""}, ".github"),
        ({"Dockerfile": PYTHON + "RUN git describe\n"}, ".git"),
        ({"Dockerfile": PYTHON + "RUN sh build.sh\n", "build.sh": "git rev-parse HEAD\n"}, ".git"),
        ({"pyproject.toml": '[build-system]\nrequires = ["hatch-vcs"]\n'}, ".git"),
        ({"README.md": "", "setup.py": 'open("README.md")\n'}, "README.md"),
        ({"README.md": "", "main.py": 'open("README.md")\n'}, "README.md"),
        ({"README.md": "", "main.py": 'glob("*.md")\n'}, "README.md"),
        ({"LICENSE.md": ""}, "LICENSE.md"),
        ({"README.md": "", "Dockerfile": PYTHON + "RUN eval $X\n"}, "README.md"),
        ({"README.md": "", "other.Dockerfile": PYTHON}, "README.md"),
        ({"README.md": "", **{f"m{n}.py": "" for n in range(101)}}, "README.md"),
        ({"docs/a.md": "", "docs/conf.py": ""}, "docs"),
        ({"docs/a.md": "", "package.json": '{"dependencies": {"vitepress": "1"}}'}, "docs"),
        ({".env.example": "A=\n", "Dockerfile": PYTHON + "RUN npm ci\n"}, ".env.*"),
        ({"Dockerfile": PYTHON + "RUN npm ci && npm run build\n"}, ".env"),
        ({"Dockerfile": PYTHON + "RUN yarn build\n"}, ".env.*"),
        ({"Dockerfile": PYTHON + "RUN python manage.py collectstatic\n"}, ".env"),
        ({".vscode/a": "", "Dockerfile": PYTHON + "RUN cat .vscode/a\n"}, ".vscode"),
        ({"package.json": "{}"}, "**/node_modules"),
        ({"package.json": "{}", "Dockerfile": PYTHON + "RUN npm install -g serve\n"},
         "**/node_modules"),
        ({"Cargo.toml": "", "Dockerfile": "FROM rust\nCOPY target/release/x /\nCOPY . .\n"
          "RUN cargo build\n", "target/release/x": ""}, "**/target"),
        ({"docker-compose.dcproj": "", "compose.yaml": ""}, "docker-compose.dcproj"),
        ({"docker-compose.yml": "", "web.Dockerfile": "FROM a\nCOPY docker-compose.yml /\n"},
         "docker-compose.yml"),
    ],
)  # fmt: skip
def test_nothing_that_the_build_may_read_is_proposed(files, absent):
    assert absent not in of(files)


@pytest.mark.parametrize(
    ("files", "there"),
    [
        ({".github/x": "", ".vscode/x": ""}, {".github", ".vscode", ".git"}),
        ({}, {".idea", ".vscode", ".env", ".env.*", "*.pem", "*.key"}),
        ({"Dockerfile": PYTHON + "RUN npm ci --no-audit && yarn\n"}, {".env", ".env.*"}),
        ({"docs/a.md": "", "docs/b.png": ""}, {"docs"}),
        ({"README.md": "", "CHANGELOG.md": ""}, {"README.md", "CHANGELOG.md"}),
        ({"package.json": "{}", "Dockerfile": PYTHON + "RUN npm ci\n"}, {"**/node_modules"}),
        ({"Cargo.toml": "", "Dockerfile": PYTHON + "RUN cargo build\n"}, {"**/target"}),
        ({"compose.yaml": ""}, {"compose.yaml", "Dockerfile", ".dockerignore"}),
    ],
)
def test_what_nothing_reads_is_proposed(files, there):
    assert there <= of(files)


def test_a_proposed_file_loses_nothing_but_what_is_unread():
    files = FILES | {".github/x": "", "README.md": "", "a/b.py": "", "static/c.css": ""}
    before = build(files)
    after, done = rules.combine(before, findings(rule, files))
    assert done
    lost = set(before.context.files) - set(after.context.files)
    assert lost == {".github/x", "README.md", "Dockerfile"}


def test_a_script_beside_makes_no_python_program():
    files = {"Dockerfile": "FROM golang\nCOPY . .\nRUN make\n", "go.mod": "", "tool.py": ""}
    assert findings(rule, files)
    assert "**/__pycache__" not in of(files)
