"""Words of a shell script: quotes, escapes, expansions and heredocs, with the scripts in them.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02 (quoting) and
#tag_19_06 (expansions). rules/model/shell.py reads what words stand in.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NoReturn, Self

from rules.model.script import Block, Body, Command, Expansion, Word

MAX_DEPTH = 40  # Python's own stack bounds it; real scripts nest five deep
MAX_COMMANDS = 5_000
MAX_WORDS = 20_000
REREADS = 2  # times the length of the text that may be read again inside backticks and heredocs

# Most words: nothing in them means anything to the shell.
_WHOLE = re.compile(r"[A-Za-z0-9_./:=@%+,^-]++(?=[ \t\n;&|)]|\Z)")
_PLAIN = re.compile(r"[^ \t\n;&|<>()'\"\\$`]+")
_IN_DOUBLE = re.compile(r"[^\"\\$`]+")
_IN_BODY = re.compile(r"[^\\$`]+")
_IN_BRACES = re.compile(r"[^}'\"\\$`]+")
_IN_ARITHMETIC = re.compile(r"[^()'\"\\$`]+")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BLANKS = re.compile(r"(?:[ \t]|\\\n)+")
_GLOB = re.compile(r"[*?\[{]")
_NAME_GOES_ON = re.compile(r"(?:\\\n)++[A-Za-z0-9_]")
_KEYWORD = re.compile(r"(?:[a-z]{2,8}|[{}!]|\[\[)(?=[ \t\n;&|<>()]|$)")
_SPECIAL = "@*#?$!-0123456789"


class UnreadableError(Exception):
    """Stops the reading; says why."""


class Shared:
    """What the readers of one script and of the scripts inside it gather together."""

    def __init__(self, budget: int) -> None:
        self.commands: list[Command | None] = []
        self.bodies: list[Body | None] = []
        self.variables: set[str] = set()
        self.words = 0
        self.nodes = 0
        self.depth = 0
        self.budget = budget

    def enter(self) -> None:
        """Go one level deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnreadableError(f"it is nested more than {MAX_DEPTH} deep")


