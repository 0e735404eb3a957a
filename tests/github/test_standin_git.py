"""Git objects and diffs of the stand-in: they are git's own."""

import hashlib
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.github.git import EXECUTABLE, SYMLINK, Objects
from tests.github.hunks import read_patch


def test_an_object_is_named_as_git_names_it(repository):
    entry = repository.files("main")["README.md"]
    assert entry.sha == hashlib.sha1(b"blob 7\0A shop\n").hexdigest()
    assert repository.objects.git("fsck", "--strict", "--no-dangling") == b""


def test_a_tree_is_sorted_as_git_sorts_it(repository):
    names = {"a.b": "1", "a/b": "2", "a0": "3", "a": None}
    repository.commit("main", {name: text for name, text in names.items() if text})
    listing = repository.objects.git("ls-tree", "--name-only", "-r", repository.branches["main"])
    assert listing.decode().split() == ["Dockerfile", "README.md", "a.b", "a/b", "a0"]
    assert repository.objects.git("fsck", "--strict", "--no-dangling") == b""


def test_a_file_keeps_its_mode_until_it_is_given_another(repository):
    repository.commit("main", {"run": "x", "link": "run"}, executable=["run"], symlinks=["link"])
    repository.commit("main", {"run": "y"})
    files = repository.files("main")
    assert (files["run"].mode, files["link"].mode) == (EXECUTABLE, SYMLINK)


@pytest.mark.parametrize(
    ("before", "after", "status", "patch"),
    [
        (None, "a\nb\n", "added", "@@ -0,0 +1,2 @@\n+a\n+b"),
        ("a\n", None, "removed", "@@ -1 +0,0 @@\n-a"),
        ("a\nb\n", "a\nc\n", "modified", "@@ -1,2 +1,2 @@\n a\n-b\n+c"),
        ("a\n", "a", "modified", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file"),
        ("a\r\n", "b\r\n", "modified", "@@ -1 +1 @@\n-a\r\n+b\r"),
        (b"\0", b"\1\0", "modified", None),
        ("", "-- x\n++ y\n", "modified", "@@ -0,0 +1,2 @@\n+-- x\n+++ y"),
        (
            "a\x0cb\u2028c\n",
            "a\x0cb\u2028d\n",
            "modified",
            "@@ -1 +1 @@\n-a\x0cb\u2028c\n+a\x0cb\u2028d",
        ),
    ],
)
def test_a_patch_is_gits(repository, before, after, status, patch):
    repository.commit("main", {"f": before} if before is not None else {"g": "."})
    start = repository.branches["main"]
    repository.commit("main", {"f": after})
    trees = [repository.objects.commit(sha).tree for sha in (start, repository.branches["main"])]
    (change,) = repository.objects.diff(*trees)
    assert (change.path, change.status, change.patch) == ("f", status, patch)


def test_a_moved_file_is_a_rename_and_has_no_patch(repository):
    repository.commit(
        "feature", {"docker/Dockerfile": repository.text("Dockerfile"), "Dockerfile": None}
    )
    (change,) = repository.open_pull_request("feature").files()
    assert (change.status, change.previous, change.patch) == ("renamed", "Dockerfile", None)


def test_a_file_that_only_became_executable_is_changed_and_has_no_patch(repository):
    repository.commit(
        "feature", {"Dockerfile": repository.text("Dockerfile")}, executable=["Dockerfile"]
    )
    (change,) = repository.open_pull_request("feature").files()
    assert (change.status, change.patch) == ("changed", None)


def test_a_file_that_became_a_link_has_no_patch_and_the_next_file_keeps_its_own(repository):
    repository.commit(
        "feature", {"Dockerfile": "README.md", "README.md": "B\n"}, symlinks=["Dockerfile"]
    )
    link, readme = repository.open_pull_request("feature").files()
    assert (link.status, link.patch) == ("changed", None)
    assert readme.patch == "@@ -1 +1 @@\n-A shop\n+B"


def test_a_clone_lends_its_commits(github, tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True
        )

    git("init", "-q", "-b", "trunk")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    repository = github.add_repository("octo/lent", clone=tmp_path / ".git", default_branch="trunk")
    assert repository.text("Dockerfile") == "FROM scratch\n"
    repository.commit("feature", {"Dockerfile": "FROM alpine\n"})
    (change,) = repository.open_pull_request("feature").files()
    assert change.patch == "@@ -1 +1 @@\n-FROM scratch\n+FROM alpine"


LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=40)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=LINES, after=LINES)
def test_a_line_is_followed_through_a_diff_to_a_line_of_the_same_text(
    tmp_path_factory, before, after
):
    objects = Objects(tmp_path_factory.mktemp("objects"))
    texts = ["".join(f"{line}\n" for line in lines) for lines in (before, after)]
    first, second = (objects.write("blob", text.encode()) for text in texts)
    diff = objects.git("diff", "-U3", first, second).decode()
    patch = read_patch(diff[diff.index("@@") :] if "@@" in diff else None)
    moved = [patch.moved(line) for line in range(1, len(before) + 1)]
    kept = [(old, new) for old, new in enumerate(moved, 1) if new is not None]
    assert all(before[old - 1] == after[new - 1] for old, new in kept)
    removed = sum(row.mark == "-" for row in patch.rows)
    assert len(kept) == len(before) - removed
    assert sorted(new for _, new in kept) == [new for _, new in kept]
