"""Git objects as git itself makes and compares them: one store for a repository and its forks."""

import hashlib
import os
import subprocess
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FILE, EXECUTABLE, SYMLINK, TREE, SUBMODULE = "100644", "100755", "120000", "040000", "160000"
NOTHING = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's name for the tree without files


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a tree; `size` in bytes, None for folders and submodules."""

    mode: str
    sha: str
    size: int | None = None

    @property
    def kind(self) -> str:
        return {TREE: "tree", SUBMODULE: "commit"}.get(self.mode, "blob")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """How one path differs between two trees.

    `status` is GitHub's word. `patch` starts at the first `@@`; it is None where git shows no
    lines (binary, pure rename, mode only).
    """

    path: str
    previous: str | None
    status: str
    sha: str
    patch: str | None

    @property
    def additions(self) -> int:
        return self._count("+")

    @property
    def deletions(self) -> int:
        return self._count("-")

    def _count(self, mark: str) -> int:
        return sum(row.startswith(mark) for row in (self.patch or "").split("\n"))


class Objects:
    """A bare repository on disk, with git as the judge of what differs and what came first."""

    def __init__(self, folder: Path, borrowed: Path | None = None) -> None:
        """`borrowed` is the git directory of another repository whose objects are read too."""
        self.folder = folder
        (folder / "objects" / "info").mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
        if borrowed is not None:
            objects = borrowed.resolve() / "objects"
            (folder / "objects" / "info" / "alternates").write_text(f"{objects}\n")
        self._kept: dict[str, tuple[str, bytes]] = {}
        self._listings: dict[str, dict[str, Entry]] = {}
        self._diffs: dict[tuple[str, str], tuple[FileDiff, ...]] = {}
        self._bases: dict[tuple[str, str], str | None] = {}
        self.write("tree", b"")

    def git(self, *arguments: str, given: bytes = b"") -> bytes:
        """What `git …` prints; no configuration of the machine takes part."""
        run = subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments],
            input=given,
            capture_output=True,
            check=True,
            env={
                "PATH": os.environ.get("PATH", ""),
                "GIT_DIR": str(self.folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_NO_REPLACE_OBJECTS": "1",
                "LC_ALL": "C",
            },
        )
        return run.stdout

    def write(self, kind: str, body: bytes) -> str:
        data = b"%s %d\0%s" % (kind.encode(), len(body), body)
        sha = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        if sha not in self._kept:
            self._kept[sha] = (kind, body)
            path = self.folder / "objects" / sha[:2] / sha[2:]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(data, 1))
        return sha

    def read(self, sha: str) -> tuple[str, bytes]:
        """The kind and body of an object; LookupError when there is none."""
        if sha not in self._kept:
            head, _, rest = self.git("cat-file", "--batch", given=sha.encode() + b"\n").partition(
                b"\n"
            )
            if head.endswith(b" missing"):
                raise LookupError(sha)
            _, kind, size = head.decode().split(" ")
            self._kept[sha] = (kind, rest[: int(size)])
        return self._kept[sha]

    def blob(self, sha: str) -> bytes:
        kind, body = self.read(sha)
        if kind != "blob":
            raise LookupError(sha)
        return body

    def files(self, tree: str) -> Mapping[str, Entry]:
        """Every path under a tree, folders too, in git's order."""
        if tree not in self._listings:
            listing: dict[str, Entry] = {}
            rows = self.git("ls-tree", "-r", "-t", "-l", "-z", tree).split(b"\0")
            for row in filter(None, rows):
                head, _, path = row.partition(b"\t")
                mode, _, sha, size = head.decode().split()
                listing[path.decode("utf-8", "surrogateescape")] = Entry(
                    mode, sha, None if size == "-" else int(size)
                )
            self._listings[tree] = listing
        return self._listings[tree]

    def write_tree(self, files: Mapping[str, Entry]) -> str:
        """The tree that holds these files; folders in the mapping are ignored."""
        inside: dict[str, dict[str, Entry]] = {}
        here: dict[str, Entry] = {}
        for path, entry in files.items():
            head, slash, rest = path.partition("/")
            if slash:
                inside.setdefault(head, {})[rest] = entry
            elif entry.kind != "tree":
                here[head] = entry
        for name, below in inside.items():
            if any(entry.kind != "tree" for entry in below.values()):
                here[name] = Entry(TREE, self.write_tree(below))
        names = sorted(here, key=lambda name: _bytes(name) + b"/" * (here[name].mode == TREE))
        sha = self.write("tree", b"".join(_row(name, here[name]) for name in names))
        listing: dict[str, Entry] = {}
        for name in names:
            listing[name] = here[name]
            if here[name].mode == TREE:
                below = self._listings[here[name].sha]
                listing |= {f"{name}/{path}": entry for path, entry in below.items()}
        self._listings[sha] = listing
        return sha

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Person, committer: Person
    ) -> str:
        lines = [f"tree {tree}", *(f"parent {sha}" for sha in parents)]
        lines += [
            f"{role} {_signature(person)}"
            for role, person in (("author", author), ("committer", committer))
        ]
        return self.write("commit", "\n".join([*lines, "", message]).encode())

    def commit(self, sha: str) -> Commit:
        kind, body = self.read(sha)
        if kind != "commit":
            raise LookupError(sha)
        head, _, message = body.decode("utf-8", "replace").partition("\n\n")
        fields: dict[str, list[str]] = {}
        for line in head.split("\n"):
            name, _, value = line.partition(" ")
            fields.setdefault(name, []).append(value)
        return Commit(
            sha,
            fields["tree"][0],
            tuple(fields.get("parent", ())),
            _person(fields["author"][0]),
            _person(fields["committer"][0]),
            message,
        )

    def merge_base(self, one: str, other: str) -> str | None:
        """Where two histories part; None when they have nothing in common."""
        if (one, other) not in self._bases:
            try:
                found = self.git("merge-base", one, other).decode().strip()
            except subprocess.CalledProcessError:
                found = None
            self._bases[one, other] = found
        return self._bases[one, other]

    def commits(self, *arguments: str, path: str | None = None) -> tuple[str, ...]:
        """`git rev-list …`, newest first, of the commits that touch `path`."""
        paths = ["--", f":(literal){path}"] if path else ["--"]
        return tuple(self.git("rev-list", *arguments, *paths).decode().split())

    def diff(self, before: str, after: str) -> tuple[FileDiff, ...]:
        """`git diff-tree` of two trees, with renames, as GitHub lists a pull request's files."""
        if (before, after) not in self._diffs:
            options = ("-r", "-M", "--raw", "--no-abbrev", "-z", "-p", "-U3")
            listing, _, text = self.git("diff-tree", *options, before, after).partition(b"\0\0")
            self._diffs[before, after] = tuple(_read_diff(listing, text))
        return self._diffs[before, after]


