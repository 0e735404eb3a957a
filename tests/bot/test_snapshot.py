from bot.diff import read_patch
from bot.snapshot import FileChange, Snapshot
from rules.model.repository import Repository

HEAD = Repository(
    frozenset({"Dockerfile", "new", "moved", "same"}),
    texts={"Dockerfile": "FROM b\n", "moved": "text\n", "same": "x\n"},
)
CHANGES = (
    FileChange("Dockerfile", "modified", read_patch("@@ -1 +1 @@\n-FROM a\n+FROM b")),
    FileChange("new", "added", read_patch("@@ -0,0 +1 @@\n+x")),
    FileChange("gone", "removed", read_patch("@@ -1 +0,0 @@\n-was here")),
    FileChange("moved", "renamed", (), previous="old"),
)


def test_the_base_is_the_head_with_the_change_taken_back():
    base = Snapshot.at(HEAD, CHANGES).base
    assert base.paths == {"Dockerfile", "gone", "old", "same"}
    assert base.read("Dockerfile") == "FROM a\n"
    assert base.read("old") == "text\n"
    assert base.read("same") == "x\n"
    assert base.read("gone") == "was here\n"


def test_a_file_without_patch_has_no_old_text():
    change = FileChange("Dockerfile", "modified", None)
    assert Snapshot.at(HEAD, [change]).base.read("Dockerfile") is None


def test_a_patch_that_does_not_fit_gives_no_old_text():
    change = FileChange("Dockerfile", "modified", read_patch("@@ -1 +1 @@\n-FROM a\n+FROM c"))
    assert Snapshot.at(HEAD, [change]).base.read("Dockerfile") is None


def test_what_either_side_asked_for_is_missing_until_it_is_brought():
    snapshot = Snapshot.at(Repository(frozenset({"a", "b", "c"})), ())
    snapshot.head.read("a")
    snapshot.base.read("b")
    snapshot.head.read("not there")
    assert snapshot.missing == {"a", "b"}
    later = snapshot.with_texts({"a": "A", "b": None})
    assert later.missing == frozenset()
    assert (later.base.read("a"), later.base.read("b")) == ("A", None)
    assert later.missing == frozenset()
