import json
import posixpath
from pathlib import Path

import pytest

from rules.model.builder import Builder
from rules.model.cache import Build, Change, file_classes, rerun
from rules.model.context import BuildContext
from rules.model.dockerfile import parse
from rules.model.repository import Repository

TABLE = json.loads((Path(__file__).parent / "data" / "cache_semantics.json").read_text())

NOT_ASKED = {
    ("copy-dot", "user.* xattr set on a file"): "extended attributes are no input",
    ("unused-stage", "--target test given"): "one target is compared with itself",
    ("arg-predefined", "TARGETARCH not declared; --platform linux/arm64"): "no input for it",
    ("run-text", "build with --network=host instead of none"): "no input for it",
    ("run-text", "--no-cache given"): "a cache that is not used says nothing of keys",
    ("from-alias", "FROM tag changed to another tag of the very same image"):
        "which tags are one image only a registry knows",
    ("copy-excluded-file", "COPY names a file .dockerignore excludes"): "the build fails",
    ("same-path-daemon-reuse", "folder chmod 755 -> 700"): "stale: what stat() missed",
    ("same-path-daemon-reuse", "same size, same mtime, other bytes"): "stale: what stat() missed",
    ("ci-import-min", "source edit"): "a cache exported with mode=min lacks layers",
    ("ci-import-min", "manifest edit"): "a cache exported with mode=min lacks layers",
    ("onbuild", "file named by the base's ONBUILD COPY changed"):
        "the ONBUILD of an image that only a registry has",
}  # fmt: skip
"""Rows that no Change can say, and why."""

SAME_OUTPUT = {"copy-from-image"}
"""Rows in which another image holds the same file: that is `--output same`."""

BASE_TOO = {
    ("copy-from-same-output", "same bytes, other file mode"),
    ("copy-from-same-output", "same bytes, one more file"),
    ("copy-from-same-output", "same bytes, other owner"),
    ("from-stage", "sibling's RUN changed (its /r is unchanged)"),
}
"""Rows whose stand-in base images change along with the RUN: they hold a list of what to make."""

SHELL = {
    "content changed, same size and same mtime (same context folder)": {"edits": {"app.py"}},
    "tar's member content changed": {"edits": {"x.tar"}},
    "line endings to CRLF": lambda text: text.replace("\n", "\r\n"),
    "UTF-8 BOM in front": lambda text: "\ufeff" + text,
}
"""What the table's shell commands do."""


def build(dockerfile, files, executable=()):
    """A build of files given as text, or as {"content"|"symlink"|"mode"} in the table's way."""
    texts, symlinks, modes = {}, set(), set(executable)
    for path, spec in {"Dockerfile": dockerfile, **files}.items():
        if isinstance(spec, str):
            spec = {"content": spec}
        texts[path] = spec.get("symlink", spec.get("content", ""))
        if "symlink" in spec:
            symlinks.add(path)
        if spec.get("mode") == "755":
            modes.add(path)
    repository = Repository(frozenset(texts), texts, frozenset(modes), frozenset(symlinks))
    context = BuildContext.read(repository, "Dockerfile", "")
    return Build("Dockerfile", parse(dockerfile), context, repository, Builder())


def change_of(row, files):
    """The table's mutations as a Change and the Dockerfile after them."""
    text = row["dockerfile"]
    found = {name: set() for name in ("edits", "adds", "deletes", "chmods", "base_images")}
    arguments, contents = {}, dict(files)
    mutations = row["change"]
    for mutation in mutations if isinstance(mutations, list) else [mutations]:
        match mutation["op"]:
            case "modify" | "symlink":
                found["edits"].add(mutation["path"])
                if mutation["path"].endswith(".dockerignore"):
                    contents[mutation["path"]] = files[mutation["path"]] + mutation["append"]
            case "add":
                same = _content(files.get(mutation["path"])) == mutation.get("content", "added\n")
                if mutation["path"] in found["deletes"]:
                    found["deletes"].discard(mutation["path"])
                    if not same:
                        found["edits"].add(mutation["path"])
                else:
                    found["adds"].add(mutation["path"])
            case "delete":
                found["deletes"].add(mutation["path"])
            case "rename":
                old, new = mutation["path"], mutation["to"]
                for path in files:
                    if path == old or path.startswith(old + "/"):
                        found["deletes"].add(path)
                        found["adds"].add(new + path[len(old) :])
            case "hardlink":
                found["adds"].add(mutation["path"])
            case "chmod":
                found["chmods"].add(mutation["path"])
            case "umask-all":
                found["chmods"].update(files)
            case "dockerfile":
                assert mutation["old"] in text
                text = text.replace(mutation["old"], mutation["new"], 1)
            case "dockerfile-text":
                text = mutation["text"]
            case "build-arg":
                arguments[mutation["name"]] = mutation["value"]
            case "base":
                found["base_images"].add(mutation["image"])
            case "shell":
                does = SHELL[row["label"]]
                if callable(does):
                    text = does(text)
                else:
                    found["edits"] |= does["edits"]
            case "touch" | "touch-all" | "chown" | "nop" | "secret" | "url" | "flag":
                pass  # no input, and no part of any key
            case other:
                pytest.fail(f"no word for {other}")
    sets = {name: frozenset(paths) for name, paths in found.items()}
    return text, contents, {**sets, "build_args": arguments}


def _content(spec):
    return spec.get("content") if isinstance(spec, dict) else spec


def _named(row):
    return row["id"], row["label"]


ROWS = [row for row in TABLE["rows"] if _named(row) not in NOT_ASKED]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['id']}: {row['label']}")
def test_the_model_says_what_the_engine_did(row):
    files = TABLE["trees"][row["tree"]]
    text, contents, change = change_of(row, files)
    old = build(row["dockerfile"], files)
    now = build(text, contents) if contents != files else old.with_text(text)
    if _named(row) in BASE_TOO:
        change["base_images"] = frozenset(layer.image for layer in now.layers if layer.image)
    output = "same" if row["id"] in SAME_OUTPUT else "input"
    last = len(now.dockerfile.stages) - 1
    steps = rerun(now, Change(old=old, **change), output, last)
    said = {"cached": "cached", "rerun": "run"}
    model = {step.line: said[step.status] for step in steps if step.status in said}
    engine = {int(line): s for line, s in row["status"].items() if s in ("cached", "run")}
    assert model == engine, [(step.line, step.status, step.cause) for step in steps]


def test_all_rows_are_asked_but_those_listed():
    assert len(ROWS) == len(TABLE["rows"]) - len(NOT_ASKED)
