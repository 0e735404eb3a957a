import pytest

import rules
from rules.model.finding import Evidence
from rules.model.history import History
from rules.model.repository import Repository

NAIVE = "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
FILES = {
    ".dockerignore": ".git\n",
    "Dockerfile": NAIVE,
    "requirements.txt": "flask\n",
    "main.py": "",
    "docs/a.md": "",
}


def found(history, files=FILES, rule="copy-source-before-install", path="Dockerfile"):
    repository = Repository(frozenset(files), dict(files), history=history)
    (finding,) = [f for f in rules.inspect(repository, path).findings if f.rule == rule]
    return finding


def commits(*changes):
    return History(tuple(frozenset(change.split()) for change in changes))


@pytest.mark.parametrize(
    ("history", "counted"),
    [
        (commits("main.py", "requirements.txt main.py", "docs/a.md", "main.py"), (4, 1)),
        (commits("main.py gone.py", "requirements.txt"), (2, 1)),
        (commits("gone.py", "new/gone.py"), (2, 0)),
        (commits("", "main.py"), (1, 0)),
        (commits("Dockerfile", "main.py"), (2, 1)),
    ],
)
def test_commits_that_re_ran_the_install_and_those_that_would(history, counted):
    assert found(history).evidence == Evidence(*counted)


def test_files_that_the_ignore_file_keeps_back_do_not_count():
    files = {**FILES, ".dockerignore": ".git\ndocs\n"}
    assert found(commits("docs/a.md", "docs/b.md", "main.py"), files).evidence == Evidence(1, 0)


def test_every_commit_changes_git_where_that_is_sent():
    files = {**FILES, ".dockerignore": "docs\n"}
    assert found(commits("docs/a.md", "", "main.py"), files).evidence == Evidence(3, 0)
    git = found(commits("docs/a.md", "", "main.py"), files, "git-directory-in-context")
    assert git.evidence == Evidence(3, 1)


def test_nothing_is_said_where_nothing_re_ran_or_nothing_is_known():
    assert found(commits("", "")).evidence is None
    assert found(None).evidence is None


def test_of_what_no_commit_holds_nothing_is_counted():
    files = {**FILES, ".dockerignore": ".git\n__pycache__\n", "app/a.py": ""}
    history = commits("Dockerfile", "app/a.py")
    assert found(history, files, "dockerignore-misses-nested").evidence is None


def test_only_files_of_the_context_count():
    files = {f"app/{path}": text for path, text in FILES.items()}
    history = commits("app/main.py", "other/main.py", "main.py")
    assert found(history, files, path="app/Dockerfile").evidence == Evidence(1, 0)


def test_a_cache_mount_makes_the_step_no_rarer():
    rule = "missing-cache-mount"
    assert found(commits("main.py", "docs/a.md"), rule=rule).evidence == Evidence(2, 2)


def test_an_argument_that_is_new_with_each_commit_re_runs_what_stands_below():
    files = {
        **FILES,
        "Dockerfile": "FROM python:3\nARG GIT_SHA\nWORKDIR /app\nCOPY requirements.txt ./\n"
        "RUN pip install -r requirements.txt\nCOPY . .\nLABEL sha=$GIT_SHA\n",
    }
    history = commits("main.py", "", "requirements.txt")
    assert found(history, files, "early-volatile-argument").evidence == Evidence(3, 1)


def test_a_history_known_by_path_is_asked_for_the_largest_folders():
    asked = History()
    assert found(asked).evidence is None
    assert {"Dockerfile", "requirements.txt", ""} <= asked.missing.keys()
    by_path = dict.fromkeys(asked.missing, frozenset("1")) | {"": frozenset("1234")}
    assert found(History(by_path=by_path)).evidence == Evidence(4, 1)


def test_where_git_is_sent_the_whole_repository_is_asked_for():
    asked = History()
    found(asked, {path: text for path, text in FILES.items() if path != ".dockerignore"})
    assert "" in asked.missing


def test_folders_that_are_not_sent_whole_are_not_asked_for():
    asked = History()
    files = {".dockerignore": ".git\ndocs\n", "src/a.py": "", "src/b.py": ""}
    found(asked, FILES | files)
    assert "src" in asked.missing
    assert not {"", "docs", "docs/a.md"} & asked.missing.keys()


def test_a_fix_that_needs_many_paths_asks_for_none():
    names = " ".join(f"r{n}.txt" for n in range(12))
    files = {f"r{n}.txt": "flask\n" for n in range(12)} | {"main.py": ""}
    words = " ".join(f"-r {name}" for name in names.split())
    files["Dockerfile"] = f"FROM python:3\nWORKDIR /app\nCOPY . .\nRUN pip install {words}\n"
    asked = History()
    assert found(asked, files).evidence is None
    assert "r0.txt" not in asked.missing
