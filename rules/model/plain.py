"""RUNs so plain that their words say what they leave: `echo 1.2 > /version`, `cp /a/x /out/`.

Of such a RUN a later `COPY --from` is known by content, not by the suspicion that any output may
depend on all that was there. A script with one command that is not listed here is not plain.
"""

import posixpath
from collections.abc import Iterator, Sequence

from rules.model.dataclass import dataclass
from rules.model.shell import Command, Script, Word

_SILENT = frozenset(["true", ":", "test", "[", "ls", "sleep", "set", "mkdir", "wc", "exit"])
_SPEAKING = frozenset(["echo", "printf", "cat"])
_CLOCK = frozenset(["date"])
_CHANGING = frozenset(["touch", "chmod", "chown", "chgrp"])
_SPECIAL = ("/proc/", "/dev/", "/sys/")


@dataclass(frozen=True, slots=True)
class Write:
    """One path that a RUN writes: with bytes that its `text` gives or those of the path `copy`."""

    path: str
    text: str
    copy: str | None = None
    varies: bool = False
    """Whether the text holds variables."""

    def lies_in(self, path: str) -> bool:
        """Whether it changes what is at or below `path`."""
        if self.path == path or self.path.startswith(path.rstrip("/") + "/"):
            return True
        return path.startswith(self.path.rstrip("/") + "/")


def read_writes(script: Script, folder: str | None) -> tuple[Write, ...] | None:
    """All that a script writes, in order, or None when its words do not tell.

    `folder` is the working directory; without one only absolute paths are known.
    """
    if script.opaque is not None:
        return None
    found: list[Write] = []
    for command in script.commands:
        if command.depth or command.assignments or not command.argv or command.connector == "|":
            return None
        writes = _writes(command, folder)
        if writes is None:
            return None
        found += writes
    return tuple(found)


def _writes(command: Command, folder: str | None) -> list[Write] | None:
    if not all(map(_is_simple, command.argv)):
        return None
    name = command.argv[0].value
    operands = [word for word in command.argv[1:] if not word.value.startswith("-")]
    text = " ".join(word.raw for word in command.argv)
    varies = not all(word.literal for word in command.argv)
    outputs = _outputs(command, folder)
    if outputs is None:
        return None
    if name in _SILENT or (name in _CLOCK and not outputs):
        return [Write(path, text, varies=varies) for path in outputs]
    if name in _SPEAKING:
        reads = operands if name == "cat" else []
        sources = _paths(reads, folder)
        if sources is None:
            return None
        return [
            Write(path, text, source, varies) for path in outputs for source in [None, *sources]
        ]
    if name in _CHANGING:
        paths = _paths(operands[0 if name == "touch" else 1 :], folder)
        return (
            None
            if paths is None
            else [Write(path, text, varies=varies) for path in [*paths, *outputs]]
        )
    if name == "cp" and len(operands) > 1:
        paths = _paths(operands, folder)
        if paths is None:
            return None
        *taken, target = paths
        return [Write(target, text, source, varies) for source in taken]
    return None


def _is_simple(word: Word) -> bool:
    """Literal, or with variables only: then the environment tells its value."""
    return not word.pattern and not any(mark in word.raw for mark in ("$(", "`", "<(", ">("))


def _outputs(command: Command, folder: str | None) -> list[str] | None:
    """Paths that its output goes to, None when it also reads or they are unknown."""
    targets: list[Word] = []
    for redirect in command.redirects:
        if redirect.operator not in (">", ">>", ">|", ">&", "&>"):
            return None
        if redirect.target.value != "/dev/null" and not redirect.target.value.isdigit():
            targets.append(redirect.target)
    return _paths(targets, folder)


def _paths(words: Sequence[Word], folder: str | None) -> list[str] | None:
    found = []
    for path in _resolved(words, folder):
        if path is None:
            return None
        found.append(path)
    return found


def _resolved(words: Sequence[Word], folder: str | None) -> Iterator[str | None]:
    for word in words:
        if not word.literal or (folder is None and not word.value.startswith("/")):
            yield None
            continue
        path = posixpath.normpath(posixpath.join(folder or "/", word.value))
        yield None if path.startswith(_SPECIAL) else path
