"""BuildKit's reading of a Dockerfile by two ports of it, for comparing ours with it.

`e2b-dockerfile-utils` is a port to Python, `dockerfile` (which has no wheel for every machine) the
Go parser of BuildKit 0.12. Each leaves something out; `gap` says what.
"""

import re
from dataclasses import dataclass

from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast

from rules.model.dockerfile import Dockerfile, Instruction

try:
    import dockerfile as go
except ImportError:
    go = None


@dataclass(frozen=True)
class Reading:
    """What an instruction is compared by."""

    keyword: str
    start: int
    end: int
    flags: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    json: bool = False
    heredocs: tuple[tuple[str, bool, bool, str], ...] = ()


def ours(dockerfile: Dockerfile) -> list[Reading]:
    """Our reading."""
    return [_ours(instruction) for instruction in dockerfile.instructions]


def _ours(instruction: Instruction) -> Reading:
    if instruction.pairs:
        args: list[str] = []
        for pair in instruction.pairs:
            if instruction.keyword == "ARG":
                args.append(pair.word.text)
            else:
                new = pair.word.text.startswith(f"{pair.key}=")
                args += [pair.key, pair.value or "", "=" if new else ""]
    else:
        args = [word.text for word in instruction.args]
        if instruction.script:
            args.append(instruction.script)
    return Reading(
        instruction.keyword,
        instruction.span.start,
        instruction.span.end,
        tuple(
            "--" + flag.name + ("" if flag.value is None else "=" + flag.value)
            for flag in instruction.flags
        ),
        tuple(args),
        instruction.json,
        tuple((doc.name, doc.expand, doc.strip_tabs, doc.body) for doc in instruction.heredocs),
    )


def e2b(text: str) -> list[Reading] | None:
    """The Python port's reading, None when it refuses the text."""
    try:
        tree = parse_dockerfile_ast(text)
    except DockerfileSyntaxError:
        return None
    return [
        Reading(
            one.name,
            one.start_line,
            one.end_line,
            tuple(one.flags),
            () if one.name == "ONBUILD" else tuple(one.args),
            one.json,
            tuple(
                (doc.name, doc.expand, doc.chomp, _body(doc.content, doc.chomp))
                for doc in one.heredocs
            ),
        )
        for one in tree.instructions
    ]


def _body(content: str, chomp: bool) -> str:
    content = content.replace("\r\n", "\n")
    return re.sub(r"^\t+", "", content, flags=re.MULTILINE) if chomp else content


def older(text: str) -> list[Reading] | None:
    """The older Go parser's reading of keywords and lines, None when it refuses the text."""
    try:
        # It crashes on what is no UTF-8.
        commands = go.parse_string(text.encode("utf-8", "replace").decode())
    except go.GoParseError:
        return None
    return [Reading((one.cmd or "").upper(), one.start_line, one.end_line) for one in commands]


def lines_only(readings: list[Reading]) -> list[Reading]:
    """The readings without what stands in the lines."""
    return [Reading(one.keyword, one.start, one.end) for one in readings]


def gap(text: str) -> str | None:
    """What in a text `e2b-dockerfile-utils` is known to read otherwise than BuildKit."""
    lower = text.lower()
    if "onbuild" in lower and "<<" in text:
        return "a heredoc under ONBUILD"
    if ("copy" in lower or "add" in lower) and ('"' in text or "'" in text or "\\ " in text):
        return "quotes in COPY: it takes them for quotes, BuildKit for letters"
    if re.search(r"[\x1c-\x1f]", text):
        return "control characters that Python takes for white space"
    if "<<" in text and "${" in text:
        return "`${…}` beside a heredoc: BuildKit loses the text before it"
    if not text.isascii() and "--" in text:
        return "letters beyond ASCII in flags: BuildKit reads these byte by byte"
    return None


def older_gap(text: str) -> str | None:
    """What in a text `dockerfile` reads otherwise than today's BuildKit."""
    if re.search(r"<<[\t\r ]", text):
        return "`<< EOF`, which is newer"
    if re.search(r"#\s*check\s*=", text, re.IGNORECASE):
        return "`# check=`, which is newer"
    if "\0" in text:
        return "a NUL ends the text"
    return None
