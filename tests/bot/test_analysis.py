"""Which texts are asked for before the tree is known."""

import pytest

from bot.analysis import COMMON, MOST_EXPECTED, WORKFLOWS, concerns_us, expected
from bot.diff import all_new, read_patch
from bot.snapshot import FileChange

KNOWN = ["README.md"]


def added(path: str, text: str = "") -> FileChange:
    return FileChange(path, "added", all_new(text))


def test_changed_files_that_say_what_is_built_and_how():
    changes = [
        added(path)
        for path in [
            "a/Dockerfile", ".dockerignore", "package.json", "package-lock.json", "src/main.py",
            ".gitlab-ci.yml", "README.md", "compose.yaml", "docker/notes",
        ]
    ]  # fmt: skip
    assert set(expected(changes, KNOWN)) == {
        "a/Dockerfile", ".dockerignore", "package.json", ".gitlab-ci.yml", "README.md",
        "compose.yaml", "docker/notes",
    }  # fmt: skip


def test_what_the_changed_lines_of_a_dockerfile_name():
    text = (
        "FROM python:3.12-slim\nCOPY ./a.txt b/c.toml ${X}.txt /abs/d.txt poetry.lock /x/\n"
        'RUN pip install -r req/dev.txt https://x.org/e.txt\nCMD ["python", "main.py"]\n'
    )
    got = expected([added("app/Dockerfile", text)], KNOWN)
    named = ["a.txt", "b/c.toml", "req/dev.txt", "main.py"]
    assert set(got) == {"app/Dockerfile", *named, *(f"app/{name}" for name in named)}


def test_removed_lines_and_files_are_not_asked_for():
    patch = read_patch("@@ -1,2 +1,2 @@\n-COPY old.txt /\n+COPY new.txt /\n FROM x")
    changes = [FileChange("Dockerfile", "modified", patch), FileChange("go.mod", "removed", patch)]
    assert expected(changes, KNOWN) == ["Dockerfile", "new.txt"]


def test_of_an_unknown_repository_what_most_have():
    got = expected([added("a/Dockerfile")], [])
    assert {*COMMON, *(f"a/{name}" for name in COMMON), WORKFLOWS} <= set(got)


def test_there_is_an_end_to_it():
    many = [added(f"{n}/Dockerfile", f"COPY {n}.txt /\n" * 50) for n in range(300)]
    assert len(expected(many, [])) == MOST_EXPECTED


@pytest.mark.parametrize(("path", "concerns"), [
    ("Dockerfile", True), ("a/prod.Dockerfile", True), (".dockerignore", True),
    ("ci/docker/build", True), ("main.py", False),
])  # fmt: skip
def test_which_changes_concern_us(path, concerns):
    assert concerns_us([added(path)]) is concerns
    assert not concerns_us([FileChange(path, "removed", None)])
