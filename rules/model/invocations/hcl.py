"""A small tolerant reader of HCL, enough for bake files; what it does not know becomes None."""

import re
from dataclasses import field
from typing import Any

from rules.model.dataclass import dataclass
from rules.model.invocations.documents import check_length

MAX_CHARACTERS = 128 * 1024
MAX_DEPTH = 40


@dataclass(slots=True)
class Block:
    """`kind "name" { … }`: its attributes and the blocks in it."""

    kind: str
    name: str
    attributes: dict[str, Any] = field(default_factory=dict)


_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*|//[^\n]*)|(?P<open>/\*)|(?P<name>[A-Za-z_][\w.-]*)"""
    r"""|(?P<quote>")|(?P<heredoc><<-?\w+\n)|(?P<other>.|\n)"""
)


def read_hcl(text: str) -> list[Block]:
    """The blocks at the top of a file; fewer where it is not well-formed. Raises BeyondError."""
    check_length(text, MAX_CHARACTERS)
    reader = _Reader(_tokens(text))
    blocks: list[Block] = []
    while reader.at < len(reader.tokens):
        block = reader.block()
        if block is not None:
            blocks.append(block)
    return blocks


Token = tuple[str, str]


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            break
        kind, value, at = found.lastgroup or "other", found[0], found.end()
        if kind == "open":
            end = text.find("*/", at)
            at = len(text) if end < 0 else end + 2
        elif kind == "quote":
            value, at = _string(text, at)
            tokens.append(("string", value))
        elif kind == "heredoc":
            end = text.find("\n" + value.strip("<-\n"), at - 1)
            tokens.append(("string", text[at : max(end + 1, at)]))
            at = len(text) if end < 0 else end + 1 + len(value.strip("<-\n"))
        elif kind != "skip":
            tokens.append((kind, value))
    return tokens


def _string(text: str, at: int) -> tuple[str, int]:
    """The string whose `"` stands before `at`; a `${…}` in it may hold quotes of its own."""
    start, depth = at, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text.startswith("${", at):
            depth += 1
        elif text[at] == "}" and depth:
            depth -= 1
        elif text[at] == "\n" or (text[at] == '"' and not depth):
            break
        at += 1
    return text[start:at].replace('\\"', '"').replace("\\\\", "\\"), at + 1


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def _peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else ("end", "")

    def _blank(self) -> None:
        while self._peek()[1] in ("\n", ","):
            self.at += 1

    def block(self) -> Block | None:
        """Read `kind "name" {`; anything else is passed over, one token at a time."""
        kind = self._peek()
        self.at += 1
        if kind[0] != "name":
            return None
        labels = []
        while self._peek()[0] in ("string", "name"):
            labels.append(self._peek()[1])
            self.at += 1
        if self._peek() != ("other", "{"):
            return None
        self.at += 1
        block = Block(kind[1], labels[0] if labels else "")
        block.attributes = self._body(0)
        return block

    def _body(self, depth: int) -> dict[str, Any]:
        """Read up to the `}`: attributes; blocks inside are passed over."""
        found: dict[str, Any] = {}
        while True:
            self._blank()
            kind, value = self._peek()
            self.at += 1
            if kind == "end" or (kind, value) == ("other", "}"):
                return found
            if kind in ("name", "string") and self._peek()[1] in ("=", ":"):
                self.at += 1
                found[value] = self._value(depth + 1)
            elif (kind, value) == ("other", "{") and depth < MAX_DEPTH:
                self._body(depth + 1)

    def _value(self, depth: int) -> Any:
        """A string, a list or an object; None for an expression."""
        start = self.at
        kind, value = self._peek()
        result: Any = None
        if depth > MAX_DEPTH:
            return None
        if kind == "string":
            self.at += 1
            result = value
        elif value == "[":
            self.at += 1
            result = self._list(depth)
        elif value == "{":
            self.at += 1
            result = self._body(depth)
        elif kind == "name":
            self.at += 1
            result = {"true": "true", "false": "false"}.get(value, f"${{{value}}}")
        if self._peek()[1] in ("\n", ",", "]", "}", ""):
            return result
        self.at = start
        self._pass_over()
        return None

    def _list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            self._blank()
            if self._peek()[1] == "]" or self._peek()[0] == "end":
                self.at += 1
                return found
            before = self.at
            found.append(self._value(depth + 1))
            if self.at == before:
                self.at += 1

    def _pass_over(self) -> None:
        """To the end of an expression that is not read."""
        depth = 0
        while self._peek()[0] != "end":
            value = self._peek()[1]
            if self._peek()[0] == "other":
                if depth == 0 and value in ("\n", ",", "]", "}"):
                    return
                depth += (value in ("(", "[", "{")) - (value in (")", "]", "}"))
            self.at += 1
