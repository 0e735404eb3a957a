import json
import subprocess
from pathlib import Path

import pytest

from bot.terminal import local
from bot.terminal.local import Clone, GitError
from bot.terminal.report import as_json, as_text
from rules.model.dockerfile import Span
from rules.model.finding import Evidence

DOCKERFILE = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"


class Work:
    """A git repository in a folder of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> None:
        settings = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", "-C", self.folder, *settings, *arguments], check=True)

    def commit(self, files: dict[str, str | bytes | None]) -> None:
        for path, content in files.items():
            target = self.folder / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")

    def branch(self, name: str) -> None:
        self.git("checkout", "-q", "-b", name)


@pytest.fixture
def work(tmp_path):
    work = Work(tmp_path)
    files = {"main.py": "", "requirements.txt": "flask\n", ".dockerignore": ".git\n"}
    work.commit({**files, "odd name\n.txt": "x"})
    work.branch("feature")
    return work


def reviewed(work, base="main", head="HEAD"):
    return local.review(work.folder, base, head)


def test_a_branch_is_reviewed_as_a_pull_request(work):
    work.commit({"Dockerfile": DOCKERFILE})
    (comment,) = reviewed(work).review.comments
    assert comment.span == Span(3, 4)
    assert comment.suggestion is not None
    assert comment.suggestion.text.count("COPY") == 2


def test_a_byte_order_mark_shifts_no_suggestion(work):
    work.commit({"Dockerfile": DOCKERFILE})
    plain = [c.suggestion for c in reviewed(work).review.comments]
    work.commit({"Dockerfile": f"\ufeff{DOCKERFILE}"})
    found = reviewed(work).review.comments
    assert [c.suggestion for c in found] == plain
    assert any(plain)


def test_work_on_the_base_since_the_branch_began_is_no_part_of_the_change(work):
    work.commit({"Dockerfile": "FROM scratch\n"})
    work.git("checkout", "-q", "main")
    work.commit({"other/Dockerfile": DOCKERFILE})
    work.git("checkout", "-q", "feature")
    assert set(reviewed(work).snapshot.changes) == {"Dockerfile"}


def test_an_old_fault_beside_a_new_line_is_not_told(work):
    work.git("checkout", "-q", "main")
    work.commit({"Dockerfile": DOCKERFILE})
    work.git("checkout", "-q", "-B", "bump")
    work.commit({"Dockerfile": DOCKERFILE.replace("3.12", "3.13")})
    found = reviewed(work)
    assert found.review.comments == ()
    assert {f.rule for f in found.analysis.old} == {
        "copy-source-before-install",
        "missing-cache-mount",
    }


def test_a_fault_whose_line_the_change_touches_is_told(work):
    work.git("checkout", "-q", "main")
    work.commit({"Dockerfile": DOCKERFILE})
    work.git("checkout", "-q", "-B", "edit")
    work.commit({"Dockerfile": DOCKERFILE.replace("COPY . .", "COPY . /app/")})
    assert len(reviewed(work).review.comments) == 1


def test_a_fault_beyond_the_lines_of_the_diff_is_listed_elsewhere(work):
    work.git("checkout", "-q", "main")
    gap = "".join(f"ENV V{n}=1\n" for n in range(20))
    good = f"FROM python:3\nWORKDIR /app\n{gap}COPY . .\n{gap}RUN pip install flask\n"
    work.commit({"Dockerfile": good.replace("flask", "flask && rm -rf ~/.cache/pip")})
    work.git("checkout", "-q", "-B", "edit")
    work.commit(
        {"Dockerfile": good.replace("pip install flask", "pip install -r requirements.txt")}
    )
    found = reviewed(work)
    rules = {f.rule: c for c in found.review.comments for f in c.findings}
    assert rules["copy-source-before-install"].suggestion is None
    assert "```diff" in rules["copy-source-before-install"].body


def test_an_ignore_file_is_reviewed_for_the_dockerfiles_it_governs(work):
    work.git("checkout", "-q", "main")
    work.commit({"Dockerfile": DOCKERFILE, "app/a.py": ""})
    work.git("checkout", "-q", "-B", "ignore")
    work.commit({".dockerignore": "__pycache__\n"})
    (finding,) = reviewed(work).analysis.new
    assert (finding.path, finding.rule) == (".dockerignore", "dockerignore-misses-nested")


def test_a_renamed_dockerfile_brings_no_new_finding(work):
    work.git("checkout", "-q", "main")
    work.commit({"Dockerfile": DOCKERFILE})
    work.git("checkout", "-q", "-B", "rename")
    work.git("mv", "Dockerfile", "Dockerfile.web")
    work.commit({})
    assert reviewed(work).review.comments == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"FROM a\nLABEL x=\xff\xfe\n", "not UTF-8"),
        (b"", "no instructions"),
        (b"FROM a\n" + b"RUN x\n" * 5000, "too large"),
        (b"HELLO\n", "HELLO"),
    ],
)
def test_an_unreadable_dockerfile_is_skipped_and_named(work, content, reason):
    work.commit(
        {"Dockerfile": content, "web/Dockerfile": DOCKERFILE, "web/requirements.txt": "x\n"}
    )
    found = reviewed(work)
    assert found.analysis.skipped[0][0] == "Dockerfile"
    assert reason in found.analysis.skipped[0][1]
    assert [c.path for c in found.review.comments] == ["web/Dockerfile"]


def test_a_dockerfile_that_is_a_link_is_skipped(work):
    (work.folder / "Dockerfile").symlink_to("other/Dockerfile.base")
    work.commit({"other/Dockerfile.base": "FROM scratch\n"})
    assert ("Dockerfile", "a symbolic link to `other/Dockerfile.base`") in reviewed(
        work
    ).analysis.skipped


def test_removed_binary_moved_and_linked_files_are_taken_as_they_are(work):
    work.commit({"a.bin": bytes(range(256)), "gone": "x\n"})
    work.branch("second")
    (work.folder / "link").symlink_to("main.py")
    (work.folder / "gone").unlink()
    (work.folder / "gone").symlink_to("main.py")
    work.git("mv", "main.py", "moved.py")
    work.commit({"a.bin": bytes(255), "Dockerfile": DOCKERFILE})
    changes = reviewed(work, base="feature").snapshot.changes
    assert {p: c.status for p, c in changes.items()} == {
        "Dockerfile": "added",
        "a.bin": "modified",
        "gone": "changed",
        "link": "added",
        "moved.py": "renamed",
    }
    assert changes["a.bin"].hunks is None


@pytest.mark.parametrize(
    ("base", "head", "message"),
    [
        ("nowhere", "HEAD", "no commit called 'nowhere'"),
        ("main", "nowhere", "no commit called 'nowhere'"),
        ("--upload-pack=x", "HEAD", "no commit called"),
    ],
)
def test_a_revision_that_is_none_is_one_clear_error(work, base, head, message):
    with pytest.raises(GitError, match=message):
        reviewed(work, base, head)


def test_a_folder_that_is_no_repository_is_one_clear_error(tmp_path):
    (tmp_path / "plain").mkdir()
    with pytest.raises(GitError, match="not a git repository"):
        Clone(tmp_path / "plain").fetch("main", "HEAD")
    with pytest.raises(GitError, match="no such folder"):
        Clone(tmp_path / "none").fetch("main", "HEAD")


def test_branches_without_a_common_commit_are_one_clear_error(work):
    work.git("checkout", "-q", "--orphan", "alone")
    work.commit({"main.py": "other"})
    with pytest.raises(GitError, match="no common commit"):
        reviewed(work)


def test_a_comment_counts_the_commits_that_the_base_had(work):
    work.git("checkout", "-q", "main")
    work.commit({"main.py": "print()\n"})
    work.commit({"main.py": "print(2)\n"})
    work.commit({"requirements.txt": "flask==3\n", "main.py": "print(3)\n"})
    work.git("checkout", "-q", "-B", "new")
    work.commit({"Dockerfile": DOCKERFILE})
    found = reviewed(work)
    counted = {f.rule: f.evidence for f in found.analysis.new}
    assert counted["copy-source-before-install"] == Evidence(3, 1)
    assert "Of 3 recent commits that re-ran it, 1 would have" in " ".join(as_text(found).split())


def test_a_merge_is_one_change_and_the_first_commit_none(work):
    work.git("checkout", "-q", "-B", "side", "main")
    work.commit({"a": "1", "b": "1"})
    work.commit({"a": "2"})
    work.git("checkout", "-q", "main")
    work.commit({"c": "1"})
    work.git("merge", "-q", "--no-ff", "-m", "x", "side")
    work.git("mv", "c", "d d\n")
    work.commit({})
    work.commit({})
    clone = Clone(work.folder)
    whole = clone.history(clone.commit("main"))
    changes = [set(), {"c", "d d\n"}, {"a", "b"}, {"c"}, set()]
    assert whole.commits == tuple(frozenset(change) for change in changes)
    assert clone.history(clone.commit("main"), 2).commits == whole.commits[:2]


def test_faults_of_the_bases_settings_are_told_with_the_review(work):
    work.git("checkout", "-q", "main")
    work.commit({".github/layerwise.yml": "version: 1\nprofle: strict\n"})
    work.git("checkout", "-q", "-B", "settings")
    work.commit({"Dockerfile": DOCKERFILE})
    found = reviewed(work)
    assert ".github/layerwise.yml, line 2: unknown setting 'profle'" in as_text(found)
    assert json.loads(as_json(found))["settings"][0]["line"] == 2


def test_a_file_that_the_clone_lacks_has_no_text(work):
    work.commit({"gone.txt": "not here\n"})
    clone = Clone(work.folder)
    clone.repository("HEAD")
    oid = clone.git("rev-parse", "HEAD:gone.txt").decode().strip()
    Path(work.folder, ".git/objects", oid[:2], oid[2:]).unlink()
    found = clone.read(["gone.txt", "requirements.txt"])
    assert found == {"gone.txt": None, "requirements.txt": "flask\n"}
