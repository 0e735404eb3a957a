"""Layer: an instruction, the state that it runs in, and what its cache entry depends on.

The keys are BuildKit's: a step is reused when it and everything before it in its stage were there
before (https://docs.docker.com/build/cache/invalidation/); tests hold them against the engine.
"""

import posixpath
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any

from rules.model.cached import cached_property
from rules.model.copies import Copy
from rules.model.dataclass import dataclass
from rules.model.dockerfile import Heredoc, Instruction
from rules.model.heredoc import marker
from rules.model.mount import Mount
from rules.model.plain import Write, read_writes
from rules.model.processes import Process, list_processes
from rules.model.shell import Script, read
from rules.model.variables import Scope

Part = tuple[object, ...]

_BETWEEN_WORDS = str.maketrans(dict.fromkeys("\t\n\r'\"`;&|()=,:<>{}[]", " "))
_DEEPEST = 20
"""Folders in a path that is looked at."""
_COPY_PARTS = ("keyword", "its sources", "its text", "its destination", "a flag")
_PARTS = {
    "RUN": ("its command", "its environment", "USER", "a flag", "WORKDIR", "its --mount"),
    "COPY": _COPY_PARTS,
    "ADD": _COPY_PARTS,
    "WORKDIR": ("its path", "USER"),
}


# A fix leaves most RUNs as they are, and each is proven on a build of its own.
_read = lru_cache(maxsize=128)(read)


