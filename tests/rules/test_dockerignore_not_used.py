import rules
from rules.dockerignore_not_used import rule
from tests.rules.tools import build

NAIVE = "FROM python:3\nCOPY docker/run.sh /\nCOPY . /app\n"
FILES = {"docker/Dockerfile": NAIVE, "docker/run.sh": "", "docker/.dockerignore": "", "a.py": ""}
WORKFLOW = """\
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v6
        with: {WITH}
"""


def found(files, path="docker/Dockerfile"):
    return [f for f in rules.check(build(files, path))[0] if f.rule == rule.name]


def test_an_ignore_file_beside_a_dockerfile_is_read_only_when_that_is_the_context():
    (said,) = found(FILES)
    assert (said.path, said.span.start, said.severity) == ("docker/Dockerfile", 3, "info")
    assert "`docker/.dockerignore` is read by no build" in said.message
    assert "`.dockerignore`" in said.message


def test_silent_where_another_build_may_read_it():
    assert found(FILES | {"docker/b.Dockerfile": "FROM a\nCOPY run.sh /\n"}) == []
    assert found(FILES | {"compose.yaml": "services: {a: {build: ./docker}}\n"}) == []


def test_silent_where_nothing_takes_the_folder_or_no_file_is_there():
    assert found(FILES | {"docker/Dockerfile": "FROM python:3\nCOPY docker/run.sh /\n"}) == []
    assert found({path: text for path, text in FILES.items() if "ignore" not in path}) == []


def test_silent_where_the_context_is_another_folder_altogether():
    compose = "services: {a: {build: {context: ./app, dockerfile: ../docker/Dockerfile}}}\n"
    files = FILES | {"docker/Dockerfile": "FROM a\nCOPY . /app\n", "app/a.py": ""}
    assert found(files | {"compose.yaml": compose}) == []


def test_silent_where_it_is_read():
    files = {"docker/Dockerfile": "FROM a\nCOPY run.sh /\nCOPY . /\n", "docker/run.sh": "x",
             "docker/.dockerignore": ""}  # fmt: skip
    assert found(files) == []


def test_a_build_from_git_has_no_ignore_file():
    files = {"Dockerfile": "FROM a\nCOPY . /app\n", ".dockerignore": "x\n", "a.py": ""}
    workflow = {".github/workflows/a.yml": WORKFLOW.replace("WITH", "push: true")}
    (said,) = found(files | workflow, "Dockerfile")
    assert "`.github/workflows/a.yml` builds from the commit itself" in said.message
    assert found(files, "Dockerfile") == []
    del files[".dockerignore"]
    assert found(files | workflow, "Dockerfile") == []


def test_a_build_of_a_folder_from_git_should_have_that_folder_as_its_context():
    files = {"web/Dockerfile": "FROM a\nCOPY . /app\n", "web/.dockerignore": "x\n", "web/a.py": ""}
    given = "{context: '{{defaultContext}}:web', push: true}"
    workflow = WORKFLOW.replace("{WITH}", given)
    (said,) = found(files | {".github/workflows/a.yml": workflow}, "web/Dockerfile")
    assert "`web/.dockerignore` is not applied" in said.message
    assert "With `context: web` behind a checkout it is" in said.message