def _read_diff(listing: bytes, text: bytes) -> Iterable[FileDiff]:
    words = iter(listing.decode("utf-8", "surrogateescape").split("\0"))
    patches = iter(_patches(text.decode("utf-8", "replace")))
    for head in words:
        if not head:
            return
        old_mode, new_mode, old_sha, new_sha, letter = head.lstrip(":").split(" ")
        first = next(words)
        path, previous = (next(words), first) if letter[0] in "RC" else (first, None)
        if letter[0] == "T":  # a file became a link: git prints its end and its beginning
            patch, _ = None, (next(patches), next(patches))
        else:
            patch = next(patches)
        status = {
            "A": "added",
            "D": "removed",
            "R": "renamed",
            "C": "copied",
            "T": "changed",
            "M": "changed" if old_mode != new_mode and old_sha == new_sha else "modified",
        }[letter[0]]
        yield FileDiff(path, previous, status, old_sha if letter == "D" else new_sha, patch)


def _patches(text: str) -> Iterable[str | None]:
    """The part of each file after its header; within a hunk no line starts with `d`."""
    rows = text.split("\n")[:-1]
    starts = [at for at, row in enumerate(rows) if row.startswith("diff --git ")]
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        hunk = next((at for at in range(start, end) if rows[at].startswith("@@ ")), None)
        yield None if hunk is None else "\n".join(rows[hunk:end])


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _row(name: str, entry: Entry) -> bytes:
    mode = entry.mode.lstrip("0").encode()
    return b"%s %s\0%s" % (mode, _bytes(name), bytes.fromhex(entry.sha))


def _signature(person: Person) -> str:
    return f"{person.name} <{person.email}> {int(person.date.timestamp())} +0000"


def _person(signature: str) -> Person:
    name, _, rest = signature.partition(" <")
    email, _, when = rest.partition("> ")
    return Person(name, email, datetime.fromtimestamp(int(when.split(" ")[0]), UTC))
