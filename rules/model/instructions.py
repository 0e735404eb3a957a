"""What BuildKit refuses in an instruction that its parser has read.

https://github.com/moby/buildkit/blob/master/frontend/dockerfile/instructions/parse.go
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.model.dockerfile import Instruction


def check(instruction: "Instruction") -> None:
    """Raise ValueError with BuildKit's reason when it would refuse the instruction."""
    keyword = instruction.keyword
    known = _FLAGS.get(keyword)
    if known is None:
        raise ValueError(f"unknown instruction: {keyword}")
    count = len(instruction.args)
    if keyword in ("COPY", "ADD"):
        if count < 2:
            raise ValueError(f"{keyword} requires at least two arguments")
    elif keyword in ("ENV", "ARG", "LABEL", "EXPOSE", "VOLUME"):
        if not count:
            raise ValueError(f"{keyword} requires at least one argument")
    elif keyword in ("USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER"):
        if count != 1:
            raise ValueError(f"{keyword} requires exactly one argument")
    elif keyword == "FROM":
        _check_from(instruction)
    elif keyword == "SHELL":
        if not instruction.json or not count:
            raise ValueError("SHELL requires the arguments to be in JSON form")
    elif keyword == "HEALTHCHECK":
        _check_healthcheck(instruction)
    elif keyword == "ONBUILD":
        _check_onbuild(instruction)
    for pair in instruction.pairs:
        if not pair.key:
            raise ValueError(f"{keyword} names can not be blank")
    _check_flags(instruction, known)


def _check_from(instruction: "Instruction") -> None:
    words = [word.text for word in instruction.args]
    if len(words) == 1:
        return
    if len(words) != 3 or words[1].lower() != "as":
        raise ValueError("FROM requires either one or three arguments")
    name = words[2].lower()
    if not name[0].isalpha() or not name.isascii() or name.strip(_NAME):
        raise ValueError(f"invalid name for build stage: {words[2]!r}")


def _check_healthcheck(instruction: "Instruction") -> None:
    kind = instruction.value
    if not kind:
        raise ValueError("HEALTHCHECK requires at least one argument")


def _check_onbuild(instruction: "Instruction") -> None:
    inner = instruction.inner
    if inner is None:
        raise ValueError("ONBUILD requires at least one argument")
    if inner.keyword == "ONBUILD":
        raise ValueError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if inner.keyword in ("FROM", "MAINTAINER"):
        raise ValueError(f"{inner.keyword} isn't allowed as an ONBUILD trigger")


def _check_flags(instruction: "Instruction", known: str) -> None:
    if instruction.keyword in ("ARG", "STOPSIGNAL"):
        return  # BuildKit does not look at them
    for flag in instruction.flags:
        if flag.name not in known.split():
            raise ValueError(f"unknown flag: --{flag.name}")


_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-_."

_FLAGS = {
    "ADD": "chown chmod link keep-git-dir checksum unpack exclude",
    "ARG": "",
    "CMD": "",
    "COPY": "chown from chmod link exclude parents",
    "ENTRYPOINT": "",
    "ENV": "",
    "EXPOSE": "",
    "FROM": "platform",
    "HEALTHCHECK": "interval timeout start-period start-interval retries",
    "LABEL": "",
    "MAINTAINER": "",
    "ONBUILD": "",
    "RUN": "mount network security device",
    "SHELL": "",
    "STOPSIGNAL": "",
    "USER": "",
    "VOLUME": "",
    "WORKDIR": "",
}
