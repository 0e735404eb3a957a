import shutil

import pytest

from bot.terminal.worktree import MAX_TEXT, read_text, read_tree
from tests.bot.terminal.test_local import Work

FILES = {"Cargo.toml": "", "src/main.rs": "", ".gitignore": ".env\n/target\n*.log\n"}
LEFT = {".env": "A=1\n", "target/debug/app": "x", "a.log": "", "odd name\n/.DS_Store": ""}


@pytest.fixture
def work(tmp_path):
    work = Work(tmp_path)
    work.commit(FILES)
    for path, text in LEFT.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return work


def test_what_git_ignores_and_tools_leave_is_none_of_the_repositorys_own(work):
    assert read_tree(work.folder).repository.paths == FILES.keys() | {
        "a.log",
        "odd name\n/.DS_Store",
    }


def test_what_is_committed_counts_though_git_would_ignore_it(work):
    work.git("add", "-f", ".env")
    assert ".env" in read_tree(work.folder).repository.paths


def test_without_git_everything_counts(work, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert read_tree(work.folder).repository.paths == FILES.keys() | LEFT.keys()
    shutil.rmtree(work.folder / ".git")
    assert read_tree(work.folder).repository.paths == FILES.keys() | LEFT.keys()


def test_a_file_beyond_the_bound_or_in_no_utf_8_has_no_text(tmp_path):
    file = tmp_path / "file"
    for content, text in ((b"x" * MAX_TEXT, "x" * MAX_TEXT), (b"x" * (MAX_TEXT + 1), None)):
        file.write_bytes(content)
        assert read_text(file) == text
    file.write_bytes(b"\xff")
    assert read_text(file) is None
