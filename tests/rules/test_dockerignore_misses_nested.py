import pytest

from rules import inspect
from rules.dockerignore_misses_nested import rule
from rules.model.repository import Repository
from tests.rules.tools import check_fixed, findings

FILES = {"Dockerfile": "FROM python:3\nWORKDIR /app\nCOPY . .\n", "app/api/a.py": "", "main.py": ""}


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit, path=e.path)


def test_the_comment_names_the_folders_and_who_is_affected():
    (found,) = findings(rule, FILES | {".dockerignore": "__pycache__\n"})
    assert "`app/api/`" in found.message
    assert "a fresh clone is not affected" in found.message


def test_patterns_far_apart_are_told_apart():
    text = "__pycache__\n" + "x\n" * 5 + "*.pyc\n"
    assert len(findings(rule, FILES | {".dockerignore": text})) == 2


def test_a_file_in_the_style_of_gits_is_mended_whole():
    before = ".git\n__pycache__/\n*.pyc\n*.egg-info\n.DS_Store\n"
    after = ".git\n**/__pycache__/\n**/*.pyc\n**/*.egg-info\n**/.DS_Store\n"
    files = FILES | {"libs/a/setup.py": ""}
    check_fixed(rule, before, after, files, edit="main.py", path=".dockerignore")


def test_macos_leaves_something_in_every_folder():
    (found,) = findings(rule, FILES | {".dockerignore": ".DS_Store\n", "a.css": "", "b/c.css": ""})
    assert "what macOS leaves in `app/api/`, `b/` is sent" in found.message
    (found,) = findings(rule, FILES | {".dockerignore": ".DS_Store\n*.pyc\n", "b/c.css": ""})
    assert "`.DS_Store` and `*.pyc` match" in found.message
    assert "what Python leaves in `app/api/` is sent" in found.message


def test_node_modules_of_nested_packages():
    files = {
        "Dockerfile": "FROM node:22\nWORKDIR /app\nCOPY . .\n",
        "package.json": "{}",
        "packages/a/package.json": "{}",
        "packages/a/package-lock.json": "{}",
    }
    check_fixed(
        rule,
        "node_modules\n",
        "**/node_modules\n",
        files,
        edit="package.json",
        path=".dockerignore",
    )


@pytest.mark.parametrize(
    ("before", "after", "manifest"),
    [
        ("bin/\nobj/\n", "**/bin/\n**/obj/\n", "src/Web/Web.csproj"),
        ("target\n", "**/target\n", "core/pom.xml"),
        ("build\n", "**/build\n", "app/build.gradle.kts"),
    ],
)
def test_outputs_of_nested_projects(before, after, manifest):
    files = {"Dockerfile": "FROM a\nCOPY . .\n", manifest: ""}
    check_fixed(rule, before, after, files, edit=manifest, path=".dockerignore")


@pytest.mark.parametrize(
    ("steps", "is_taken"),
    [
        ("COPY web/package.json web/package-lock.json ./\nCOPY web/src ./src\n", False),
        ("COPY web/*.json ./\nCOPY api ./\n", False),
        ("COPY web/$PART ./\nCOPY api ./\n", False),
        ("COPY --exclude=node_modules web ./\n", False),
        ("COPY --from=base /web ./\n", False),
        ("RUN --mount=type=bind,source=web/package.json,target=/p ls /p\n", False),
        ("RUN --mount=type=bind,source=$PART,target=/web ls /web\n", False),
        ("COPY web ./\n", True),
        ("COPY web/* ./\n", True),
        ("ADD --chown=node web/ ./\n", True),
        ("RUN --mount=type=bind,source=web,target=/web ls /web\n", True),
    ],
)
def test_a_step_must_take_the_nested_folder_not_only_files_beside_it(steps, is_taken):
    files = {
        "Dockerfile": "# syntax=docker/dockerfile:1-labs\nARG PART\nFROM node:22 AS base\n"
        "FROM base\nARG PART\nWORKDIR /app\n" + steps,
        ".dockerignore": "node_modules\n",
        "web/package.json": "{}",
        "web/package-lock.json": "{}",
        "web/src/a.js": "",
        "api/a.go": "",
    }
    assert bool(findings(rule, files)) is is_taken


@pytest.mark.parametrize(
    ("ignore", "files"),
    [
        ("target\n", FILES | {"crates/a/Cargo.toml": ""}),
        ("bin\n", FILES | {"Web.csproj": "", "tools/bin/run": ""}),
        ("**/__pycache__\n", FILES),
        ("/__pycache__\n", FILES),
        ("__pycache__\napp\n", FILES),
        ("*\n.DS_Store\n!app\n", FILES),
        ("./.DS_Store\n", FILES),
        ("/.DS_Store\n", FILES),
        (".DS_Store\n", {k: v for k, v in FILES.items() if "/" not in k}),
        ("*.egg-info\n", FILES | {"setup.py": "", "libs/a/pyproject.toml": ""}),
        ("__pycache__\n**/*.pyc\n", FILES),
        ("__pycache__\n", {k: v for k, v in FILES.items() if k != "app/api/a.py"}),
        ("node_modules\n", FILES | {"package.json": "{}"}),
        ("node_modules\n", FILES | {"stubs/a/package.json": "{}"}),
        ("__pycache__\n", FILES | {"Dockerfile": "FROM python:3\nCOPY main.py /app/\n"}),
        ("!__pycache__\n", FILES),
        ("__pycache__\n[\n", FILES),
    ],
)
def test_silent_where_nothing_nested_is_sent(ignore, files):
    assert findings(rule, {**files, ".dockerignore": ignore}) == []


def test_a_pattern_that_would_drop_a_tracked_file_gets_words():
    (found,) = findings(rule, FILES | {".dockerignore": "*.pyc\n", "app/api/kept.pyc": ""})
    assert found.fix is None
    assert "would not be sent" in (found.no_fix or "")


def test_silent_where_the_ignore_file_is_a_link_to_gits():
    texts = FILES | {".gitignore": "__pycache__\n", ".dockerignore": ".gitignore"}
    tree = Repository(frozenset(texts), texts, symlinks=frozenset({".dockerignore"}))
    assert rule.name not in {f.rule for f in inspect(tree, "Dockerfile").findings}
