"""A git clone on this machine, read with git's own commands."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bot.diff import Hunk, read_patch
from bot.snapshot import FileChange, Snapshot
from bot.terminal.worktree import text_of
from rules.model.history import MOST_COMMITS, History
from rules.model.repository import Repository

_STATUS = {
    "A": "added",
    "C": "copied",
    "D": "removed",
    "M": "modified",
    "R": "renamed",
    "T": "changed",
}


class GitError(Exception):
    """git could not do it; the text is one line for the user."""


class Clone:
    """A git repository on this machine, read with git's own commands."""

    def __init__(self, folder: Path) -> None:
        """`folder`: any folder inside the work tree, or a bare repository; GitError if none."""
        if not folder.is_dir():
            raise GitError(f"no such folder: {folder}")
        self.folder = folder
        self.git("rev-parse", "--git-dir")  # complains if this is no repository
        self._objects: dict[str, str] = {}

    def git(self, *arguments: str, given: bytes | None = None) -> bytes:
        """What git prints, or GitError with the first line of its complaint."""
        command = ["git", "-C", str(self.folder), "-c", "core.quotePath=false", *arguments]
        try:
            done = subprocess.run(  # noqa: S603  # no shell; arguments are separate words
                command, input=given, capture_output=True, check=False
            )
        except OSError as error:
            raise GitError(f"git cannot be started: {error.strerror}") from error
        if done.returncode:
            complaint = done.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise GitError(complaint.removeprefix("fatal: ") or f"git {arguments[0]} failed")
        return done.stdout

    def commit(self, revision: str) -> str:
        """The full id of a commit, or GitError naming the revision."""
        try:
            found = self.git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        except GitError as error:
            raise GitError(f"no commit called {revision!r} in {self.folder}") from error
        return found.decode().strip()

    def default_base(self) -> str:
        """The branch that a pull request from here would go to."""
        try:
            head = self.git("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD").decode()
            return head.strip().removeprefix("refs/remotes/")
        except GitError:
            pass
        for name in ("origin/main", "origin/master", "main", "master"):
            try:
                self.commit(name)
            except GitError:
                continue
            return name
        raise GitError("no main branch found: name one with --base")

    def fetch(self, base: str, head: str) -> Snapshot:
        """The change `base...head`: from the merge base of the two to `head`."""
        head_commit = self.commit(head)
        base_commit = self.commit(base)
        try:
            start = self.git("merge-base", base_commit, head_commit).decode().split()[0]
        except GitError as error:
            raise GitError(f"{base} and {head} have no common commit") from error
        tree = replace(self.repository(head_commit), history=self.history(base_commit))
        return Snapshot.at(tree, self._changes(start, head_commit))

    def history(self, commit: str, most: int = MOST_COMMITS) -> History:
        """What a commit and those before it changed, merges taken for one change each."""
        return History(tuple(paths for _, paths in self.log(commit, most)))

    def log(self, commit: str, most: int) -> list[tuple[str, frozenset[str]]]:
        """The ids of a commit and its first parents, the newest first, and what each changed.

        A commit without a parent (in a shallow clone the oldest) has changed nothing.
        """
        options = ["--first-parent", "-m", "--name-only", "-z", "--no-renames", "--format=%x01%H"]
        log = ["-c", "log.showRoot=false", "log", f"-{most}", "--ignore-submodules=all", *options]
        entries = os.fsdecode(self.git(*log, commit)).split("\1")[1:]
        found = []
        for entry in entries:
            oid, _, names = entry.partition("\0")
            paths = names.removeprefix("\n").split("\0")
            found.append((oid, frozenset(paths) - {""}))
        return found

    def repository(self, commit: str) -> Repository:
        """The tree of a commit, without texts."""
        paths, executable, symlinks = [], [], []
        for entry in self.git("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
            if not entry:
                continue
            about, _, name = entry.partition(b"\t")
            mode, kind, oid = about.decode().split(" ")
            path = name.decode("utf-8", "surrogateescape")
            if kind != "blob":  # a submodule: its files are not in this repository
                continue
            paths.append(path)
            self._objects[path] = oid
            if mode == "100755":
                executable.append(path)
            elif mode == "120000":
                symlinks.append(path)
        return Repository(
            frozenset(paths), executable=frozenset(executable), symlinks=frozenset(symlinks)
        )

    def text(self, revision: str, path: str) -> str | None:
        """One file of a revision, None where there is none."""
        try:
            return text_of(self.git("cat-file", "blob", f"{self.commit(revision)}:{path}"))
        except GitError:
            return None

    def read(self, paths: Iterable[str]) -> dict[str, str | None]:
        """Texts of files of the tree read last; None for one too large, no UTF-8 or not there."""
        wanted = sorted(paths)
        oids = "".join(f"{self._objects[path]}\n" for path in wanted).encode()
        out = self.git("cat-file", "--batch", given=oids)
        texts: dict[str, str | None] = {}
        at = 0
        for path in wanted:
            end = out.index(b"\n", at)
            about = out[at:end].split()
            if about[1:] == [b"missing"]:  # a clone need not have every file
                texts[path], at = None, end + 1
                continue
            size = int(about[2])
            blob = out[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
            texts[path] = text_of(blob)
        return texts

    def changes_on_disk(self, base: str) -> list[FileChange]:
        """What the work tree changes of the merge base of `base` and HEAD; no new files."""
        start = self.git("merge-base", self.commit(base), self.commit("HEAD"))
        return self._changes(start.decode().split()[0])

    def untracked(self) -> list[str]:
        """The files of the work tree that git neither tracks nor ignores."""
        listed = self.git("ls-files", "--others", "--exclude-standard", "-z")
        return [os.fsdecode(path) for path in listed.split(b"\0") if path]

    def _changes(self, *revisions: str) -> list[FileChange]:
        options = ["--no-color", "--no-ext-diff", "--no-textconv", "-M", "-U3", *revisions]
        names = iter(self.git("diff", "--name-status", "-z", *options).split(b"\0")[:-1])
        patches = iter(_split_patches(self.git("diff", *options)))
        changes = []
        for name in names:
            status = _STATUS[name.decode()[0]]
            old = next(names).decode("utf-8", "surrogateescape")
            moved = status in ("renamed", "copied")
            path = next(names).decode("utf-8", "surrogateescape") if moved else old
            hunks = _hunks(next(patches))
            if status == "changed":  # a file became a link or the reverse: two patches
                next(patches)
                hunks = None
            changes.append(FileChange(path, status, hunks, old if moved else None))
        return changes


def _split_patches(diff: bytes) -> list[bytes]:
    """A diff of many files, split into its files: only their headers start with `diff`."""
    parts = (b"\n" + diff).split(b"\ndiff --git ")
    return parts[1:]


def _hunks(patch: bytes) -> tuple[Hunk, ...] | None:
    start = patch.find(b"\n@@ ")
    if start < 0:
        return None if b"\nBinary files " in patch else ()
    try:
        return read_patch(patch[start + 1 :].decode())
    except UnicodeDecodeError:
        return None
