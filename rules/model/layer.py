"""Layer: an instruction, the state that it runs in, and what its cache entry depends on.

The keys are BuildKit's: a step is reused when it and everything before it in its stage were there
before (https://docs.docker.com/build/cache/invalidation/); tests hold them against the engine.
"""

import posixpath
import shlex
from dataclasses import dataclass
from functools import cached_property

from rules.model.copies import Copy
from rules.model.dockerfile import Instruction
from rules.model.mount import Mount
from rules.model.plain import Write, read_writes
from rules.model.shell import Script, read
from rules.model.variables import Scope

_BETWEEN_WORDS = str.maketrans(dict.fromkeys("\t\n\r'\"`;&|()=,:<>{}[]", " "))
_DEEPEST = 20
"""Folders in a path that is looked at."""
_PARTS = {
    "RUN": (
        "keyword",
        "its command",
        "its environment",
        "USER",
        "WORKDIR",
        "its --mount",
        "a flag",
    ),
    "COPY": ("keyword", "its sources", "its destination", "a flag", "its text"),
    "ADD": ("keyword", "its sources", "its destination", "a flag", "its text"),
    "WORKDIR": ("keyword", "its path", "USER"),
}


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
    user: str | None
    """The user in force; `root` where the base is known to set none; None when unknown."""
    shell: tuple[str, ...]
    """What runs a shell form."""
    variables: Scope
    """ARG and ENV before it."""
    own: tuple[object, ...]
    """Its own part of the step's key: all of it but file contents and the steps before."""
    leaves: tuple[object, ...]
    """The same without what leaves no trace in the result: cache mounts, how a path is written."""
    image: str | None = None
    """FROM: the image, expanded as far as possible; None when it names a stage."""
    parent: int | None = None
    """FROM: the stage that it names."""
    copy: Copy | None = None
    mounts: tuple[Mount, ...] = ()
    linked: bool = False
    """`COPY --link`: its content is cached apart from the steps before it."""
    triggers: tuple["Layer", ...] = ()
    """FROM: what the ONBUILD instructions of the stage that it names do here."""

    @cached_property
    def script(self) -> Script | None:
        """What a RUN runs: an exec form is a script of one command; None for all others."""
        if self.instruction.keyword != "RUN":
            return None
        if self.instruction.json:
            return read(shlex.join(word.text for word in self.instruction.args))
        return read(self.instruction.script, self.instruction.heredocs, self.shell)

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

    @cached_property
    def last_names(self) -> frozenset[str]:
        """The last parts of the words of a RUN."""
        return frozenset(posixpath.basename(word.rstrip("/")) for word in self.words)

    @property
    def parts(self) -> tuple[str, ...]:
        """What the parts of `own` are, in words."""
        return _PARTS[self.instruction.keyword]

    def differing_variable(self, other: "Layer") -> str:
        """Name what differs between the environments of two RUNs, known to differ."""
        mine, theirs = (
            {v.name: v.value for v in layer.variables.variables} for layer in (self, other)
        )
        for name in [*mine, *theirs]:
            if mine.get(name) != theirs.get(name):
                return f"the variable {name}"
        return "a variable" if list(mine) == list(theirs) else "the order of its variables"
