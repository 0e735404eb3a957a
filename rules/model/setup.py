"""Commands that set up an image and read nothing of the project: packages, users, folders, tools.

Only what is certain is named here. A command, an option or a path that is not known may read what
was copied, and then stays behind it.
"""

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rules.model.installs.install import Call
from rules.model.installs.npm import NPM
from rules.model.installs.pip import PIP
from rules.model.places import is_project_folder

_ARCHIVES = (".deb", ".rpm", ".apk", ".whl", ".gem", ".tgz", ".tar.gz", ".zip")


def may_read_source(words: tuple[str, ...], folder: str, targets: Sequence[str]) -> bool:
    """Whether a command may read or change what was copied to `targets`.

    `words`: a simple command, unwrapped (no `sudo`, `env`, `python -m`), each word after quote
    removal; a pattern such as `*` may stand in a path, any other expansion makes the answer True
    before this is asked. `folder`: the working directory, absolute. `targets`: absolute paths.
    What the command is redirected to is the caller's to compare with `targets`.
    """
    if not words or not all(is_project_folder(target) for target in targets):
        return True
    judge = _JUDGES.get(posixpath.basename(words[0]))
    return judge is None or judge(_Asked(words[1:], folder, targets))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The words after the program, where it runs, and what it must not touch."""

    words: tuple[str, ...]
    folder: str
    targets: Sequence[str]

    def touches(self, word: str) -> bool:
        """Whether a path lies in a target, or a target in it."""
        if word.startswith("~") or "$" in word or "`" in word:
            return True
        parts = posixpath.join(self.folder, word).split("/")
        known = next((i for i, part in enumerate(parts) if set(part) & set("*?[{")), len(parts))
        path = posixpath.normpath("/".join(parts[:known]) or "/").lstrip("/") + "/"
        path = "/" if path == "./" else "/" + path.lstrip("/")
        for target in self.targets:
            other = posixpath.normpath(target).rstrip("/") + "/"
            if path.startswith(other) or other.startswith(path):
                return True
        return False

    def touches_any(self, words: Iterable[str]) -> bool:
        return any(self.touches(word) for word in words)

    def inside(self) -> bool:
        """Whether the working directory is a target or lies in one."""
        here = self.folder.rstrip("/") + "/"
        return any(here.startswith(target.rstrip("/") + "/") for target in self.targets)


_Judge = Callable[[_Asked], bool]


def _nothing(asked: _Asked) -> bool:
    """`echo`, `true`: only an unquoted pattern reads the names of files (`echo *`)."""
    return any(
        set(word) & set("*?[") and not set(word) & set(" \t\n") and "://" not in word
        for word in asked.words
    )


def _paths(asked: _Asked) -> bool:
    """`mkdir`, `rm`: what is no option is a path; a value joined to an option may be one."""
    return asked.touches_any(_arguments(asked.words)) or _option_paths(asked)


def _owned_paths(asked: _Asked) -> bool:
    """`chown app:app PATH…`: the first argument is an owner or a mode."""
    if any(word.startswith("--reference") for word in asked.words):
        return True
    return asked.touches_any(_arguments(asked.words)[1:])


def _accounts(asked: _Asked) -> bool:
    """`useradd`: it makes a home, and leaves one alone that stands already."""
    if any(target.startswith("/home/") for target in asked.targets):
        return True
    return _named_paths(asked)


def _named_paths(asked: _Asked) -> bool:
    """Words are names and numbers, or paths when they hold a `/`."""
    return asked.touches_any(
        value
        for word in asked.words
        for value in word.split("=")
        if "/" in value and not _url(value)
    )


def _packages(*verbs: str, files: str = "") -> _Judge:
    """Judge a system package manager: one of `verbs`, then names.

    `files`: options that name a file or another root.
    """
    risky = tuple(files.split())

    def judge(asked: _Asked) -> bool:
        named = _arguments(asked.words)
        if not set(named) & set(verbs):
            return True
        if any(word.startswith(risky) for word in asked.words if risky and word.startswith("-")):
            return True
        if any(word.endswith(_ARCHIVES) and not _url(word) for word in named):
            return True
        return _named_paths(asked)

    return judge


def _pip(asked: _Asked) -> bool:
    reads = PIP.read(Call(asked.words, asked.folder), _Empty())
    return reads is None or reads.project or asked.touches_any(reads.writes)


def _npm(asked: _Asked) -> bool:
    """In global mode the project's `.npmrc` has no effect.

    https://docs.npmjs.com/cli/v11/configuring-npm/npmrc#per-project-config-file
    """
    reads = NPM.read(Call(asked.words, asked.folder), _Empty())
    return reads is None or reads.project or _named_paths(asked)


class _Empty:
    """An image in which nothing was copied."""

    def has(self, _path: str) -> bool:
        return False

    def text(self, _path: str) -> str | None:
        return None


def _arguments(words: Sequence[str]) -> list[str]:
    """List what is no option, and all after `--`."""
    end = words.index("--") if "--" in words else len(words)
    return [w for w in words[:end] if not w.startswith("-") or w == "-"] + list(words[end + 1 :])


def _option_paths(asked: _Asked) -> bool:
    values = (w.partition("=")[2] for w in asked.words if w.startswith("--"))
    return asked.touches_any(value for value in values if value)


def _url(word: str) -> bool:
    scheme, found, _ = word.partition("://")
    return bool(found) and scheme.lower() in ("http", "https", "ftp")


_APT = _packages(
    *"install update upgrade dist-upgrade full-upgrade remove purge autoremove autopurge clean "
    "autoclean".split(),
    files="-c --config-file -oDir --option=Dir",
)
_DNF = _packages(
    *"install update upgrade check-update makecache remove erase autoremove clean reinstall "
    "swap module groupinstall".split(),
    files="-c --config --installroot",
)

_JUDGES: dict[str, _Judge] = {
    **dict.fromkeys(
        "echo printf true : false set locale-gen ldconfig sleep exit".split(), _nothing
    ),
    **dict.fromkeys("mkdir rmdir rm touch ln".split(), _paths),
    **dict.fromkeys("chown chmod chgrp".split(), _owned_paths),
    **dict.fromkeys(
        "useradd groupadd adduser addgroup usermod groupmod userdel groupdel".split(), _accounts
    ),
    **dict.fromkeys(("apt", "apt-get"), _APT),
    **dict.fromkeys(("dnf", "yum", "microdnf", "tdnf"), _DNF),
    "apk": _packages(
        *"add del update upgrade cache".split(), files="-p --root --keys-dir --repositories-file"
    ),
    "zypper": _packages(
        *"install in update up refresh ref remove rm clean cc dup".split(),
        files="-R --root -c --config -D --reposd-dir",
    ),
    **dict.fromkeys(("pip", "pip3"), _pip),
    "npm": _npm,
}