@dataclass(frozen=True, eq=False)
class Layer:
    """An instruction, the state that it runs in, and what its cache entry depends on."""

    instruction: Instruction
    index: int
    """Its place in `Dockerfile.instructions`; those of `triggers` are numbered after all."""
    stage: int
    """-1 before the first FROM."""
    step: bool
    """Whether it makes a step: RUN, COPY, ADD, WORKDIR other than `/`."""
    folder: str | None
    """The working directory before it, absolute and cleaned; None when unknown."""
    folder_text: str
    """The same as the key of a RUN has it: `/app` and `/app/` differ."""
    user: str | None
    """The user in force; `root` where the base is known to set none; None when unknown."""
    user_text: str
    """USER as written; "" when the base's is in force."""
    shell: tuple[str, ...]
    """What runs a shell form."""
    variables: Scope
    """ARG and ENV before it."""
    environment: int = 0
    """RUN: a number for the variables that it gets; equal for equal ones in the same order."""
    image: str | None = None
    """FROM: the image, expanded as far as possible; None when it names a stage."""
    platform: str = ""
    """FROM: the platform as the key has it."""
    parent: int | None = None
    """FROM: the stage that it names."""
    copy: Copy | None = None
    mounts: tuple[Mount, ...] = ()
    triggers: tuple["Layer", ...] = ()
    """FROM: what the ONBUILD instructions of the stage that it names do here."""

    remembered: dict[object, Any] = field(default_factory=dict)
    """What was worked out from its own words and from the copies before it: it holds for as long
    as only RUNs change around it."""

    def moved(self, instruction: Instruction) -> "Layer":
        """The same layer, its instruction elsewhere in the file; what was worked out stays."""
        layer = object.__new__(Layer)
        layer.__dict__.update(self.__dict__, instruction=instruction)
        return layer

    @cached_property
    def script(self) -> Script | None:
        """What a RUN runs: an exec form is a script of one command; None for all others."""
        if self.instruction.keyword != "RUN":
            return None
        if self.instruction.json:
            return _read(shlex.join(word.text for word in self.instruction.args))
        return _read(self.instruction.script, self.instruction.heredocs, self.shell)

    @cached_property
    def processes(self) -> tuple[Process, ...]:
        """All that a RUN starts, nested or not; of an opaque script only what was read of it."""
        return () if self.script is None else list_processes(self.script, self.folder, self._known)

    def _known(self, name: str) -> str | None:
        value = self.variables.find(name)
        return None if value is None else value.text

    @cached_property
    def writes(self) -> tuple[Write, ...] | None:
        """All that a RUN writes where its words tell that, else None."""
        return None if self.script is None else read_writes(self.script, self.folder)

    @cached_property
    def words(self) -> frozenset[str]:
        """Words of a RUN for guessing what it names, quotes and operators taken as blanks."""
        instruction = self.instruction
        bodies = (heredoc.body for heredoc in instruction.heredocs)
        text = " ".join([instruction.script, *(w.text for w in instruction.args), *bodies])
        return frozenset(text.translate(_BETWEEN_WORDS).split())

    @cached_property
    def named(self) -> frozenset[str]:
        """Absolute paths that the words of a RUN may name, and the folders that these lie in."""
        found: set[str] = set()
        for word in self.words:
            if word.startswith(("-", "$")) or word.count("/") > _DEEPEST:
                continue
            if word.startswith("/") or self.folder is not None:
                path = posixpath.normpath(posixpath.join(self.folder or "/", word))
                while path not in found and path.strip("/"):
                    found.add(path)
                    path = posixpath.dirname(path)
        return frozenset(found)

    def names(self, path: str) -> bool:
        """Whether its words may name an absolute path or something below it (`named`)."""
        folder, last = self.folder, posixpath.basename(path)
        inside = folder is not None and f"{folder}/".startswith(f"{path}/")
        return (inside or any(last in word for word in self.words)) and path in self.named

    @cached_property
    def last_names(self) -> frozenset[str]:
        """The last parts of the words of a RUN."""
        return frozenset(posixpath.basename(word.rstrip("/")) for word in self.words)

    @cached_property
    def local_sources(self) -> tuple[str, ...]:
        """What of the build context its COPY, ADD or bind mounts name, where that is known."""
        copied = self.copy.named if self.copy is not None and self.copy.local else ()
        return (*copied, *(mount.source for mount in self.mounts if mount.local))

    @cached_property
    def cache_targets(self) -> tuple[str, ...]:
        """The folders of its cache mounts, where they are known."""
        return tuple(m.target for m in self.mounts if m.type == "cache" and m.target is not None)

    @cached_property
    def linked(self) -> bool:
        """`COPY --link`: its content is cached apart from the steps before it."""
        return self.copy is not None and ("link", "true") in self._flags

    @cached_property
    def own(self) -> Part:
        """Its own part of the step's key: all of it but file contents and the steps before."""
        match self.instruction.keyword:
            case "FROM":
                return (self.image, self.platform)
            case "RUN":
                mounts = tuple(mount.key for mount in self.mounts)
                return (*self._run, self._flags, self.folder_text, mounts)
            case "COPY" | "ADD" as keyword:
                return (keyword, *self._brings, self._place, self._flags)
            case "WORKDIR":
                folder, text = self.entered()
                return (folder or text, self.user_text)
        return ()

    @cached_property
    def leaves(self) -> Part:
        """Its part in the result: mounts of caches and how paths are written leave no trace."""
        if self.instruction.keyword == "RUN":
            return (*self._run, self.folder, self._flags)
        if self.copy is None:
            return self.own
        target = self.copy.destination or self._place
        owner = tuple(flag for flag in self._flags if flag[0] in ("chown", "chmod", "exclude"))
        return ("COPY", *self._brings, target, self.copy.into_folder, owner)

    @cached_property
    def own_text(self) -> str:
        """`own`, to be compared often."""
        return repr(self.own)

    @cached_property
    def leaves_text(self) -> str:
        """`leaves`, to be compared often."""
        return repr(self.leaves)

    @property
    def parts(self) -> tuple[str, ...]:
        """What the parts of a step's `own` are, in words."""
        return _PARTS[self.instruction.keyword]

    @property
    def saying(self) -> Part:
        """Of a plain RUN: what its words are read with, the environment apart."""
        return (self.user_text, self.shell)

    def entered(self) -> tuple[str | None, str]:
        """Give the folder that a WORKDIR enters, and the same as the key of a RUN has it."""
        path = self.variables.expand(self.instruction.value).text
        if path is not None and path.startswith("/"):
            return cleaned(path), path
        if path is not None and self.folder is not None:
            folder = cleaned(posixpath.join(self.folder, path))
            return folder, folder
        return None, f"{self.folder_text}/{self.instruction.value}"

    def differing_variable(self, other: "Layer") -> str:
        """Name what differs between the environments of two RUNs, known to differ."""
        mine, theirs = (
            {v.name: v.value for v in layer.variables.variables} for layer in (self, other)
        )
        for name in [*mine, *theirs]:
            if mine.get(name) != theirs.get(name):
                return f"the variable {name}"
        return "a variable" if list(mine) == list(theirs) else "the order of its variables"

    @cached_property
    def _run(self) -> Part:
        return (self._command, self.environment, self.user_text)

    @cached_property
    def _command(self) -> tuple[str, ...]:
        """What a RUN executes: a script that is one heredoc is that heredoc's text."""
        instruction = self.instruction
        if instruction.json:
            return tuple(word.text for word in instruction.args)
        script, heredocs = instruction.script, instruction.heredocs
        alone = marker(script.strip()) if heredocs else None
        if alone is not None and alone.name == heredocs[0].name:
            body = heredocs[0].body
            if body.startswith("#!"):
                return (f"/dev/pipes/{heredocs[0].name}", body)
            return (*self.shell, body)
        return (*self.shell, script + "".join(f"\n{h.body}{h.name}" for h in heredocs))

    @cached_property
    def _flags(self) -> tuple[tuple[str, str], ...]:
        """The flags that are part of the key, variables filled in where they are known."""
        return tuple(sorted(self._read_flags()))

    def _read_flags(self) -> Iterator[tuple[str, str]]:
        flags = self.instruction.flags
        chmod = any(flag.name == "chmod" for flag in flags)
        for flag in flags:
            value = "true" if flag.value is None else self._text(flag.value)
            if flag.name in ("mount", "from") or value in ("default", "sandbox", "false"):
                continue  # said by the content, or what it would be without
            if flag.name != "link" or not chmod:  # BuildKit does not link what it has to chmod
                yield flag.name, value

    @cached_property
    def _brings(self) -> Part:
        """Where a COPY or ADD takes from, and the texts of its heredocs."""
        instruction, copy = self.instruction, self.copy
        if copy is None or copy.sources is None:
            sources = tuple(self._text(word.text) for word in instruction.args[:-1])
        else:
            sources = (*copy.sources, *copy.remote)
        texts = tuple((heredoc.name, self._body(heredoc)) for heredoc in instruction.heredocs)
        return (sources, texts)

    @cached_property
    def _place(self) -> str:
        """The destination of a COPY as the key has it: resolved, a final slash kept."""
        target = self._text(self.instruction.args[-1].text)
        path = cleaned(posixpath.join(self.folder or f"/?{self.folder_text}", target))
        if target in (".", "") or (target.endswith("/") and path != "/"):
            return path.rstrip("/") + "/"
        return path.rstrip("/") + "/." if target.endswith("/.") else path

    def _text(self, word: str) -> str:
        return self.variables.expand(word).text or word

    def _body(self, heredoc: Heredoc) -> str:
        if not heredoc.expand:
            return heredoc.body
        return self.variables.expand(heredoc.body, quotes=False).text or heredoc.body


