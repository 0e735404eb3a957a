"""The nouns of a shell script: what rules/model/shell.py reads.

All offsets are in characters of Script.text, end exclusive. `depth` counts the subshells, groups,
substitutions, branches, loops and functions around a command; 0 is the top level.
"""

from collections.abc import Callable
from typing import Literal

from rules.model.dataclass import dataclass

Connector = Literal["", "&&", "||", ";", "&", "\n", "|"]
Kind = Literal["(", "{", "if", "while", "for", "case", "function", "test", "arithmetic"]

MAX_VALUE = 2048  # characters of a word with its variables filled in; longer ones count as unknown


@dataclass(frozen=True, slots=True)
class Expansion:
    """`$NAME` or `${NAME}`, or (`name` None) anything else that the shell replaces, as written."""

    raw: str
    name: str | None
    quoted: bool


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `value` after quote removal, with expansions as written.

    `literal`: the shell puts nothing in its place. `pattern`: it holds an unquoted `*`, `?`,
    `[…]`, `{a,b}` or leading `~`, for which the shell may put file names.
    """

    value: str
    raw: str
    literal: bool
    start: int
    end: int
    pattern: bool = False
    parts: tuple[str | Expansion, ...] = ()
    """The value in pieces where it holds expansions, else nothing."""

    def expand(self, value_of: Callable[[str], str | None]) -> str | None:
        """Fill in the variables; None where one is unknown or would split the word.

        Patterns are left as written: look at `pattern` where that matters.
        """
        if not self.parts:
            return self.value
        pieces: list[str] = []
        length = 0
        for part in self.parts:
            piece = part if isinstance(part, str) else _expanded(part, value_of)
            length += len(piece or "")
            if piece is None or length > MAX_VALUE:
                return None
            pieces.append(piece)
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Assignment:
    """`NAME=value`, before a command or alone; `append` for `NAME+=value`."""

    name: str
    value: Word
    append: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """`2>&1` has the operator `>&`, the target `1` and the descriptor 2."""

    operator: str
    target: Word
    descriptor: int | None
    body: int | None = None
    """Of `<<` and `<<-`: the index of its text in Script.bodies."""


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a heredoc; `literal` when nothing in it is replaced. Tabs of `<<-` are gone."""

    text: str
    literal: bool
    start: int
    end: int
    substitutions: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command. `connector` is what stands before it in its list or pipeline.

    `substitutions` are the scripts of its `$(…)`, backticks and `<(…)`, in order.
    """

    argv: tuple[Word, ...]
    assignments: tuple[Assignment, ...]
    redirects: tuple[Redirect, ...]
    connector: Connector
    depth: int
    start: int
    end: int
    substitutions: "tuple[Block, ...]" = ()

    @property
    def name(self) -> str | None:
        """The program as written, None when there is none or the shell makes it up."""
        return self.argv[0].value if self.argv and self.argv[0].literal else None


@dataclass(frozen=True, slots=True)
class Compound:
    """A command made of lists: `blocks` are these lists.

    `if` and `while` (also `until`): condition, body, condition, body, …, and an `else` last.
    `for` (also `select`): one body; `name` is its variable, `words` its values. `case`: the
    bodies of its arms; `words` its subject. `function`: one body, and its name.
    """

    kind: Kind
    blocks: "tuple[Block, ...]"
    redirects: tuple[Redirect, ...]
    start: int
    end: int
    name: str = ""
    words: tuple[Word, ...] = ()
    substitutions: "tuple[Block, ...]" = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of a list: a pipeline (of one command, mostly) and the connector before it.

    `a && b && (c; d) | e` has the items `a`, `b` and `(c; d) | e`.
    """

    connector: Connector
    pipeline: tuple[Command | Compound, ...]
    start: int
    end: int


Block = tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """What a shell is given. `items` is the top level, `commands` all simple ones as they stand.

    `opaque` says in words why the text cannot be read faithfully, None when it can; what was
    read before that place is kept. `variables` are the names that expansions name (`*` when one
    names a variable by the value of another); what a program reads from its environment unseen
    is not among them.
    """

    text: str
    items: tuple[Item, ...]
    commands: tuple[Command, ...]
    opaque: str | None
    variables: frozenset[str]
    bodies: tuple[Body, ...] = ()
    heredoc: bool = False
    """Whether the text is the body of a RUN's heredoc, in which offsets count."""


def _expanded(part: Expansion, value_of: Callable[[str], str | None]) -> str | None:
    value = value_of(part.name) if part.name is not None else None
    if value is None or (not part.quoted and not _is_one_word(value)):
        return None
    return value


def _is_one_word(value: str) -> bool:
    """Whether an unquoted expansion to this value stays one word and names no files."""
    return value != "" and not any(c in " \t\n*?[\\" for c in value)
