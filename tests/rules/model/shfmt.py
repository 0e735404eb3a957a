"""shfmt's reading of a script, for comparing ours with it (the `shfmt` of shfmt-py)."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rules.model.script import Command, Compound, Script

BESIDE = Path(sys.executable).parent / "shfmt"
PROGRAM = shutil.which("shfmt") or (str(BESIDE) if BESIDE.exists() else None)

_DECLARES = {"declare", "local", "export", "readonly", "typeset", "nameref"}


def parse(text: str) -> dict[str, Any] | None:
    """shfmt's tree, read as bash, else as POSIX; None when it refuses the text."""
    for language in ("bash", "posix"):
        done = subprocess.run(
            [PROGRAM, f"-ln={language}", "--to-json"],
            input=text.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            timeout=60,
        )
        if done.returncode == 0:
            return json.loads(done.stdout)
    return None


@dataclass(frozen=True)
class Reading:
    """What both readers are compared by, each list in source order.

    `commands`: the words of every simple command (`[[ … ]]` has none, nor have assignments that
    stand alone). `assignments`: name, whether it appends, value. `redirects`: operator, target.
    """

    commands: list[list[str]]
    assignments: list[tuple[str, bool, str]]
    redirects: list[tuple[str, str]]


def theirs(text: str) -> Reading | None:
    """What shfmt reads; None when it refuses the text."""
    tree = parse(text)
    if tree is None:
        return None
    source = text.encode("utf-8", "surrogateescape")
    calls = sorted(_calls(tree, source), key=lambda call: call[0])
    nodes = list(_nodes(tree))
    assigned = [
        a for node in nodes if node.get("Type") == "CallExpr" for a in node.get("Assigns", [])
    ]
    redirected = [r for node in nodes for r in node.get("Redirs", [])]
    return Reading(
        [[comparable(word) for word in words] for _, words in calls],
        [_assignment(a, source) for a in sorted(assigned, key=_place)],
        [(r["Op"], comparable(_word(r["Word"], source))) for r in sorted(redirected, key=_place)],
    )


def ours(script: Script) -> Reading:
    """The same of our own."""
    commands = sorted(script.commands, key=_first_word)
    assigned = [assignment for command in commands for assignment in command.assignments]
    redirected = [redirect for node in _our_nodes(script) for redirect in node.redirects]
    return Reading(
        [[comparable(word.value) for word in c.argv] for c in commands if c.argv],
        [
            (a.name, a.append, comparable(a.value.value))
            for a in sorted(assigned, key=lambda a: a.value.start)
        ],
        [
            (r.operator, comparable(r.target.value))
            for r in sorted(redirected, key=lambda r: r.target.start)
        ],
    )


def _first_word(command: Command) -> int:
    """Where it begins for shfmt: redirects in front do not count."""
    starts = [word.start for word in command.argv[:1]]
    return min(starts + [a.value.start for a in command.assignments], default=command.start)


def _our_nodes(script: Script) -> Iterator[Command | Compound]:
    blocks = [script.items, *(block for body in script.bodies for block in body.substitutions)]
    while blocks:
        for item in blocks.pop():
            for node in item.pipeline:
                yield node
                blocks += node.substitutions
                if isinstance(node, Compound):
                    blocks += node.blocks


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += [inner for name, inner in node.items() if name not in ("Pos", "End")]
        elif isinstance(node, list):
            waiting += node


def _place(node: Any) -> int:
    return node["Pos"]["Offset"]


def _assignment(assign: Any, source: bytes) -> tuple[str, bool, str]:
    value = ""
    if "Array" in assign:
        value = _slice(assign["Array"], source)
    elif "Value" in assign:
        value = _word(assign["Value"], source)
    return assign["Name"]["Value"], bool(assign.get("Append")), comparable(value)


def comparable(word: str) -> str:
    """A word without what the two write down differently.

    shfmt's expansions keep joined lines; ours give what nested backticks hold unescaped.
    """
    word = word.replace("\\\n", "")
    return word.replace("\\", "") if "`" in word else word


def _calls(node: Any, source: bytes) -> Iterator[tuple[int, list[str]]]:
    if isinstance(node, list):
        for inner in node:
            yield from _calls(inner, source)
    if not isinstance(node, dict):
        return
    kind = node.get("Type")
    at = node["Pos"]["Offset"] if "Pos" in node else 0
    if kind == "CallExpr" and node.get("Args"):
        yield at, [_word(word, source) for word in node["Args"]]
    elif kind == "DeclClause":
        yield at, [node["Variant"]["Value"], *(_declared(a, source) for a in node.get("Args", []))]
    elif kind == "LetClause":
        yield at, ["let", *(_unquoted(_slice(e, source)) for e in node["Exprs"])]
    elif kind == "TimeClause":
        yield from _timed(node, at, source)
        return
    for name, inner in node.items():
        if name not in ("Pos", "End"):
            yield from _calls(inner, source)


def _timed(node: Any, at: int, source: bytes) -> Iterator[tuple[int, list[str]]]:
    """`time` before a simple command is a word of it for us, as it is for dash."""
    inside = list(_calls(node.get("Stmt", {}), source))
    command = node.get("Stmt", {}).get("Cmd", {})
    if command.get("Type") == "CallExpr":
        first = min(inside)
        words = ["time", *(["-p"] if node.get("PosixFormat") else []), *first[1]]
        inside[inside.index(first)] = (at, words)
    yield from inside


def _declared(assign: Any, source: bytes) -> str:
    if assign.get("Naked") and "Value" in assign:
        return _word(assign["Value"], source)
    name = assign["Name"]["Value"] if "Name" in assign else ""
    if "Array" in assign or "Index" in assign:
        return _slice(assign, source)
    if assign.get("Naked"):
        return name
    sign = "+=" if assign.get("Append") else "="
    return name + sign + (_word(assign["Value"], source) if "Value" in assign else "")


def _word(word: Any, source: bytes) -> str:
    return "".join(_part(part, source, quoted=False) for part in word["Parts"])


def _part(part: Any, source: bytes, *, quoted: bool) -> str:
    kind = part["Type"]
    if kind == "Lit":
        escaped = r'\\([$`"\\\n])' if quoted else r"\\(.)"
        return re.sub(escaped, _unescape, part.get("Value", ""), flags=re.DOTALL)
    if kind == "SglQuoted":
        value = part.get("Value", "")
        return _ansi(value) if part.get("Dollar") else value
    if kind == "DblQuoted":
        return "".join(_part(inner, source, quoted=True) for inner in part.get("Parts", []))
    return _slice(part, source)


def _unquoted(expression: str) -> str:
    return expression.replace('"', "").replace("'", "")


def _slice(node: Any, source: bytes) -> str:
    raw = source[node["Pos"]["Offset"] : node["End"]["Offset"]]
    return raw.decode("utf-8", "surrogateescape")


def _ansi(value: str) -> str:
    """`$'…'` by Python's own escapes, which are the same for what real scripts hold."""
    return value.encode("latin-1", "backslashreplace").decode("unicode_escape")


def _unescape(found: re.Match[str]) -> str:
    return "" if found[1] == "\n" else found[1]