class WordReader(ABC):
    """Reads one text from left to right; `places` are its characters' offsets in the script."""

    def __init__(self, text: str, places: Sequence[int], shared: Shared) -> None:
        self.text = text
        self.places = places
        self.shared = shared
        self.at = 0
        self.done = 0
        """Where the last thing that was read ends."""
        self.blocks: list[Block] = []
        """Scripts inside words, met since the command began."""
        self.pending: list[tuple[int, Word, bool]] = []
        """Heredocs whose bodies come after this line: index, delimiter, whether tabs go."""

    @abstractmethod
    def whole(self) -> Block:
        """Read the whole text as a list."""

    @abstractmethod
    def block(self) -> Block:
        """Read a list up to what closes it."""

    def word(self, *, may_be_empty: bool = False) -> Word:
        """Read the word that stands here."""
        text, start, shared = self.text, self.at, self.shared
        shared.words += 1
        if shared.words > MAX_WORDS:
            self.fail(f"it has more than {MAX_WORDS:,} words")
        whole = _WHOLE.match(text, start)
        if whole is not None:
            self.at = self.done = whole.end()
            value = whole[0]
            return Word(value, value, True, self.places[start], self.end())  # noqa: FBT003
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
            bare.append("x")
            if text[self.at] == "(" and self.at > start and text[self.at - 1] in "?*+@!":
                self._extended_pattern(parts)
                bare.append("*")
            elif not self._piece(parts):
                break
        if self.at == start and not may_be_empty:
            self.fail(f"`{self.near()}` stands where a word is expected")
        self.done = self.at
        value, literal = _joined(parts)
        pattern = (globs or "*" in bare) and _is_pattern("".join(bare))
        return Word(
            value,
            text[start : self.at],
            literal and not pattern,
            self.places[start],
            self.end(),
            pattern,
            () if literal else tuple(parts),
        )

    def _piece(self, parts: list[str | Expansion]) -> bool:
        """Read one quoted or replaced piece of a word; False where the word ends."""
        text, character = self.text, self.text[self.at]
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
        else:
            return False
        return True

    def _single(self, parts: list[str | Expansion]) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            self.fail("a `'` is not closed")
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
            self.escape_or_expansion(parts, '$`"\\')
        self.fail('a `"` is not closed')

    def escape_or_expansion(self, parts: list[str | Expansion], escapable: str) -> None:
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
            self.fail("a `$` stands before the end of a line")
        elif following and following in _SPECIAL:
            self.at += 2
            parts.append(Expansion(text[start : self.at], None, quoted))
        else:
            name = NAME.match(text, start + 1)
            if name is None:
                parts.append("$")
                self.at += 1
                return
            self.at = name.end()
            if _NAME_GOES_ON.match(text, self.at):
                self.fail("a name is split over lines")
            self.shared.variables.add(name[0])
            parts.append(Expansion(text[start : self.at], name[0], quoted))

    def _substitution(self, parts: list[str | Expansion], *, quoted: bool) -> None:
        """Read `$(…)`, `$((…))`, `<(…)` or `>(…)`."""
        start = self.at
        self.shared.enter()
        if not self.takes_arithmetic("$(("):
            self.at += 2
            block = self.block()
            self.expect(")")
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
            self.fail("a backtick is not closed")
        kept.append((since, at))
        inner = self.inner(kept)
        self.shared.enter()
        self.blocks.append(inner.whole())
        self.shared.depth -= 1
        self.at = at + 1
        parts.append(Expansion(text[start : self.at], None, quoted))

    def inner(self, kept: Sequence[tuple[int, int]]) -> Self:
        """Make a reader of pieces of this text, from and to these positions."""
        self.shared.budget -= 16 + sum(end - start for start, end in kept)
        if self.shared.budget < 0:
            self.fail("it takes too many steps to read")
        places: Sequence[int]
        if len(kept) == 1:
            places = self.places[kept[0][0] : kept[0][1] + 1]
        else:
            places = [self.places[at] for start, end in kept for at in range(start, end)]
            places.append(self.places[kept[-1][1]])
        text = "".join(self.text[start:end] for start, end in kept)
        return type(self)(text, places, self.shared)

    def _braces(self, parts: list[str | Expansion], *, quoted: bool) -> None:
        """Read `${…}`."""
        text, start, shared = self.text, self.at, self.shared
        name = NAME.match(text, start + 2)
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
        if text.startswith("\\\n", operator):
            self.fail("a name is split over lines")
        quotes = not quoted or text[operator : operator + 1] in ("#", "%", "/", "^", ",")
        unused: list[str | Expansion] = []
        while self.at < len(text):
            plain = _IN_BRACES.match(text, self.at)
            if plain is not None:
                # Words of a default count as names too: too many is safe, too few is not.
                shared.variables.update(NAME.findall(plain[0]))
                self.at = plain.end()
            elif text[self.at] == "}":
                self.at += 1
                shared.depth -= 1
                parts.append(Expansion(text[start : self.at], None, quoted))
                return
            else:
                self._inside(unused, single=quotes)
        self.fail("a `${` is not closed")

    def takes_arithmetic(self, opener: str) -> bool:
        """Read `((…))` or `$((…))`, or nothing: `((a) || b)` is a subshell in a subshell.

        https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_06_03
        """
        if not self.sees(opener):
            return False
        shared, start, done = self.shared, self.at, self.done
        blocks, pending, depth = self.blocks, list(self.pending), shared.depth
        sizes = len(blocks), len(shared.commands), len(shared.bodies)
        self.at += len(opener)
        try:
            self.arithmetic()
        except UnreadableError:
            shared.budget -= 64 + 2 * (self.at - start)
            if shared.budget < 0:
                raise
            del blocks[sizes[0] :], shared.commands[sizes[1] :], shared.bodies[sizes[2] :]
            self.at, self.done, self.blocks, self.pending = start, done, blocks, pending
            shared.depth = depth
            return False
        return True

    def arithmetic(self) -> None:
        """Read up to and with the `))` behind a `((`."""
        text, open_ = self.text, 0
        unused: list[str | Expansion] = []
        while self.at < len(text):
            plain = _IN_ARITHMETIC.match(text, self.at)
            character = text[self.at]
            if plain is not None:
                self.shared.variables.update(NAME.findall(plain[0]))
                self.at = plain.end()
            elif character == "(":
                open_ += 1
                self.at += 1
            elif character == ")" and open_:
                open_ -= 1
                self.at += 1
            elif character == ")":
                if not self.sees("))"):
                    break
                self.at = self.done = self.at + 2
                return
            else:
                self._inside(unused, single=True)
        self.fail("a `((` is not closed by `))`")

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
            self.escape_or_expansion(unused, "")

    def _ansi(self, parts: list[str | Expansion]) -> None:
        """Read `$'…'`."""
        text, start = self.text, self.at + 2
        at = start
        while (at := _next(text, "'\\", at)) < len(text) and text[at] != "'":
            at += 2
        if at >= len(text):
            self.fail("a `$'` is not closed")
        parts.append(_ESCAPE.sub(_unescape, text[start:at]))
        self.at = at + 1

    def _extended_pattern(self, parts: list[str | Expansion]) -> None:
        """Read the `(a|b)` of bash's `@(a|b)`."""
        start = self.at
        self.shared.enter()
        self.at += 1
        while not self.sees(")"):
            if self.text[self.at : self.at + 1] in ("|", " ", "&", ";", "<", ">"):
                self.at += 1
                continue
            self.word()
        self.at += 1
        self.shared.depth -= 1
        parts.append(self.text[start : self.at])

    # Heredocs.

    def newline(self) -> None:
        """Read the end of a line and the heredocs below it."""
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
                self.fail(f"the heredoc `{delimiter.value}` has no end")
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
        inner = self.inner(kept)
        parts = inner.body_parts()
        value, literal = _joined(parts)
        return Body(
            value,
            literal,
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
                self.escape_or_expansion(parts, "$`\\")
        self.shared.depth -= 1
        return parts

    # The smallest steps.

    def sees(self, text: str) -> bool:
        """Whether this text stands here."""
        return self.text.startswith(text, self.at)

    def keyword(self) -> str:
        """Read ahead the word at this place if it could be a reserved one, else nothing."""
        found = _KEYWORD.match(self.text, self.at)
        return found[0] if found is not None else ""

    def takes(self, keyword: str) -> bool:
        """Read this reserved word if it stands here."""
        if self.keyword() != keyword:
            return False
        self.at = self.done = self.at + len(keyword)
        return True

    def expect(self, closer: str) -> None:
        """Read what must stand here: `)` or a reserved word."""
        if closer == ")" and self.sees(")"):
            self.at = self.done = self.at + 1
        elif not self.takes(closer):
            self.fail(f"`{closer}` is expected before `{self.near()}`")

    def operator(self, length: int) -> None:
        """Read an operator of this length."""
        self.at = self.done = self.at + length
        if self.sees("\\\n") and self.text[self.at + 2 : self.at + 3] in tuple("&|;<>("):
            self.fail("an operator is split over lines")

    def blanks(self) -> None:
        """Skip blanks, joined lines and a comment."""
        character = self.text[self.at : self.at + 1]
        if character == " ":
            self.at += 1
            character = self.text[self.at : self.at + 1]
        if not character or character not in " \t\\#":
            return
        found = _BLANKS.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        if self.sees("#"):
            end = self.text.find("\n", self.at)
            self.at = end if end >= 0 else len(self.text)

    def lines(self) -> None:
        """Skip blanks, comments and newlines."""
        self.blanks()
        while self.sees("\n"):
            self.newline()
            self.blanks()

    def end(self) -> int:
        """Where what was read last ends in the script (a gap may follow inside backticks)."""
        return self.places[self.done - 1] + 1 if self.done else self.places[0]

    def near(self) -> str:
        """Show what stands here, for a message."""
        line, _, _ = self.text[self.at : self.at + 20].partition("\n")
        return line.split(" ")[0] or "the end"

    def fail(self, reason: str) -> NoReturn:
        """Stop: the script cannot be read."""
        raise UnreadableError(reason)


def _joined(parts: Sequence[str | Expansion]) -> tuple[str, bool]:
    """Join pieces, expansions as written; and say whether there are none."""
    values = [part if isinstance(part, str) else part.raw for part in parts]
    return "".join(values), not any(isinstance(part, Expansion) for part in parts)


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
