"""What a RUN runs: the text that a shell is given, as commands.

The language is POSIX's (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html)
and what bash adds to it. Where `sh` and bash read a text differently it is read as bash does.
Each character is looked at a bounded number of times, and nothing is raised: what cannot be read
makes the script opaque.
"""

import re
from collections.abc import Sequence
from typing import NoReturn, Protocol

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

__all__ = [
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

MAX_DEPTH = 40  # Python's own stack bounds it; real scripts nest five deep
REREADS = 8  # times the length of the text that may be read again inside backticks and heredocs

_PLAIN = re.compile(r"[^ \t\n;&|<>()'\"\\$`]+")
_IN_DOUBLE = re.compile(r"[^\"\\$`]+")
_IN_BODY = re.compile(r"[^\\$`]+")
_IN_BRACES = re.compile(r"[^}'\"\\$`]+")
_IN_ARITHMETIC = re.compile(r"[^()'\"\\$`]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[[^\]\s'\"\\$`;&|<>()]*\])?(\+?)=")
_REDIRECT = re.compile(
    r"(\d{1,9}|\{[A-Za-z_][A-Za-z0-9_]*\})?(&>>|&>|<<<|<<-|<<|<&|<>|>>|>&|>\||<|>)"
)
_KEYWORD = re.compile(r"(?:[a-z]{2,8}|[{}!]|\[\[)(?=[ \t\n;&|<>()]|$)")
_BLANKS = re.compile(r"(?:[ \t]|\\\n)+")
_GLOB = re.compile(r"[*?\[{]")
_SPECIAL = "@*#?$!-0123456789"

_OPENERS = frozenset("if while until for select case function { [[ coproc".split())
_CLOSERS = frozenset("then else elif fi do done esac }".split())
_DECLARES = frozenset("declare export local readonly typeset".split())


class Heredoc(Protocol):
    """A heredoc as the Dockerfile's parser hands it over."""

    @property
    def name(self) -> str:
        """Its terminator."""

    @property
    def body(self) -> str:
        """Its lines, each with its newline."""


def read(text: str, heredocs: Sequence[Heredoc] = ()) -> Script:
    """Read a script; never raises.

    `heredocs` are those of a Dockerfile's RUN, whose bodies stand apart from its text: BuildKit
    hands the shell the text with them below it.
    """
    whole = text + "".join(f"\n{h.body}{h.name}" for h in heredocs)
    shared = _Shared(REREADS * len(whole) + 1024)
    reader = _Reader(whole, range(len(whole) + 1), shared)
    opaque = None
    try:
        reader.whole()
    except _UnreadableError as reason:
        opaque = str(reason)
    return Script(
        whole,
        tuple(reader.items),
        tuple(command for command in shared.commands if command is not None),
        opaque,
        frozenset(shared.variables),
        tuple(body or Body("", False, 0, 0, ()) for body in shared.bodies),  # noqa: FBT003
    )


class _UnreadableError(Exception):
    """Stops the reading; says why."""


class _Shared:
    """What the readers of one script and of the scripts inside it gather together."""

    def __init__(self, budget: int) -> None:
        self.commands: list[Command | None] = []
        self.bodies: list[Body | None] = []
        self.variables: set[str] = set()
        self.depth = 0
        self.budget = budget

    def enter(self) -> None:
        """Go one level deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _UnreadableError(f"it is nested more than {MAX_DEPTH} deep")


class _Reader:
    """Reads one text from left to right; `places` are its characters' offsets in the script."""

    def __init__(self, text: str, places: Sequence[int], shared: _Shared) -> None:
        self.text = text
        self.places = places
        self.shared = shared
        self.at = 0
        self.done = 0
        """Where the last thing that was read ends."""
        self.items: list[Item] = []
        self.blocks: list[Block] = []
        """Substitutions met since the command began."""
        self.pending: list[tuple[int, Word, bool]] = []
        """Heredocs whose bodies come after this line: index, delimiter, whether tabs go."""

    # Lists.

    def whole(self) -> Block:
        """Read the whole text as a list."""
        self._list(self.items)
        if self.at < len(self.text):
            self._fail(f"`{self._near()}` is not expected there")
        if self.pending:
            self._fail(f"the heredoc `{self.pending[0][1].value}` has no end")
        return tuple(self.items)

    def _block(self) -> Block:
        items: list[Item] = []
        self._list(items)
        return tuple(items)

    def _list(self, items: list[Item]) -> None:
        """Read items up to the end, a `)`, a `;;` or a word that closes something."""
        connector: Connector = ""
        self._lines()
        while not self._closes():
            start = self.at
            pipeline = self._pipeline(connector)
            items.append(Item(connector, pipeline, self.places[start], self._end()))
            following = self._connector()
            if following is None:
                return
            connector = following
            self._lines()
        if connector in ("&&", "||"):
            self._fail(f"nothing follows `{connector}`")

    def _closes(self) -> bool:
        if self.at >= len(self.text) or self.text[self.at] == ")":
            return True
        if self.text.startswith(";;", self.at) or self.text.startswith(";&", self.at):
            return True
        return self._keyword() in _CLOSERS

    def _connector(self) -> Connector | None:
        """Read what stands between two items; None at the end of the list."""
        self._blanks()
        text, at = self.text, self.at
        if at >= len(text):
            return None
        two = text[at : at + 2]
        if two in ("&&", "||"):
            self._operator(2)
            return "&&" if two == "&&" else "||"
        if two in (";;", ";&"):
            return None
        character = text[at]
        if character == ";":
            self._operator(1)
            return ";"
        if character == "&":
            self._operator(1)
            return "&"
        if character == "\n":
            self._newline()
            return "\n"
        return None

    def _pipeline(self, connector: Connector) -> tuple[Command | Compound, ...]:
        while self._keyword() == "!":
            self.at += 1
            self._blanks()
        nodes = [self._command(connector)]
        while True:
            self._blanks()
            if self.text[self.at : self.at + 1] != "|" or self.text.startswith("||", self.at):
                return tuple(nodes)
            self._operator(2 if self.text.startswith("|&", self.at) else 1)
            self._lines()
            nodes.append(self._command("|"))

    # Commands.

    def _command(self, connector: Connector) -> Command | Compound:
        keyword = self._keyword()
        if keyword == "time" and self._times_a_compound():
            keyword = self._keyword()
        if keyword in _OPENERS:
            return self._compound(keyword)
        if self.text.startswith("((", self.at):
            start = self.at
            self.at += 2
            outer, self.blocks = self.blocks, []
            self._arithmetic()
            arithmetic = self._finish("arithmetic", (), start)
            self.blocks = outer
            return arithmetic
        if self.text.startswith("(", self.at):
            return self._compound("(")
        return self._simple(connector)

    def _times_a_compound(self) -> bool:
        """Skip `time [-p]` where a compound command follows (else it reads as a program)."""
        before = self.at
        self.at += len("time")
        self._blanks()
        if self.text.startswith("-p ", self.at):
            self.at += 3
            self._blanks()
        if self._keyword() in _OPENERS or self.text.startswith("(", self.at):
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
            self._blanks()
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
                self._fail("a `(` stands where the shell allows none")
            assignment = None if argv else self._assignment()
            if assignment is not None:
                assignments.append(assignment)
            elif argv and argv[0].value in _DECLARES and (array := self._declared_array()):
                argv.append(array)
            else:
                argv.append(self._word())
        if not (argv or assignments or redirects):
            self._fail(f"a command is missing before `{self._near()}`")
        command = Command(
            tuple(argv),
            tuple(assignments),
            tuple(redirects),
            connector,
            shared.depth,
            self.places[start],
            self._end(),
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
            self.shared.variables.update(_NAME.findall(found[2]))
        value = self._array(self.at) if self._sees("(") else self._word(may_be_empty=True)
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
        self._lines()
        while not self._sees(")"):
            self._word()
            self._lines()
        self.at = self.done = self.at + 1
        raw = self.text[start : self.at]
        parts = (Expansion(raw, None, quoted=True),)
        return Word(raw, raw, False, self.places[start], self._end(), parts=parts)  # noqa: FBT003

    def _redirect(self, redirects: list[Redirect]) -> bool:
        """Read a redirect if one stands here."""
        found = _REDIRECT.match(self.text, self.at)
        if found is None or (found[2] in ("<", ">") and self.text.startswith("(", found.end())):
            return False
        operator = found[2]
        self.at = found.start(2)
        self._operator(len(operator))
        self._blanks()
        target = self._word()
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
                kind, blocks = "(", [self._block()]
                self._expect(")")
            case "{":
                kind, blocks = "{", [self._block()]
                self._expect("}")
            case "if":
                kind, blocks = "if", self._branches()
            case "while" | "until":
                kind, blocks = "while", [self._block()]
                self._expect("do")
                blocks.append(self._block())
                self._expect("done")
            case "for" | "select":
                kind = "for"
                name, words = self._loop_over()
                blocks = [self._loop_body()]
            case "case":
                self._blanks()
                kind, words = "case", [self._word()]
                blocks = self._arms()
            case "function":
                kind, (name, blocks) = "function", self._named_function()
            case "[[":
                kind, blocks = "test", []
                self._test()
            case _:
                self._fail(f"`{keyword}` is not followed")
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
        self._blanks()
        while self._redirect(redirects):
            self._blanks()
        return Compound(
            kind,
            tuple(blocks),
            tuple(redirects),
            self.places[start],
            self._end(),
            name,
            tuple(words),
            tuple(self.blocks),
        )

    def _branches(self) -> list[Block]:
        blocks = [self._block()]
        self._expect("then")
        blocks.append(self._block())
        while self._takes("elif"):
            blocks.append(self._block())
            self._expect("then")
            blocks.append(self._block())
        if self._takes("else"):
            blocks.append(self._block())
        self._expect("fi")
        return blocks

    def _loop_over(self) -> tuple[str, list[Word]]:
        """Read `NAME [in words] ;`, or `((…))`."""
        self._blanks()
        words: list[Word] = []
        name = ""
        if self._sees("(("):
            self.at += 2
            self._arithmetic()
        else:
            found = _NAME.match(self.text, self.at)
            if found is None:
                self._fail("a `for` has no variable")
            name, self.at = found[0], found.end()
            self._lines()
            if self._takes("in"):
                self._blanks()
                while self.text[self.at : self.at + 1] not in "\n;":
                    words.append(self._word())
                    self._blanks()
        if self._sees(";"):
            self._operator(1)
        self._lines()
        return name, words

    def _loop_body(self) -> Block:
        braces = self._takes("{")
        if not braces:
            self._expect("do")
        body = self._block()
        self._expect("}" if braces else "done")
        return body

    def _arms(self) -> list[Block]:
        self._lines()
        self._expect("in")
        blocks = []
        self._lines()
        while not self._takes("esac"):
            if self._sees("("):
                self.at += 1
                self._blanks()
            self._word()
            self._blanks()
            while self._sees("|"):
                self.at += 1
                self._blanks()
                self._word()
                self._blanks()
            self._expect(")")
            blocks.append(self._block())
            if not self._sees(";"):
                self._expect("esac")
                break
            self.at += 3 if self._sees(";;&") else 2
            self._lines()
        return blocks

    def _function(self, name: Word, start: int) -> Compound:
        """Read `() body` behind a function's name."""
        self.at += 1
        self._blanks()
        self._expect(")")
        outer, self.blocks = self.blocks, []
        self.shared.enter()
        body = self._function_body()
        self.shared.depth -= 1
        compound = self._finish("function", [body], start, name.value)
        self.blocks = outer
        return compound

    def _named_function(self) -> tuple[str, list[Block]]:
        self._blanks()
        name = self._word().value
        self._blanks()
        if self._sees("("):
            self.at += 1
            self._blanks()
            self._expect(")")
        return name, [self._function_body()]

    def _function_body(self) -> Block:
        self._lines()
        start = self.at
        node = self._command("")
        return (Item("", (node,), self.places[start], self._end()),)

    def _test(self) -> None:
        """Read up to the `]]` behind `[[`."""
        while True:
            self._lines()
            if self._sees("]]"):
                self.at = self.done = self.at + 2
                return
            if self.text[self.at : self.at + 1] in ("&", "|", "<", ">", "(", ")", ";"):
                self.at += 1
                continue
            self.shared.variables.update(_NAME.findall(self._word().value))

    # Words.

    def _word(self, *, may_be_empty: bool = False) -> Word:
        text, start = self.text, self.at
        parts: list[str | Expansion] = []
        bare: list[str] = []  # what is not quoted, with an `x` for what is
        globs = text.startswith("~", start)
        while self.at < len(text):
            plain = _PLAIN.match(text, self.at)
            if plain is not None:
                self.at = plain.end()
                parts.append(plain[0])
                bare.append(plain[0])
                globs = globs or _GLOB.search(plain[0]) is not None
                continue
            character = text[self.at]
            bare.append("x")
            if character == "'":
                self._single(parts)
            elif character == '"':
                self._double(parts)
            elif character == "\\":
                if not text.startswith("\n", self.at + 1):
                    parts.append(text[self.at + 1 : self.at + 2] or "\\")
                self.at = min(self.at + 2, len(text))
            elif character == "$":
                self._dollar(parts, quoted=False)
            elif character == "`":
                self._backticks(parts, quoted=False)
            elif character in "<>" and text.startswith("(", self.at + 1):
                self._substitution(parts, quoted=True)
            elif character == "(" and self.at > start and text[self.at - 1] in "?*+@!":
                self._extended_pattern(parts)
                globs = True
                bare.append("*")
            else:
                break
        if self.at == start and not may_be_empty:
            self._fail(f"`{self._near()}` stands where a word is expected")
        self.done = self.at
        literal = all(isinstance(part, str) for part in parts)
        value = "".join(part if isinstance(part, str) else part.raw for part in parts)
        pattern = globs and _is_pattern("".join(bare))
        return Word(
            value,
            text[start : self.at],
            literal and not pattern,
            self.places[start],
            self._end(),
            pattern,
            () if literal else tuple(parts),
        )

    def _single(self, parts: list[str | Expansion]) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            self._fail("a `'` is not closed")
        parts.append(self.text[self.at + 1 : end])
        self.at = end + 1

    def _double(self, parts: list[str | Expansion]) -> None:
        text = self.text
        self.at += 1
        parts.append("")
        while self.at < len(text):
            plain = _IN_DOUBLE.match(text, self.at)
            if plain is not None:
                self.at = plain.end()
                parts.append(plain[0])
                continue
            if text[self.at] == '"':
                self.at += 1
                return
            self._escape_or_expansion(parts, '$`"\\')
        self._fail('a `"` is not closed')

    def _escape_or_expansion(self, parts: list[str | Expansion], escapable: str) -> None:
        """Read a backslash, a dollar or a backtick as it reads between double quotes."""
        character = self.text[self.at]
        if character == "$":
            self._dollar(parts, quoted=True)
        elif character == "`":
            self._backticks(parts, quoted=True)
        else:
            following = self.text[self.at + 1 : self.at + 2]
            if following != "\n":
                parts.append(
                    following if following and following in escapable else "\\" + following
                )
            self.at = min(self.at + 2, len(self.text))

    def _dollar(self, parts: list[str | Expansion], *, quoted: bool) -> None:
        text, start = self.text, self.at
        following = text[start + 1 : start + 2]
        if following == "(":
            self._substitution(parts, quoted=quoted)
        elif following == "{":
            self._braces(parts, quoted=quoted)
        elif following == "'" and not quoted:
            self._ansi(parts)
        elif following == '"' and not quoted:
            self.at += 1
            self._double(parts)
        elif following == "\\" and text.startswith("\n", start + 2):
            self._fail("a `$` stands before the end of a line")
        elif following and following in _SPECIAL:
            self.at += 2
            parts.append(Expansion(text[start : self.at], None, quoted))
        else:
            name = _NAME.match(text, start + 1)
            if name is None:
                parts.append("$")
                self.at += 1
                return
            self.at = name.end()
            self.shared.variables.add(name[0])
            parts.append(Expansion(text[start : self.at], name[0], quoted))

    def _substitution(self, parts: list[str | Expansion], *, quoted: bool) -> None:
        """Read `$(…)`, `$((…))`, `<(…)` or `>(…)`."""
        start = self.at
        self.shared.enter()
        if self._sees("$(("):
            self.at += 3
            self._arithmetic()
        else:
            self.at += 2
            block = self._block()
            self._expect(")")
            self.blocks.append(block)
        self.shared.depth -= 1
        parts.append(Expansion(self.text[start : self.at], None, quoted))

    def _backticks(self, parts: list[str | Expansion], *, quoted: bool) -> None:
        text, start = self.text, self.at
        escapable = '$`\\"' if quoted else "$`\\"
        kept: list[tuple[int, int]] = []
        at = since = start + 1
        while (at := _next(text, "`\\", at)) < len(text) and text[at] != "`":
            if text[at + 1 : at + 2] in tuple(escapable):
                kept.append((since, at))
                since = at + 1
            at += 2
        if at >= len(text):
            self._fail("a backtick is not closed")
        kept.append((since, at))
        inner = self._inner(kept)
        self.shared.enter()
        self.blocks.append(inner.whole())
        self.shared.depth -= 1
        self.at = at + 1
        parts.append(Expansion(text[start : self.at], None, quoted))

    def _inner(self, kept: Sequence[tuple[int, int]]) -> "_Reader":
        """Make a reader of pieces of this text, from and to these positions."""
        self.shared.budget -= sum(end - start for start, end in kept)
        if self.shared.budget < 0:
            self._fail("it takes too many steps to read")
        places: Sequence[int]
        if len(kept) == 1:
            places = self.places[kept[0][0] : kept[0][1] + 1]
        else:
            places = [self.places[at] for start, end in kept for at in range(start, end)]
            places.append(self.places[kept[-1][1]])
        text = "".join(self.text[start:end] for start, end in kept)
        return _Reader(text, places, self.shared)

    def _braces(self, parts: list[str | Expansion], *, quoted: bool) -> None:
        """Read `${…}`."""
        text, start, shared = self.text, self.at, self.shared
        name = _NAME.match(text, start + 2)
        if name is not None and text.startswith("}", name.end()):
            self.at = name.end() + 1
            shared.variables.add(name[0])
            parts.append(Expansion(text[start : self.at], name[0], quoted))
            return
        shared.enter()
        if text.startswith("!", start + 2):
            shared.variables.add("*")
        self.at = start + 2
        operator = name.end() if name is not None else start + 2
        quotes = not quoted or text[operator : operator + 1] in ("#", "%", "/", "^", ",")
        unused: list[str | Expansion] = []
        while self.at < len(text):
            plain = _IN_BRACES.match(text, self.at)
            if plain is not None:
                # Words of a default count as names too: too many is safe, too few is not.
                shared.variables.update(_NAME.findall(plain[0]))
                self.at = plain.end()
            elif text[self.at] == "}":
                self.at += 1
                shared.depth -= 1
                parts.append(Expansion(text[start : self.at], None, quoted))
                return
            else:
                self._inside(unused, single=quotes)
        self._fail("a `${` is not closed")

    def _arithmetic(self) -> None:
        """Read up to and with the `))` behind a `((`."""
        text, open_ = self.text, 0
        unused: list[str | Expansion] = []
        while self.at < len(text):
            plain = _IN_ARITHMETIC.match(text, self.at)
            character = text[self.at]
            if plain is not None:
                self.shared.variables.update(_NAME.findall(plain[0]))
                self.at = plain.end()
            elif character == "(":
                open_ += 1
                self.at += 1
            elif character == ")" and open_:
                open_ -= 1
                self.at += 1
            elif character == ")":
                if not self._sees("))"):
                    break
                self.at = self.done = self.at + 2
                return
            else:
                self._inside(unused, single=True)
        self._fail("a `((` is not closed by `))`")

    def _inside(self, unused: list[str | Expansion], *, single: bool) -> None:
        """Read one quote, escape or expansion inside `${…}` or `((…))`."""
        character = self.text[self.at]
        if character == "'" and single:
            self._single(unused)
        elif character == '"':
            self._double(unused)
        elif character == "'":
            self.at += 1
        else:
            self._escape_or_expansion(unused, "")

    def _ansi(self, parts: list[str | Expansion]) -> None:
        """Read `$'…'`."""
        text, start = self.text, self.at + 2
        at = start
        while (at := _next(text, "'\\", at)) < len(text) and text[at] != "'":
            at += 2
        if at >= len(text):
            self._fail("a `$'` is not closed")
        parts.append(_ESCAPE.sub(_unescape, text[start:at]))
        self.at = at + 1

    def _extended_pattern(self, parts: list[str | Expansion]) -> None:
        """Read the `(a|b)` of bash's `@(a|b)`."""
        start = self.at
        self.shared.enter()
        self.at += 1
        while not self._sees(")"):
            if self.text[self.at : self.at + 1] in ("|", " ", "&", ";", "<", ">"):
                self.at += 1
                continue
            self._word()
        self.at += 1
        self.shared.depth -= 1
        parts.append(self.text[start : self.at])

    # Heredocs.

    def _newline(self) -> None:
        self.at += 1
        while self.pending:
            index, delimiter, strip = self.pending.pop(0)
            self.shared.bodies[index] = self._body(delimiter, strip=strip)

    def _body(self, delimiter: Word, *, strip: bool) -> Body:
        """Read a heredoc's lines and its terminator."""
        text, start = self.text, self.at
        expands = delimiter.raw == delimiter.value
        kept: list[tuple[int, int]] = []
        joined = False
        at = start
        while True:
            end = text.find("\n", at)
            line = text[at:end] if end >= 0 else text[at:]
            tabs = len(line) - len(line.lstrip("\t")) if strip else 0
            if line[tabs:] == delimiter.value and not joined:
                break
            if end < 0:
                self._fail(f"the heredoc `{delimiter.value}` has no end")
            kept.append((at + tabs, end + 1))
            joined = expands and (len(line) - len(line.rstrip("\\"))) % 2 == 1
            at = end + 1
        stop = at
        self.at = end + 1 if end >= 0 else len(text)
        if not strip or not kept:
            kept = [(start, stop)]
        if not expands:
            value = "".join(text[a:b] for a, b in kept)
            return Body(value, True, self.places[start], self.places[stop], ())  # noqa: FBT003
        inner = self._inner(kept)
        parts = inner.body_parts()
        value = "".join(part if isinstance(part, str) else part.raw for part in parts)
        return Body(
            value,
            all(isinstance(part, str) for part in parts),
            self.places[start],
            self.places[stop],
            tuple(inner.blocks),
        )

    def body_parts(self) -> list[str | Expansion]:
        """Read the whole text as the body of a heredoc."""
        parts: list[str | Expansion] = []
        self.shared.enter()
        while self.at < len(self.text):
            plain = _IN_BODY.match(self.text, self.at)
            if plain is not None:
                self.at = plain.end()
                parts.append(plain[0])
            else:
                self._escape_or_expansion(parts, "$`\\")
        self.shared.depth -= 1
        return parts

    # The smallest steps.

    def _sees(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def _keyword(self) -> str:
        """Read ahead the word at this place if it could be a reserved one, else nothing."""
        found = _KEYWORD.match(self.text, self.at)
        return found[0] if found is not None else ""

    def _takes(self, keyword: str) -> bool:
        """Read this reserved word if it stands here."""
        if self._keyword() != keyword:
            return False
        self.at = self.done = self.at + len(keyword)
        return True

    def _expect(self, closer: str) -> None:
        if closer == ")" and self._sees(")"):
            self.at = self.done = self.at + 1
        elif not self._takes(closer):
            self._fail(f"`{closer}` is expected before `{self._near()}`")

    def _operator(self, length: int) -> None:
        self.at = self.done = self.at + length
        if self._sees("\\\n") and self.text[self.at + 2 : self.at + 3] in tuple("&|;<>("):
            self._fail("an operator is split over lines")

    def _blanks(self) -> None:
        """Skip blanks, joined lines and a comment."""
        found = _BLANKS.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        if self._sees("#"):
            end = self.text.find("\n", self.at)
            self.at = end if end >= 0 else len(self.text)

    def _lines(self) -> None:
        """Skip blanks, comments and newlines."""
        self._blanks()
        while self._sees("\n"):
            self._newline()
            self._blanks()

    def _end(self) -> int:
        """Where what was read last ends in the script (a gap may follow inside backticks)."""
        return self.places[self.done - 1] + 1 if self.done else self.places[0]

    def _near(self) -> str:
        """Show what stands here, for a message."""
        line, _, _ = self.text[self.at : self.at + 20].partition("\n")
        return line.split(" ")[0] or "the end"

    def _fail(self, reason: str) -> NoReturn:
        raise _UnreadableError(reason)


def _next(text: str, characters: str, at: int) -> int:
    """Where one of two characters stands next, or the text's end."""
    found = [place for c in characters if (place := text.find(c, at)) >= 0]
    return min(found, default=len(text))


def _is_pattern(bare: str) -> bool:
    """Whether the shell may put other words in place of this unquoted text."""
    if "*" in bare or "?" in bare or bare.startswith("~"):
        return True
    opened = bare.find("[")
    if opened >= 0 and bare.find("]", opened + 1) > 0:
        return True
    opened = bare.find("{")
    closed = bare.rfind("}")
    inside = bare[opened + 1 : closed] if 0 <= opened < closed else ""
    return "," in inside or ".." in inside


def _unescape(found: re.Match[str]) -> str:
    """Turn one escape of `$'…'` into its character."""
    kind, digits = found[1][0], found[1][1:]
    if kind in _ESCAPES:
        return _ESCAPES[kind]
    if kind in "xuU":
        code = int(digits, 16)
        return chr(code) if code < 0x110000 else found[0]
    if kind == "c":
        return chr(ord(digits) & 0x1F)
    return chr(int(found[1], 8) & 0xFF)


_ESCAPE = re.compile(
    r"\\([abeEfnrtv\\'\"?]|[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|c[ -~])"
)
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "?": "?",
}
