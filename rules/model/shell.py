"""What a RUN runs: the text that a shell is given, as commands.

The language is POSIX's (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html)
and what bash adds to it. Where `sh` and bash read a text differently it is read as bash does.
Each character is looked at a bounded number of times, and nothing is raised: what cannot be read
makes the script opaque.
"""

import posixpath
import re
from collections.abc import Sequence
from typing import Protocol

from rules.model.heredoc import marker
from rules.model.script import (
    Assignment,
    Block,
    Body,
    Command,
    Compound,
    Connector,
    Expansion,
    Item,
    Kind,
    Redirect,
    Script,
    Word,
)
from rules.model.shell_words import MAX_COMMANDS, NAME, REREADS, Shared, UnreadableError, WordReader

__all__ = [
    "SHELL",
    "SHELLS",
    "Assignment",
    "Block",
    "Body",
    "Command",
    "Compound",
    "Connector",
    "Expansion",
    "Item",
    "Redirect",
    "Script",
    "Word",
    "read",
]

_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[[^\] \t\n\\`;&|<>()]*\])?(\+?)=")
_REDIRECT = re.compile(
    r"(\d{1,9}|\{[A-Za-z_][A-Za-z0-9_]*\})?(&>>|&>|<<<|<<-|<<|<&|<>|>>|>&|>\||<|>)"
)

_OPENERS = frozenset("if while until for select case function { [[ coproc".split())
_CLOSERS = frozenset("then else elif fi do done esac }".split())
_DECLARES = frozenset("declare export local readonly typeset".split())


SHELL = ("/bin/sh", "-c")
SHELLS = frozenset("sh bash dash ash zsh ksh mksh".split())

_NO_BODY = Body("", literal=False, start=0, end=0, substitutions=())


class Heredoc(Protocol):
    """A heredoc as the Dockerfile's parser hands it over."""

    @property
    def name(self) -> str:
        """Its terminator."""

    @property
    def body(self) -> str:
        """Its lines, each with its newline."""


def read(text: str, heredocs: Sequence[Heredoc] = (), shell: Sequence[str] = SHELL) -> Script:
    """Read a script; never raises.

    `heredocs` are those of a Dockerfile's RUN, whose bodies stand apart from its text. Of
    `RUN <<EOF` the body is the script, which a `#!` line may give to another program; else the
    shell is handed the text with the bodies below it
    (https://docs.docker.com/reference/dockerfile/#here-documents). `shell` is what SHELL says.
    """
    mark = marker(text.strip()) if heredocs else None
    alone = mark is not None and mark.name == heredocs[0].name
    if alone:
        text = heredocs[0].body
        if text.startswith("#!"):
            shell = _interpreter(text)
    else:
        text += "".join(f"\n{heredoc.body}{heredoc.name}" for heredoc in heredocs)
    program = next((word for word in shell if posixpath.basename(word) in SHELLS), None)
    if program is None:
        reason = f"it is run by `{' '.join(shell)}`"
        return Script(text, (), (), reason, frozenset("*"), heredoc=alone)
    shared = Shared(REREADS * len(text) + 4096)
    reader = _Reader(text, range(len(text) + 1), shared)
    opaque = None
    try:
        reader.whole()
    except UnreadableError as reason:
        opaque = str(reason)
    return Script(
        text,
        tuple(reader.items),
        tuple([command for command in shared.commands if command is not None]),
        opaque,
        frozenset(shared.variables),
        tuple([body or _NO_BODY for body in shared.bodies]),
        heredoc=alone,
    )


def _interpreter(script: str) -> list[str]:
    """Read the words of a `#!` line."""
    return script[2:].partition("\n")[0].split()


class _Reader(WordReader):
    """Reads lists and commands."""

    def __init__(self, text: str, places: Sequence[int], shared: Shared) -> None:
        super().__init__(text, places, shared)
        self.items: list[Item] = []

    # Lists.

    def whole(self) -> Block:
        """Read the whole text as a list."""
        self._list(self.items)
        if self.at < len(self.text):
            self.fail(f"`{self.near()}` is not expected there")
        if self.pending:
            self.fail(f"the heredoc `{self.pending[0][1].value}` has no end")
        return tuple(self.items)

    def block(self) -> Block:
        """Read a list up to what closes it."""
        items: list[Item] = []
        self._list(items)
        return tuple(items)

    def _list(self, items: list[Item]) -> None:
        """Read items up to the end, a `)`, a `;;` or a word that closes something."""
        connector: Connector = ""
        self.lines()
        while not self._closes():
            start = self.at
            pipeline = self._pipeline(connector)
            items.append(Item(connector, pipeline, self.places[start], self.end()))
            following = self._connector()
            if following is None:
                return
            connector = following
            self.lines()
        if connector in ("&&", "||"):
            self.fail(f"nothing follows `{connector}`")

    def _closes(self) -> bool:
        if self.at >= len(self.text) or self.text[self.at] == ")":
            return True
        if self.text.startswith(";;", self.at) or self.text.startswith(";&", self.at):
            return True
        return self.keyword() in _CLOSERS

    def _connector(self) -> Connector | None:
        """Read what stands between two items; None at the end of the list."""
        self.blanks()
        text, at = self.text, self.at
        if at >= len(text):
            return None
        two = text[at : at + 2]
        if two in ("&&", "||"):
            self.operator(2)
            return "&&" if two == "&&" else "||"
        if two in (";;", ";&"):
            return None
        character = text[at]
        if character == ";":
            self.operator(1)
            return ";"
        if character == "&":
            self.operator(1)
            return "&"
        if character == "\n":
            self.newline()
            return "\n"
        return None

    def _pipeline(self, connector: Connector) -> tuple[Command | Compound, ...]:
        while self.keyword() == "!":
            self.at += 1
            self.blanks()
        nodes = [self._command(connector)]
        while True:
            self.blanks()
            if self.text[self.at : self.at + 1] != "|" or self.text.startswith("||", self.at):
                return tuple(nodes)
            self.operator(2 if self.text.startswith("|&", self.at) else 1)
            self.lines()
            nodes.append(self._command("|"))

    # Commands.

    def _command(self, connector: Connector) -> Command | Compound:
        self.shared.nodes += 1
        if self.shared.nodes > MAX_COMMANDS:
            self.fail(f"it has more than {MAX_COMMANDS:,} commands")
        keyword = self.keyword()
        if keyword == "time" and self._times_a_compound():
            keyword = self.keyword()
        if keyword in _OPENERS:
            return self._compound(keyword)
        if self.sees("("):
            start, outer, self.blocks = self.at, self.blocks, []
            arithmetic = self.takes_arithmetic("((")
            command = self._finish("arithmetic", (), start) if arithmetic else self._compound("(")
            self.blocks = outer
            return command
        return self._simple(connector)

    def _times_a_compound(self) -> bool:
        """Skip `time [-p]` where a compound command follows (else it reads as a program)."""
        before = self.at
        self.at += len("time")
        self.blanks()
        if self.text.startswith("-p ", self.at):
            self.at += 3
            self.blanks()
        if self.keyword() in _OPENERS or self.text.startswith("(", self.at):
            return True
        self.at = before
        return False

    def _simple(self, connector: Connector) -> Command | Compound:
        shared, text, start = self.shared, self.text, self.at
        slot = len(shared.commands)
        shared.commands.append(None)
        outer, self.blocks = self.blocks, []
        argv: list[Word] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        while True:
            self.blanks()
            character = text[self.at : self.at + 1]
            if character in "\n;|)":  # also at the end
                break
            if character in "<>&0123456789{" and self._redirect(redirects):
                continue
            if character == "&":
                break
            if character == "(":
                if len(argv) == 1 and not (assignments or redirects or self.blocks):
                    shared.commands.pop()
                    self.blocks = outer
                    return self._function(argv[0], start)
                self.fail("a `(` stands where the shell allows none")
            assignment = None if argv else self._assignment()
            if assignment is not None:
                assignments.append(assignment)
            elif argv and argv[0].value in _DECLARES and (array := self._declared_array()):
                argv.append(array)
            else:
                argv.append(self.word())
                if len(argv) == 1 and "=" in argv[0].value and "\\\n" in argv[0].raw:
                    self.fail("a name is split over lines")
        if not (argv or assignments or redirects):
            self.fail(f"a command is missing before `{self.near()}`")
        command = Command(
            tuple(argv),
            tuple(assignments),
            tuple(redirects),
            connector,
            shared.depth,
            self.places[start],
            self.end(),
            tuple(self.blocks),
        )
        self.blocks = outer
        shared.commands[slot] = command
        return command

    def _assignment(self) -> Assignment | None:
        """Read `NAME=value`, or nothing when the next word is none."""
        found = _ASSIGNED.match(self.text, self.at)
        if found is None:
            return None
        start, self.at = self.at, found.end()
        if found[2]:
            self.shared.variables.update(NAME.findall(found[2]))
        value = self._array(self.at) if self.sees("(") else self.word(may_be_empty=True)
        self.done = max(self.done, self.at, start)
        return Assignment(found[1], value, append=bool(found[3]))

    def _declared_array(self) -> Word | None:
        """Read the `NAME=(a b)` of a `declare`, if one stands here."""
        found = _ASSIGNED.match(self.text, self.at)
        if found is None or not self.text.startswith("(", found.end()):
            return None
        start, self.at = self.at, found.end()
        return self._array(start)

    def _array(self, start: int) -> Word:
        """Read `(a b c)` behind `NAME=`; the word is as written from `start` on."""
        self.at += 1
        self.lines()
        while not self.sees(")"):
            self.word()
            self.lines()
        self.at = self.done = self.at + 1
        raw = self.text[start : self.at]
        parts = (Expansion(raw, None, quoted=True),)
        return Word(raw, raw, False, self.places[start], self.end(), parts=parts)  # noqa: FBT003

    def _redirect(self, redirects: list[Redirect]) -> bool:
        """Read a redirect if one stands here."""
        found = _REDIRECT.match(self.text, self.at)
        if found is None or (found[2] in ("<", ">") and self.text.startswith("(", found.end())):
            return False
        operator = found[2]
        self.at = found.start(2)
        self.operator(len(operator))
        self.blanks()
        target = self.word()
        body = None
        if operator in ("<<", "<<-"):
            body = len(self.shared.bodies)
            self.shared.bodies.append(None)
            self.pending.append((body, target, operator == "<<-"))
        descriptor = int(found[1]) if found[1] and found[1].isdigit() else None
        redirects.append(Redirect(operator, target, descriptor, body))
        return True

    # Compound commands.

    def _compound(self, keyword: str) -> Compound:
        start, self.at = self.at, self.at + len(keyword)
        outer, self.blocks = self.blocks, []
        self.shared.enter()
        name = ""
        words: list[Word] = []
        kind: Kind
        match keyword:
            case "(":
                kind, blocks = "(", [self.block()]
                self.expect(")")
            case "{":
                kind, blocks = "{", [self.block()]
                self.expect("}")
            case "if":
                kind, blocks = "if", self._branches()
            case "while" | "until":
                kind, blocks = "while", [self.block()]
                self.expect("do")
                blocks.append(self.block())
                self.expect("done")
            case "for" | "select":
                kind = "for"
                name, words = self._loop_over()
                blocks = [self._loop_body()]
            case "case":
                self.blanks()
                kind, words = "case", [self.word()]
                blocks = self._arms()
            case "function":
                kind, (name, blocks) = "function", self._named_function()
            case "[[":
                kind, blocks = "test", []
                self._test()
            case _:
                self.fail(f"`{keyword}` is not followed")
        self.shared.depth -= 1
        compound = self._finish(kind, blocks, start, name, words)
        self.blocks = outer
        return compound

    def _finish(
        self,
        kind: Kind,
        blocks: Sequence[Block],
        start: int,
        name: str = "",
        words: Sequence[Word] = (),
    ) -> Compound:
        """Read the redirects that follow and put the compound command together."""
        redirects: list[Redirect] = []
        self.blanks()
        while self._redirect(redirects):
            self.blanks()
        return Compound(
            kind,
            tuple(blocks),
            tuple(redirects),
            self.places[start],
            self.end(),
            name,
            tuple(words),
            tuple(self.blocks),
        )

    def _branches(self) -> list[Block]:
        blocks = [self.block()]
        self.expect("then")
        blocks.append(self.block())
        while self.takes("elif"):
            blocks.append(self.block())
            self.expect("then")
            blocks.append(self.block())
        if self.takes("else"):
            blocks.append(self.block())
        self.expect("fi")
        return blocks

    def _loop_over(self) -> tuple[str, list[Word]]:
        """Read `NAME [in words] ;`, or `((…))`."""
        self.blanks()
        words: list[Word] = []
        name = ""
        if self.sees("(("):
            self.at += 2
            self.arithmetic()
        else:
            found = NAME.match(self.text, self.at)
            if found is None:
                self.fail("a `for` has no variable")
            name, self.at = found[0], found.end()
            self.lines()
            if self.takes("in"):
                self.blanks()
                while self.text[self.at : self.at + 1] not in "\n;":
                    words.append(self.word())
                    self.blanks()
        self.blanks()
        if self.sees(";"):
            self.operator(1)
        self.lines()
        return name, words

    def _loop_body(self) -> Block:
        braces = self.takes("{")
        if not braces:
            self.expect("do")
        body = self.block()
        self.expect("}" if braces else "done")
        return body

    def _arms(self) -> list[Block]:
        self.lines()
        self.expect("in")
        blocks = []
        self.lines()
        while not self.takes("esac"):
            if self.sees("("):
                self.at += 1
                self.blanks()
            self.word()
            self.blanks()
            while self.sees("|"):
                self.at += 1
                self.blanks()
                self.word()
                self.blanks()
            self.expect(")")
            blocks.append(self.block())
            if not self.sees(";"):
                self.expect("esac")
                break
            self.at += 3 if self.sees(";;&") else 2
            self.lines()
        return blocks

    def _function(self, name: Word, start: int) -> Compound:
        """Read `() body` behind a function's name."""
        self.at += 1
        self.blanks()
        self.expect(")")
        outer, self.blocks = self.blocks, []
        self.shared.enter()
        body = self._function_body()
        self.shared.depth -= 1
        compound = self._finish("function", [body], start, name.value)
        self.blocks = outer
        return compound

    def _named_function(self) -> tuple[str, list[Block]]:
        self.blanks()
        name = self.word().value
        self.blanks()
        if self.sees("("):
            self.at += 1
            self.blanks()
            self.expect(")")
        return name, [self._function_body()]

    def _function_body(self) -> Block:
        self.lines()
        start = self.at
        node = self._command("")
        return (Item("", (node,), self.places[start], self.end()),)

    def _test(self) -> None:
        """Read up to the `]]` behind `[[`."""
        while True:
            self.lines()
            if self.sees("]]"):
                self.at = self.done = self.at + 2
                return
            if self.text[self.at : self.at + 1] in ("&", "|", "<", ">", "(", ")", ";"):
                self.at += 1
                continue
            self.shared.variables.update(NAME.findall(self.word().value))
