"""What BuildKit refuses in an instruction that its parser has read.

https://github.com/moby/buildkit/blob/master/frontend/dockerfile/instructions/parse.go; the values
of HEALTHCHECK's options and of `--device` are not looked at.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rules.model.heredoc import marker

if TYPE_CHECKING:
    from rules.model.dockerfile import Flag, Instruction


def check(instruction: "Instruction") -> None:
    """Raise ValueError with BuildKit's reason when it would refuse the instruction."""
    keyword = instruction.keyword
    flags = _FLAGS.get(keyword)
    if flags is None:
        raise ValueError(f"unknown instruction: {keyword}")
    least, most, closer = _ARGUMENTS.get(keyword, _ANY)
    if not least <= len(instruction.args) <= most:
        raise ValueError(_WRONG_COUNT[least, most].format(keyword))
    if closer:
        closer(instruction)
    if instruction.flags and not _ignores_flags(instruction):
        _check_flags(instruction.flags, flags)


def _check_destination(instruction: "Instruction") -> None:
    if marker(instruction.args[-1].text):
        raise ValueError(f"{instruction.keyword} cannot accept a heredoc as a destination")


def _check_keys(instruction: "Instruction") -> None:
    if not all(pair.key for pair in instruction.pairs):
        raise ValueError(f"{instruction.keyword} names can not be blank")


def _check_shell(instruction: "Instruction") -> None:
    if not instruction.json or not instruction.args:
        raise ValueError("SHELL requires the arguments to be in JSON form")


def _check_volumes(instruction: "Instruction") -> None:
    if not all(word.text.strip() for word in instruction.args):
        raise ValueError("VOLUME specified can not be an empty string")


def _check_stage(instruction: "Instruction") -> None:
    words = [word.text for word in instruction.args]
    if len(words) == 1:
        return
    if len(words) != 3 or words[1].lower() != "as":
        raise ValueError("FROM requires either one or three arguments")
    name = words[2].lower()
    if not "a" <= name[0] <= "z" or name.strip(_NAME):
        raise ValueError(
            f'invalid name for build stage: "{words[2]}", '
            "name can't start with a number or contain symbols"
        )


def _check_healthcheck(instruction: "Instruction") -> None:
    kind = instruction.args[0].text
    command = bool(instruction.args[1:] or instruction.script)
    if kind.upper() == "NONE":
        if command:
            raise ValueError("HEALTHCHECK NONE takes no arguments")
    elif kind.upper() != "CMD":
        raise ValueError(f'Unknown type "{kind.upper()}" in HEALTHCHECK (try CMD)')
    elif not command:
        raise ValueError("Missing command after HEALTHCHECK CMD")


def _check_trigger(instruction: "Instruction") -> None:
    inner = instruction.inner
    if inner is None:
        raise ValueError("ONBUILD requires at least one argument")
    if inner.keyword == "ONBUILD":
        raise ValueError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if inner.keyword in ("FROM", "MAINTAINER"):
        raise ValueError(f"{inner.keyword} isn't allowed as an ONBUILD trigger")


def _ignores_flags(instruction: "Instruction") -> bool:
    if instruction.keyword == "HEALTHCHECK":
        return instruction.args[0].text.upper() == "NONE"
    return instruction.keyword in ("ARG", "STOPSIGNAL")


def _check_flags(flags: tuple["Flag", ...], kinds: dict[str, str]) -> None:
    seen = set()
    for flag in flags:
        name, value = flag.name, flag.value
        kind = kinds.get(name)
        if kind is None:
            raise ValueError(f"unknown flag: --{name}")
        if name in seen and kind != "many":
            raise ValueError(f"duplicate flag specified: --{name}")
        seen.add(name)
        if kind == "bool":
            if value == "":
                raise ValueError(f"missing a value on flag: --{name}")
            if value is not None and value.lower() not in ("true", "false"):
                raise ValueError(f"expecting boolean value for flag --{name}, not: {value}")
        elif value is None:
            raise ValueError(f"missing a value on flag: --{name}")
        else:
            _check_value(name, value)


def _check_value(name: str, value: str) -> None:
    if name == "network" and value not in ("default", "none", "host"):
        raise ValueError(f'invalid network mode "{value}"')
    if name == "security" and value not in ("insecure", "sandbox"):
        raise ValueError(f'security "{value}" is not valid')
    if name == "mount":
        _check_mount(value)


def _check_mount(value: str) -> None:
    fields = value.split(",")
    quoted = any(field.startswith('"') for field in fields)  # CSV as in Go; nobody writes it
    if not value or ('"' in value and not quoted):
        raise ValueError("failed to parse csv mounts")
    for field in fields:
        key, _, source = field.partition("=")
        if key.lower() == "from" and "$" in source[:-1]:
            raise ValueError("'from' doesn't support variable expansion")


_NAME = "abcdefghijklmnopqrstuvwxyz0123456789-_."

_Closer = Callable[["Instruction"], None]

_MANY = 1_000_000
_ANY: tuple[int, int, _Closer | None] = (0, _MANY, None)
_ARGUMENTS: dict[str, tuple[int, int, _Closer | None]] = {
    "ADD": (2, _MANY, _check_destination),
    "ARG": (1, _MANY, _check_keys),
    "COPY": (2, _MANY, _check_destination),
    "ENV": (1, _MANY, _check_keys),
    "EXPOSE": (1, _MANY, None),
    "FROM": (1, 3, _check_stage),
    "HEALTHCHECK": (1, _MANY, _check_healthcheck),
    "LABEL": (1, _MANY, _check_keys),
    "MAINTAINER": (1, 1, None),
    "ONBUILD": (0, 0, _check_trigger),
    "SHELL": (0, _MANY, _check_shell),
    "STOPSIGNAL": (1, 1, None),
    "USER": (1, 1, None),
    "VOLUME": (1, _MANY, _check_volumes),
    "WORKDIR": (1, 1, None),
}
"""How many arguments at least and at most, and what else they must be."""

_WRONG_COUNT = {
    (1, _MANY): "{} requires at least one argument",
    (1, 1): "{} requires exactly one argument",
    (1, 3): "{} requires either one or three arguments",
    (2, _MANY): "{} requires at least two arguments",
}

_FLAGS: dict[str, dict[str, str]] = {
    "ADD": {
        "checksum": "text",
        "chmod": "text",
        "chown": "text",
        "exclude": "many",
        "keep-git-dir": "bool",
        "link": "bool",
        "unpack": "bool",
    },
    "ARG": {},
    "CMD": {},
    "COPY": {
        "chmod": "text",
        "chown": "text",
        "exclude": "many",
        "from": "text",
        "link": "bool",
        "parents": "bool",
    },
    "ENTRYPOINT": {},
    "ENV": {},
    "EXPOSE": {},
    "FROM": {"platform": "text"},
    "HEALTHCHECK": {
        "interval": "text",
        "retries": "text",
        "start-interval": "text",
        "start-period": "text",
        "timeout": "text",
    },
    "LABEL": {},
    "MAINTAINER": {},
    "ONBUILD": {},
    "RUN": {"device": "many", "mount": "many", "network": "text", "security": "text"},
    "SHELL": {},
    "STOPSIGNAL": {},
    "USER": {},
    "VOLUME": {},
    "WORKDIR": {},
}
