import json
from pathlib import Path

import pytest

from rules.model.context import MAX_FILES, BuildContext, ignore_path
from rules.model.repository import Repository

TABLE = json.loads((Path(__file__).parent / "data/dockerignore_cases.json").read_text())


def repository(texts, *more):
    return Repository(frozenset([*texts, *more]), texts)


@pytest.mark.parametrize(
    "case",
    [case for case in TABLE["cases"] if case.get("others") or "dockerfile" in case],
    ids=lambda case: case["note"],
)
def test_the_engine_reads_the_same_ignore_file(case):
    tree = [path for path in TABLE["trees"][case["tree"]] if not path.endswith("/")]
    dockerfile = case.get("dockerfile", "Dockerfile")
    texts = dict(case.get("others", {}))
    if case["ignore"] is not None:
        texts[".dockerignore"] = case["ignore"]
    files = {*tree, *texts, dockerfile}
    context = BuildContext.read(repository(texts, *files), dockerfile, "")
    dropped = {path for path in case["dropped"] if not path.endswith("/")}
    assert set(context.files) == files - dropped


def test_a_context_in_a_folder_has_its_own_ignore_file_and_paths():
    files = ["app/src/a.py", "app/docs/b.md", "docs/c.md", "app/Dockerfile"]
    texts = {".dockerignore": "*", "app/.dockerignore": "docs\n.dockerignore"}
    context = BuildContext.read(repository(texts, *files), "app/Dockerfile", "app")
    assert context.files == ("Dockerfile", "src/a.py")
    assert context.ignore is not None
    assert context.ignore.path == "app/.dockerignore"


def test_the_ignore_file_of_a_dockerfile_lies_beside_it_wherever_the_context_is():
    texts = {"docker/web.Dockerfile.dockerignore": "", ".dockerignore": "*"}
    assert ignore_path(repository(texts), "docker/web.Dockerfile", "") in texts
    assert ignore_path(repository(texts), "docker/web.Dockerfile", "").startswith("docker/")
    assert ignore_path(repository(texts), "docker/api.Dockerfile", "") == ".dockerignore"
    assert ignore_path(repository(texts), "docker/api.Dockerfile", "docker") is None


@pytest.mark.parametrize(
    ("links", "kind"),
    [
        ({".dockerignore": ".gitignore"}, "local"),
        ({".dockerignore": "conf/ignore", "conf/ignore": "../.gitignore"}, "local"),
        ({".dockerignore": "not-there"}, "unknown"),
        ({".dockerignore": ".dockerignore"}, "unknown"),
        ({".dockerignore": "../../elsewhere"}, "unknown"),
    ],
)
def test_an_ignore_file_may_be_a_link(links, kind):
    texts = {".gitignore": "*.log\n", "a.log": "", "a.py": "", **links}
    tree = Repository(frozenset(texts), texts, symlinks=frozenset(links))
    context = BuildContext.read(tree, "Dockerfile", "")
    assert context.kind == kind
    if kind == "local":
        assert set(context.files) == texts.keys() - {"a.log"}
        assert context.ignore is not None
        assert context.ignore.path == ".gitignore"


def test_a_git_context_has_every_file_of_the_commit_and_no_git_folder():
    context = BuildContext.read(repository({".dockerignore": "*"}, "a"), "Dockerfile", "", "git")
    assert context.files == (".dockerignore", "a")
    assert context.ignore is None
    assert context.may_send("anything")
    assert not context.may_send(".git/HEAD")


def test_a_git_context_may_keep_its_git_folder():
    read = BuildContext.read(repository({}, "a"), "Dockerfile", "", "git", keeps_git=True)
    assert read.may_send(".git/HEAD")


def test_paths_that_are_not_there_may_be_sent_or_not():
    texts = {".dockerignore": "**/node_modules\n*.log"}
    context = BuildContext.read(repository(texts), "Dockerfile", "")
    assert [
        p for p in ("a/node_modules/x", "a.log", "a/b.log", ".git/HEAD") if context.may_send(p)
    ] == [
        "a/b.log",
        ".git/HEAD",
    ]


def test_an_ignore_file_that_fails_the_build_is_an_error():
    context = BuildContext.read(repository({".dockerignore": "a\n["}, "b"), "Dockerfile", "")
    assert context.error is not None
    assert context.error.line == 2
    assert context.kind == "local"


@pytest.mark.parametrize(
    "tree",
    [
        Repository(frozenset(["a"]), complete=False),
        Repository(frozenset(map(str, range(MAX_FILES + 1)))),
        Repository(frozenset([".dockerignore"])),
        Repository(frozenset([".dockerignore"]), {".dockerignore": "a\n" * 2000}),
        Repository(frozenset([".dockerignore"]), {".dockerignore": None}),
    ],
    ids=["cut off", "too many files", "not fetched yet", "too many patterns", "not a text"],
)
def test_what_cannot_be_listed_is_unknown(tree):
    context = BuildContext.read(tree, "Dockerfile", "")
    assert context.kind == "unknown"
    assert context.files == ()
    assert not context.may_send("a")


def test_an_ignore_file_that_was_not_fetched_is_asked_for():
    tree = Repository(frozenset([".dockerignore"]))
    BuildContext.read(tree, "Dockerfile", "")
    assert tree.missing == {".dockerignore"}


@pytest.mark.parametrize(
    ("sources", "excludes", "files"),
    [
        (["."], [], ["a.py", "b.txt", "src/a.py", "src/sub/c.py"]),
        (["./"], ["**/*.py"], ["b.txt"]),
        (["src/."], [], ["src/a.py", "src/sub/c.py"]),
        (["src"], ["sub"], ["src/a.py"]),
        (["src/*"], ["*.py"], ["src/a.py"]),
        (["*.py"], [], ["a.py"]),
        (["s*"], [], ["src/a.py", "src/sub/c.py"]),
        (["*/*.py"], [], ["src/a.py"]),
        (["[^a].txt", "a.py"], [], ["a.py", "b.txt"]),
        (["/src/../b.txt"], [], ["b.txt"]),
        (["nothing", "src/*.md"], [], []),
    ],
)
def test_sources_of_a_copy_take_files_as_go_matches_them(sources, excludes, files):
    tree = repository({}, "a.py", "b.txt", "src/a.py", "src/sub/c.py")
    context = BuildContext.read(tree, "Dockerfile", "")
    assert list(context.matched_files(sources, excludes)) == files
