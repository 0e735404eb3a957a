"""Programs that start another program: `sudo`, `env`, `timeout 60`, `python -m`, `sh -c '…'`.

What they are told of is in each one's manual; an option that is not listed here may do anything,
so the wrapper then stays what it is.
"""

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace

from rules.model.dataclass import dataclass
from rules.model.script import Command, Word
from rules.model.shell import SHELLS

UNKNOWN_USER = "?"

_MOST = 8  # wrappers inside each other


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The real command behind wrappers: `sudo -u app env A=1 pip install x` is `pip install x`.

    `assigned` are the words `NAME=value` of `env` and `sudo`, `unset` the names that `env -u`
    takes away. `script`: the words are those of a shell, and this is the text that it is given
    (`sh -c '…'`); then `argv` is the shell's call.
    """

    argv: tuple[Word, ...]
    wrappers: tuple[str, ...] = ()
    assigned: tuple[Word, ...] = ()
    unset: tuple[str, ...] = ()
    user: str | None = None
    """Whom it runs as when a wrapper switches, UNKNOWN_USER when that is not literal."""
    folder: Word | None = None
    """`env -C DIR`."""
    inherits: bool = True
    """Whether it sees the environment (not so behind `sudo`, `su -` and `env -i`)."""
    open_ended: bool = False
    """Whether more arguments follow that nobody knows (`xargs`)."""
    script: Word | None = None
    stdin: bool = False
    """Whether the words are those of a shell that reads its script from standard input."""


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """How the words of a wrapper read up to the command: its options, then `operands` words."""

    flags: str = ""
    valued: str = ""
    last: str = ""
    """A letter with a value, behind which no more options are read."""
    long_flags: str = ""
    long_valued: str = ""
    user: tuple[str, ...] = ()
    """Options whose value is the user."""
    default_user: str | None = None
    operands: int = 0
    user_operand: bool = False
    """The (first) operand is the user."""
    assigns: bool = False
    open_ended: bool = False
    keeps_environment: tuple[str, ...] = ("",)
    """Options with which the environment is kept; `""`: it always is."""
    clears: tuple[str, ...] = ()
    """Options with which it is not."""


_SUDO = _Wrapper(
    flags="EHnSPAbk",
    valued="ugpCrtThDR",
    long_flags="preserve-env set-home non-interactive stdin preserve-groups",
    long_valued="user group prompt close-from role type host chdir",
    user=("u", "user"),
    default_user="root",
    assigns=True,
    keeps_environment=("E", "preserve-env"),
)
_AS_USER = _Wrapper(operands=1, user_operand=True)
_ENV = _Wrapper(
    flags="i0v",
    valued="uC",
    long_flags="ignore-environment null debug",
    long_valued="unset chdir",
    assigns=True,
    clears=("i", "ignore-environment"),
)
_WRAPPERS: Mapping[str, _Wrapper] = {
    "sudo": _SUDO,
    "doas": replace(_SUDO, flags="n", valued="u", assigns=False, keeps_environment=()),
    "gosu": _AS_USER,
    "su-exec": _AS_USER,
    "setuser": _AS_USER,
    "s6-setuidgid": _AS_USER,
    "chpst": _Wrapper(flags="vP", valued="uUbendcfoptr", user=("u",)),
    "env": _ENV,
    "exec": _Wrapper(flags="cl", valued="a", clears=("c",)),
    "command": _Wrapper(flags="p"),  # `command -v pip` runs no pip
    "builtin": _Wrapper(),
    "time": _Wrapper(flags="pvaq", valued="of", long_valued="output format"),
    "nice": _Wrapper(flags="0123456789", valued="n", long_valued="adjustment"),
    "ionice": _Wrapper(flags="t0123", valued="cn", long_valued="class classdata"),
    "chrt": _Wrapper(flags="bfior", operands=1),
    "nohup": _Wrapper(),
    "setsid": _Wrapper(flags="cfw", long_flags="ctty fork wait"),
    "stdbuf": _Wrapper(valued="ioe", long_valued="input output error"),
    "timeout": _Wrapper(
        flags="v",
        valued="ks",
        long_flags="foreground preserve-status verbose",
        long_valued="kill-after signal",
        operands=1,
    ),
    "chronic": _Wrapper(flags="ve"),
    "eatmydata": _Wrapper(),
    "unbuffer": _Wrapper(flags="p"),
    "fakeroot": _Wrapper(),
    "busybox": _Wrapper(),
    "linux32": _Wrapper(),
    "linux64": _Wrapper(),
    "tini": _Wrapper(flags="svgw", valued="ep"),
    "dumb-init": _Wrapper(flags="cv", valued="r"),
    "xvfb-run": _Wrapper(
        flags="al", valued="nsefpw", long_flags="auto-servernum", long_valued="server-args"
    ),
    "xargs": _Wrapper(
        flags="0rtpxo",
        valued="nPLIsadE",
        long_flags="null no-run-if-empty verbose",
        long_valued="max-args max-procs delimiter max-lines arg-file replace",
        open_ended=True,
    ),
    "corepack": _Wrapper(),
    "npx": _Wrapper(
        flags="yq",
        valued="p",
        long_flags="yes no no-install quiet ignore-existing prefer-offline",
        long_valued="package loglevel",
    ),
    "bunx": _Wrapper(flags="y", valued="p", long_flags="bun", long_valued="package"),
}
_PYTHON = _Wrapper(flags="bBdEiIOPqsSuvx", valued="WX", last="m")
_SU = _Wrapper(
    flags="lmpfP",
    valued="csgGwu",
    long_flags="login preserve-environment fast pty",
    long_valued="command shell group supp-group user",
)
_SHELL = _Wrapper(
    flags="abefhiklmnprstuvxBCEHPTc",
    valued="oO",
    long_flags="login norc noprofile posix",
)
_COREPACK = frozenset("npm npx pnpm pnpx yarn yarnpkg".split())
_PACKAGED = frozenset(["npx", "bunx", "corepack"])  # their command may carry `@version`


@dataclass(slots=True)
class _Options:
    """The options read from words: each with its value (None for a flag), and where they end."""

    values: list[tuple[str, Word | None]] = field(default_factory=list)
    end: int = 0
    stopped: bool = False

    def has(self, names: Collection[str]) -> bool:
        """Whether one of these stands among them."""
        return any(name in names for name, _ in self.values)

    def of(self, names: Collection[str]) -> Word | None:
        """Give the last value of one of these options."""
        return next((value for name, value in reversed(self.values) if name in names), None)


def program_name(word: Word | str | None) -> str | None:
    """Name the program without its folder: `/usr/bin/pip` is `pip`; None when it is not known."""
    if isinstance(word, Word):
        word = word.value if word.literal else None
    if word is None or word.startswith("@"):  # a scoped npm package
        return word
    return posixpath.basename(word)


def unwrap(command: Command | Sequence[Word]) -> Unwrapped:
    """Peel all wrappers off a command, or off its words."""
    argv = command.argv if isinstance(command, Command) else tuple(command)
    found = Unwrapped(argv)
    for _ in range(_MOST):
        inner = _peel(found)
        if inner is None:
            return found
        found = inner
        if found.script is not None or found.stdin:
            return found
    return found


def _peel(found: Unwrapped) -> Unwrapped | None:
    """Take one wrapper away; None when the command is none."""
    name = program_name(found.argv[0]) if found.argv else None
    if name is None:
        return None
    if name in SHELLS:
        return _shell(found)
    if name in ("su", "runuser"):
        return _switch_user(found, name)
    if name.startswith("python") and not name.removeprefix("python").strip("0123456789."):
        return _python_module(found)
    wrapper = _WRAPPERS.get(name)
    if wrapper is None:
        return None
    options = _read_options(found.argv, wrapper)
    if options is None:
        return None
    at = options.end
    assigned: list[Word] = []
    while wrapper.assigns and at < len(found.argv) and _assigns(found.argv[at]):
        assigned.append(found.argv[at])
        at += 1
    user = _user(options.of(wrapper.user)) or wrapper.default_user or found.user
    if wrapper.user_operand and at < len(found.argv):
        user = _user(found.argv[at])
    at += wrapper.operands
    rest = found.argv[at:]
    if not rest or (name == "corepack" and not _is_managed(rest[0])):
        return None
    if name in _PACKAGED:
        rest = (_without_version(rest[0]), *rest[1:])
    keeps = "" in wrapper.keeps_environment or options.has(wrapper.keeps_environment)
    unset = [value.value for n, value in options.values if n in ("u", "unset") and value]
    return replace(
        found,
        argv=rest,
        wrappers=(*found.wrappers, name),
        assigned=(*found.assigned, *assigned) if keeps else tuple(assigned),
        unset=(*found.unset, *unset) if name == "env" else found.unset,
        user=user,
        folder=(options.of(("C", "D", "chdir")) if name in ("env", "sudo") else None)
        or found.folder,
        inherits=found.inherits and keeps and not options.has(wrapper.clears),
        open_ended=found.open_ended or wrapper.open_ended,
    )


def _read_options(words: Sequence[Word], wrapper: _Wrapper, start: int = 1) -> _Options | None:
    """Read the options from `start` on; None when one is not known or not literal."""
    options = _Options(end=start)
    long_flags, long_valued = wrapper.long_flags.split(), wrapper.long_valued.split()
    while options.end < len(words) and not options.stopped:
        word = words[options.end]
        if not word.value.startswith("-") or word.value == "-":
            return options
        options.end += 1
        if not word.literal:
            return None
        if word.value == "--":
            return options
        if word.value.startswith("--"):
            name, equals, joined = word.value[2:].partition("=")
            value: Word | None = None
            if name in long_valued:
                value = _tail(word, joined) if equals else _at(words, options.end)
                options.end += 0 if equals else 1
            elif name not in long_flags:
                return None
            options.values.append((name, value))
        elif not _read_letters(words, word, wrapper, options):
            return None
    return options


def _read_letters(words: Sequence[Word], word: Word, wrapper: _Wrapper, options: _Options) -> bool:
    """Read `-abc`; False when a letter is not known."""
    letters = word.value[1:]
    for place, letter in enumerate(letters):
        if letter in wrapper.flags:
            options.values.append((letter, None))
            continue
        if letter not in wrapper.valued + wrapper.last:
            return False
        options.stopped = letter in wrapper.last
        joined = letters[place + 1 :]
        # In a shell `-eo pipefail` and `-oe pipefail` are the same.
        if joined and wrapper is not _SHELL:
            options.values.append((letter, _tail(word, joined)))
            return True
        options.values.append((letter, _at(words, options.end)))
        options.end += 1
    return True


def _at(words: Sequence[Word], at: int) -> Word | None:
    return words[at] if at < len(words) else None


def _tail(word: Word, value: str) -> Word:
    """Take the end of a word as a word of its own."""
    start = max(word.start, word.end - len(value))
    return replace(word, value=value, raw=value, start=start)


def _assigns(word: Word) -> bool:
    name, equals, _ = word.value.partition("=")
    return bool(equals) and name.isidentifier() and name.isascii()


def _user(word: Word | None) -> str | None:
    """Give the user of `user[:group]`."""
    if word is None:
        return None
    return word.value.partition(":")[0] if word.literal else UNKNOWN_USER


def _is_managed(word: Word) -> bool:
    return word.literal and _without_version(word).value in _COREPACK


def _without_version(word: Word) -> Word:
    """`pnpm@9` is `pnpm`, `@scope/tool@1` is `@scope/tool`."""
    at = word.value.find("@", 1)
    return replace(word, value=word.value[:at]) if word.literal and at > 0 else word


def _python_module(found: Unwrapped) -> Unwrapped | None:
    """`python -m pip install x` is `pip install x`."""
    options = _read_options(found.argv, _PYTHON)
    module = options.of("m") if options is not None else None
    if options is None or module is None:
        return None
    rest = (module, *found.argv[options.end :])
    return replace(found, argv=rest, wrappers=(*found.wrappers, "python -m"))


def _switch_user(found: Unwrapped, name: str) -> Unwrapped | None:
    """`su [-] [user] -c '…'`, `runuser -u user -- command`."""
    options = _read_options(found.argv, _SU)
    operands: list[Word] = []
    while options is not None and options.end < len(found.argv) and len(operands) < 3:
        word = found.argv[options.end]
        if word.value != "-" and word.value.startswith("-"):
            more = _read_options(found.argv, _SU, options.end)
            options = more and _Options([*options.values, *more.values], more.end)
        elif options.has(("u", "user")):
            break
        else:
            operands.append(word)
            options.end += 1
    if options is None:
        return None
    login = options.has(("l", "login")) or any(word.value == "-" for word in operands)
    names = [word for word in operands if word.value != "-"]
    named = options.of(("u", "user")) or (names[0] if names else None)
    script = options.of(("c", "command"))
    rest = found.argv[options.end :]
    if script is None and not (rest and name == "runuser"):
        return None
    return replace(
        found,
        argv=rest if script is None else found.argv,
        wrappers=(*found.wrappers, name),
        user=_user(named) if named is not None else "root",
        inherits=found.inherits and not login,
        script=script if script is not None and script.literal else None,
    )


def _shell(found: Unwrapped) -> Unwrapped | None:
    """`sh -c '…'`, or a shell that reads standard input."""
    options = _read_options(found.argv, _SHELL)
    if options is None:
        return None
    operand = _at(found.argv, options.end)
    wrappers = (*found.wrappers, program_name(found.argv[0]) or "sh")
    if options.has("c"):
        if operand is None or not operand.literal or operand.value.startswith("+"):
            return None
        return replace(found, wrappers=wrappers, script=operand)
    if options.has("s") or operand is None:
        return replace(found, wrappers=wrappers, stdin=True)
    return None
