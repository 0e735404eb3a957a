"""The ignore file that fits a build, and lines to add to one."""

import posixpath
import re
from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Layer, once
from rules.model.context import ignore_path
from rules.model.evidence import HEAD
from rules.model.finding import Edit
from rules.model.leftovers import LEFTOVERS, MINE, present
from rules.model.sources import ROOT
from rules.model.unread import unread
from rules.model.versions import why_git_is_read

_TITLES = {
    "ci": "CI and editors",
    "docs": "Documentation",
    "build": "The build itself",
}


@once
def takers(build: Build) -> list[Layer]:
    """The steps that take the whole context: `COPY . .`, and RUNs that bind it."""
    return [layer for layer in build.layers if ROOT in layer.local_sources]


def steps_behind(build: Build, layer: Layer) -> str:
    """How many steps of its stage stand behind a layer, as the end of a sentence."""
    count = sum(
        each.step and each.stage == layer.stage and each.index > layer.index
        for each in build.layers
    )
    return f" and the {f'{count} steps' if count > 1 else 'step'} after it" if count else ""


def proposed_path(build: Build) -> str:
    """Where the ignore file of this context belongs."""
    return posixpath.join(build.context.root, ".dockerignore")


def propose(build: Build) -> str:
    """The text of an ignore file for this tree and this Dockerfile; "" when it would gain little.

    It is worth a file where `.git` or what a language leaves behind is kept back.
    """
    sections: dict[str, list[str]] = {}
    if holds_git(build) and why_git_is_read(build) is None:
        sections["Version control"] = [".git"]
    for leftover in present(build):
        if leftover.title == MINE and not sections:  # these stand last: nothing else is there
            return ""
        sections.setdefault(leftover.title, []).append(leftover.pattern)
    if not sections:
        return ""
    for group, title in _TITLES.items():
        lines = [each.path for each in unread(build) if each.group == group]
        if group == "build":
            lines.append(".dockerignore")
        if lines:
            sections[title] = lines
    parts = ("\n".join([f"# {title}", *lines, ""]) for title, lines in sections.items())
    return "\n".join(parts)


def holds_git(build: Build) -> bool:
    """Whether the builder is sent `.git`: its folder is the root of the repository."""
    context = build.context
    at_root = context.kind == "local" and not context.root and build.repository.has_git
    return at_root and context.may_send(HEAD)


def append(build: Build, lines: Sequence[str]) -> Edit | None:
    """Lines at the end of the ignore file that governs, where they have the last word.

    None when there is none, or it is read over a link.
    """
    path = ignore_path(build.repository, build.path, build.context.root)
    text = None if path is None else build.repository.read(path)
    if path is None or text is None or path in build.repository.symlinks:
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    before = "" if not text or text.endswith("\n") else newline
    new = before + "".join(line + newline for line in lines)
    return Edit(path, len(text), len(text), new)


def samples(build: Build) -> Iterator[str]:
    """Paths that a developer's folder may hold although no commit does, and what patterns name."""
    yield HEAD
    for leftover in LEFTOVERS:
        for folder in leftover.folders(build.context.files):
            yield posixpath.join(folder, leftover.sample)
    for pattern in build.context.ignore.patterns if build.context.ignore is not None else ():
        yield _matched_by(pattern.text)


def _matched_by(pattern: str) -> str:
    """A path that a plain pattern matches; of a class the first character, or one not in it."""
    text = re.sub(r"\[([^]]+)\]", _member, pattern.replace("**/", ""))
    return text.replace("*", "x").replace("?", "x")


def _member(found: re.Match[str]) -> str:
    members = found.group(1)
    if not members.startswith("^"):
        return members[0]
    return next((c for c in "abcdefghijklmnopqrstuvwxyz" if c not in members), "A")
