"""Leiningen: `lein deps` (https://codeberg.org/leiningen/leiningen/src/branch/main/doc/TUTORIAL.md)."""

from rules.model.installs.install import Call, Image, Manager, Reads, join, source_install
from rules.model.installs.lines import without_comments
from rules.model.installs.maven import MAVEN
from rules.model.installs.reading import (
    NeedsSourceError,
    below,
    following,
    here,
    reads_files,
    required,
    split_off,
)

_COMPILES = "the build compiles the source when it has downloaded what it needs"
_BY_HAND = "`lein deps` with `project.clj` alone, or a cache mount, keeps what it downloads."
_READING = (
    "slurp", "#=", "~(", "`", "load-file", "eval", ":parent-project", "lein-parent", "monolith",
    "lein-sub", "lein-modules", "lein-git", "lein-v", "file:", ":sub ", ":local-repo", ":hooks",
)  # fmt: skip


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `lein deps`; every other task may compile."""
    tasks = [word for word in call.words if not word.startswith("-")]
    if tasks[:1] == ["with-profile"]:
        tasks = tasks[2:]
    if not tasks or tasks[0] in ("version", "help", "clean", "self-install"):
        return None
    if tasks != ["deps"]:
        return source_install(_COMPILES, split_off(read, call, image, "deps"), _BY_HAND)
    if below(image, join(call.folder, "checkouts")):
        raise NeedsSourceError("`checkouts` holds packages among the project's own files")
    files = [join(call.folder, "project.clj"), *here(image, call.folder, "profiles.clj")]
    for path in files:
        text = without_comments(required(image, path), ";")
        if any(word in text for word in _READING):
            raise NeedsSourceError("`project.clj` may read other files")
    return reads_files(image, [*files, *call.own_program()])


LEININGEN = Manager(name="leiningen", programs=("lein",), read=read, caches=MAVEN.caches)
"""It keeps its downloads in Maven's local repository."""