_READINGS = ("script", "processes", "writes", "words", "named", "last_names")
"""What is read of a RUN's words."""


def keep_readings(before: Sequence[Layer], after: Sequence[Layer]) -> None:
    """Give RUNs of a changed file what was read of those that say the same in the same state."""
    known: dict[tuple[object, ...], Layer] = {}
    for layer in before:
        if layer.instruction.keyword == "RUN":
            known.setdefault(_saying(layer), layer)
    for layer in after:
        if layer.instruction.keyword != "RUN" or "script" in layer.__dict__:
            continue
        alike = known.get(_saying(layer))
        if alike is not None and alike.variables.is_like(layer.variables):
            kept = alike.__dict__
            layer.__dict__.update({name: kept[name] for name in _READINGS if name in kept})


def _saying(layer: Layer) -> tuple[object, ...]:
    instruction = layer.instruction
    words = tuple([word.text for word in instruction.args])
    said = instruction.script, instruction.json, words, instruction.heredocs
    return (*said, layer.folder, layer.shell)


def cleaned(path: str) -> str:
    """Clean an absolute path as Go's path.Clean does."""
    if path.startswith("/") and not ("//" in path or "/." in path or path.endswith("/")):
        return path  # as most are written
    return posixpath.normpath("/" + path.lstrip("/"))
