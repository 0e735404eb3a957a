"""The programs that a script starts, in the order in which they run.

For each: its real words (wrappers peeled), the folder, user and environment that it runs in, and
where it stands. What depends on something unknown is None. Taken for granted: `cd` succeeds, and
a file read with `.` changes neither folder nor known variables.
"""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial

from rules.model.dataclass import dataclass
from rules.model.script import Assignment, Block, Body, Command, Compound, Item, Script, Word
from rules.model.shell import read
from rules.model.wrappers import Unwrapped, program_name, unwrap

ValueOf = Callable[[str], str | None]

_DECLARES = frozenset("export declare typeset readonly local".split())
_MOVES = frozenset("cd pushd popd".split())
_MOST_VARIABLES = 64
_LONGEST_FOLDER = 1024
_MOST_INNER = 100  # scripts inside `sh -c`; beyond that a shell is a program like any other
_MOST_CALLS = 20  # of functions; beyond that one counts as a program that is not known


@dataclass(frozen=True, slots=True)
class Process:
    """One start of a program (or of something built into the shell, such as `cd`).

    `argv` are the words behind all wrappers, the program first; `args` the values of those after
    the program, variables filled in where they are known, patterns as written.
    """

    argv: tuple[Word, ...]
    args: tuple[str | None, ...]
    name: str | None
    """The program without its folder (`pip`), None when it is not known."""
    folder: str | None
    """The working directory, absolute; None when unknown."""
    user: str | None
    """Whom a wrapper switches to, UNKNOWN_USER when that is not known, None when it does not."""
    environment: Mapping[str, str | None]
    """What the script sets in its environment, by `export`, `env` or `NAME=value`."""
    command: Command
    """The command that it comes from; of a script inside `sh -c` that script's command."""
    item: int
    """The index in Script.items of the item that it belongs to."""
    certain: bool
    """Whether it has run when the script succeeds: not so in branches, loops, behind `||`."""
    wrappers: tuple[str, ...] = ()
    inherits: bool = True
    """Whether it sees the environment that the script was started with (not behind `sudo`)."""
    open_ended: bool = False
    """Whether more arguments follow that nobody knows (`xargs`)."""
    inside: Word | Body | None = None
    """The word or heredoc that holds its script (`sh -c '…'`), whose value offsets count in."""


def _nothing_known(_: str) -> str | None:
    return None


def list_processes(
    script: Script, folder: str | None = "/", value_of: ValueOf = _nothing_known
) -> tuple[Process, ...]:
    """List what a script starts from `folder`; `value_of` gives the variables that are known.

    Functions count where they are called. Of an opaque script only what was read is listed.
    """
    walk = _Walk(script, value_of)
    certain = script.opaque is None
    walk.block(_State(folder), script.items, _Sure(certain, certain), top=True)
    return tuple(walk.found)


@dataclass(frozen=True, slots=True)
class _Sure:
    """Whether a list runs at all, and whether its failure is the script's."""

    runs: bool
    required: bool


_UNSURE = _Sure(runs=False, required=False)


@dataclass(frozen=True, slots=True)
class _State:
    """The state of a shell; it is shared, never changed."""

    folder: str | None
    previous: str | None = None
    stack: tuple[str | None, ...] = ()
    values: Mapping[str, str | None] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)
    functions: Mapping[str, Block] = field(default_factory=dict)
    dead: bool = False
    """The shell has left: what follows does not run."""
    full: bool = False
    """Too many variables are set to follow them."""

    def moved(self, folder: str | None) -> "_State":
        return replace(self, folder=folder, previous=self.folder)

    def assigned(self, name: str, value: str | None, *, exported: bool) -> "_State":
        if name not in self.values and len(self.values) >= _MOST_VARIABLES:
            return replace(self, full=True)
        environment = self.environment
        if exported or name in environment:
            environment = {**environment, name: value}
        return replace(self, values={**self.values, name: value}, environment=environment)

    def without(self, name: str) -> "_State":
        environment = {n: v for n, v in self.environment.items() if n != name}
        return replace(self, values={**self.values, name: None}, environment=environment)

    def joined(self, other: "_State") -> "_State":
        """Keep what is known when it may be either."""
        if other is self or other.dead:
            return self
        if self.dead:
            return other
        return _State(
            self.folder if self.folder == other.folder else None,
            self.previous if self.previous == other.previous else None,
            self.stack if self.stack == other.stack else (),
            _common(self.values, other.values),
            _common(self.environment, other.environment),
            {**self.functions, **other.functions},
            dead=False,
            full=self.full or other.full,
        )


def _common(
    one: Mapping[str, str | None], other: Mapping[str, str | None]
) -> Mapping[str, str | None]:
    if one is other or one == other:
        return one
    names = [*one, *(name for name in other if name not in one)]
    return {
        name: one[name] if name in one and name in other and one[name] == other[name] else None
        for name in names
    }


@dataclass(frozen=True, slots=True)
class _Around:
    """What wrappers around a script inside `sh -c` say of all that it starts."""

    user: str | None = None
    wrappers: tuple[str, ...] = ()
    inherits: bool = True
    inside: Word | Body | None = None


_Ends = tuple[_State, _State]
"""The state of a shell where a list went well, and where it did not."""


class _Walk:
    """Walks through one script and gathers its processes."""

    def __init__(self, script: Script, value_of: ValueOf, around: "_Around | None" = None) -> None:
        self.script = script
        self.value_of = value_of
        self.around = around or _Around()
        self.found: list[Process] = []
        self.item = 0
        self.leaves = False
        """Whether an `exit` before may have ended the script well."""
        self.calls = 0
        self.inner = 0

    def block(self, state: _State, items: Block, sure: _Sure, *, top: bool = False) -> _Ends:
        """Walk a list."""
        nowhere = replace(state, dead=True)
        well, badly = state, nowhere
        last_chain = max((i for i, item in enumerate(items) if item.connector != "&&"), default=0)
        for index, item in enumerate(items):
            if top:
                self.item = index
            chained = item.connector in ("&&", "||")
            if not chained:
                well, badly = well.joined(badly), nowhere
            entry = badly if item.connector == "||" else well
            runs = not chained or (item.connector == "&&" and index > last_chain and sure.required)
            required = sure.required and index >= last_chain and item.connector != "||"
            ends = self.pipeline(entry, item, _Sure(sure.runs and runs, required))
            if items[index + 1 : index + 2] and items[index + 1].connector == "&":
                ends = entry, nowhere
            if item.connector == "||":
                well, badly = well.joined(ends[0]), ends[1]
            else:
                well, badly = ends[0], badly.joined(ends[1])
        return well, badly

    def pipeline(self, state: _State, item: Item, sure: _Sure) -> _Ends:
        """Walk a pipeline; each of several commands has a shell of its own."""
        if len(item.pipeline) == 1:
            return self.node(state, item.pipeline[0], sure)
        for node in item.pipeline:
            last = node is item.pipeline[-1]
            self.node(state, node, _Sure(sure.runs, sure.required and last))
        return state, state

    def node(self, state: _State, node: Command | Compound, sure: _Sure) -> _Ends:
        """Walk a command, after the scripts in its words and heredocs."""
        blocks = list(node.substitutions)
        for redirect in node.redirects:
            if redirect.body is not None:
                blocks += self.script.bodies[redirect.body].substitutions
        for block in blocks:
            self.block(state, block, _Sure(sure.runs, required=False))
        if isinstance(node, Compound):
            return self.compound(state, node, sure)
        end = self.command(state, node, sure)
        return end, replace(state, dead=True) if node.name in _MOVES else end

    def compound(self, state: _State, node: Compound, sure: _Sure) -> _Ends:
        """Walk a compound command."""
        blocks = node.blocks
        if node.kind == "{":
            return self.block(state, blocks[0], sure)
        if node.kind == "(":
            self.block(state, blocks[0], sure)
            return state, state
        if node.kind == "function":
            state = replace(state, functions={**state.functions, node.name: blocks[0]})
        elif node.kind == "if":
            return self.branches(state, blocks, sure)
        elif node.kind == "case":
            return _joined((state, state), *(self.block(state, block, _UNSURE) for block in blocks))
        elif node.kind in ("for", "while"):
            # What a round changes, the next one starts with.
            for name in _changes(blocks, state.functions) | ({node.name} - {""}):
                state = state.moved(None) if name == "/" else self.assign(state, name, None)
            if node.kind == "while":
                condition = self.block(state, blocks[0], _Sure(sure.runs, required=False))
                state = condition[0].joined(condition[1])
            return _joined((state, state), self.block(state, blocks[-1], _UNSURE))
        return state, state

    def branches(self, state: _State, blocks: Sequence[Block], sure: _Sure) -> _Ends:
        """Walk `if a; then b; elif c; then d; else e; fi`."""
        ends = []
        runs = sure.runs
        for index in range(0, len(blocks) - 1, 2):
            taken, state = self.block(state, blocks[index], _Sure(runs, required=False))
            ends.append(self.block(taken, blocks[index + 1], _UNSURE))
            runs = False
        otherwise = self.block(state, blocks[-1], _UNSURE) if len(blocks) % 2 else (state, state)
        return _joined(otherwise, *ends)

    # Commands.

    def value(self, state: _State, name: str) -> str | None:
        """Look up a variable of the shell."""
        if name in state.values:
            return state.values[name]
        if state.full or (name == "HOME" and not self.around.inherits):
            return None
        return self.value_of(name)

    def assign(
        self, state: _State, name: str, value: str | None, *, exported: bool = False
    ) -> _State:
        """Set a variable; one of the environment stays in it."""
        exported = exported or name == "PATH" or self.value_of(name) is not None
        return state.assigned(name, value, exported=exported)

    def assignments(
        self, state: _State, assignments: Sequence[Assignment]
    ) -> list[tuple[str, str | None]]:
        """Give names and values of `NAME=value` words."""
        found = []
        for assignment in assignments:
            value = assignment.value.expand(partial(self.value, state))
            if assignment.append:
                before = self.value(state, assignment.name)
                value = before + value if before is not None and value is not None else None
            if assignment.value.pattern and assignment.value.value.startswith("~"):
                value = None
            found.append((assignment.name, value))
        return found

    def command(self, state: _State, command: Command, sure: _Sure) -> _State:
        """Walk a simple command."""
        assigned = self.assignments(state, command.assignments)
        if not command.argv:
            for name, value in assigned:
                state = self.assign(state, name, value)
            return state
        real = unwrap(command)
        lookup = partial(self.value, state)
        environment: Mapping[str, str | None] = state.environment if real.inherits else {}
        for word in real.assigned:
            name, _, value = word.value.partition("=")
            if not word.literal:
                whole = word.expand(lookup)
                assigned.append((name, whole and whole.partition("=")[2]))
            else:
                assigned.append((name, value))
        if assigned or real.unset:
            environment = {**environment, **dict(assigned)}
            environment = {n: v for n, v in environment.items() if n not in real.unset}
        folder = state.folder
        if real.folder is not None:
            folder = _go(folder, real.folder.expand(lookup))
        certain = sure.runs and not state.dead and not self.leaves
        inside = self.inner_script(command, real)
        if inside is not None and self.around.inside is None and self.inner < _MOST_INNER:
            self.inner += 1
            inner = read(inside.value if isinstance(inside, Word) else inside.text)
            if inner.opaque is None:
                around = _Around(real.user, real.wrappers, real.inherits, inside)
                walk = _Walk(inner, self.value_of, around)
                walk.found, walk.item = self.found, self.item
                start = _State(folder, values=environment, environment=environment)
                walk.block(start, inner.items, replace(sure, runs=certain))
                return state
        process = Process(
            real.argv,
            tuple([word.expand(lookup) if word.parts else word.value for word in real.argv[1:]]),
            _name(real.argv[0], lookup),
            folder,
            real.user or self.around.user,
            environment,
            command,
            self.item,
            certain,
            (*self.around.wrappers, *real.wrappers),
            real.inherits and self.around.inherits,
            real.open_ended,
            self.around.inside,
        )
        self.found.append(process)
        if set(real.wrappers) <= {"command", "builtin"}:
            return self.effect(state, process, sure)
        return replace(state, dead=True) if real.wrappers[0] == "exec" else state

    def inner_script(self, command: Command, real: Unwrapped) -> Word | Body | None:
        """Find the script that a shell is given, where it is literal."""
        if real.script is not None or not real.stdin:
            return real.script
        for redirect in reversed(command.redirects):
            if redirect.descriptor in (None, 0) and redirect.operator.startswith("<"):
                body = self.script.bodies[redirect.body] if redirect.body is not None else None
                return body if body is not None and body.literal else None
        return None

    def effect(self, state: _State, process: Process, sure: _Sure) -> _State:
        """Change the shell's state as what is built into it does."""
        name = process.name
        words = [word for word in process.argv[1:] if not word.value.startswith("-")]
        match name:
            case "cd" | "pushd" | "popd":
                return self.move(state, process)
            case "read" | "mapfile" | "readarray" | "getopts":
                for word in words:
                    state = self.assign(state, word.value, None)
            case "unset":
                for word in words:
                    state = state.without(word.value)
            case "exit" | "return":
                status = process.args[0] if process.args else None
                failing = status not in (None, "0") or process.command.connector == "||"
                self.leaves = self.leaves or not failing
                return replace(state, dead=True)
            case _ if name in _DECLARES:
                return self.declare(state, process, words)
            case str() if name in state.functions and self.calls < _MOST_CALLS:
                self.calls += 1
                functions = {n: f for n, f in state.functions.items() if n != name}
                inner = replace(state, functions=functions)
                well, badly = self.block(inner, state.functions[name], sure)
                return replace(well.joined(badly), functions=state.functions, dead=state.dead)
        return state

    def declare(self, state: _State, process: Process, words: Sequence[Word]) -> _State:
        """`export NAME=value NAME`, `declare -x …`."""
        exports = process.name == "export" or any(
            "x" in w.value for w in process.argv[1:2] if w.value.startswith("-")
        )
        for word in words:
            name, equals, _ = word.value.partition("=")
            value = self.value(state, name)
            if equals:
                whole = word.expand(partial(self.value, state))
                value = whole.partition("=")[2] if whole is not None else None
            state = self.assign(state, name, value, exported=exports)
        return state

    def move(self, state: _State, process: Process) -> _State:
        """`cd`, `pushd` and `popd`."""
        if process.name == "popd":
            back, *rest = state.stack or (None,)
            return replace(state.moved(back), stack=tuple(rest))
        targets = [
            (word, value)
            for word, value in zip(process.argv[1:], process.args, strict=True)
            if word.value == "-" or not word.value.startswith("-")
        ]
        if not targets:
            folder = _go(None, self.value(state, "HOME"))
        elif targets[0][1] == "-":
            folder = state.previous
        elif targets[0][0].pattern:
            tilde, slash, below = targets[0][0].value.partition("/")
            home = self.value(state, "HOME") if tilde == "~" else None
            folder = _go(home, "." + slash + below) if home is not None else None
        else:
            folder = _go(state.folder, targets[0][1])
        if process.name == "pushd":
            state = replace(state, stack=(state.folder, *state.stack[:_MOST_VARIABLES]))
        return state.moved(folder)


def _go(folder: str | None, target: str | None) -> str | None:
    """Where `cd target` leads from `folder`."""
    if target is None or (folder is None and not target.startswith("/")):
        return None
    whole = posixpath.join(folder or "/", target)
    if len(whole) > _LONGEST_FOLDER:
        return None
    return "/" + posixpath.normpath(whole).lstrip("/")


def _name(word: Word, lookup: ValueOf) -> str | None:
    return None if word.pattern else program_name(word.expand(lookup))


def _joined(*ends: _Ends) -> _Ends:
    well, badly = ends[0]
    for one, other in ends[1:]:
        well, badly = well.joined(one), badly.joined(other)
    return well, badly


def _changes(blocks: Sequence[Block], functions: Mapping[str, Block]) -> set[str]:
    """List the variables that lists may set, and `/` when they may change the folder."""
    changed: set[str] = set()
    waiting = list(blocks)
    while waiting:
        for item in waiting.pop():
            node = item.pipeline[0]
            if len(item.pipeline) > 1:
                continue
            if isinstance(node, Compound):
                changed |= {node.name} - {""}
                waiting += node.blocks if node.kind != "(" else ()
                continue
            if not node.argv:
                changed |= {assignment.name for assignment in node.assignments}
            elif node.name in _MOVES:
                changed.add("/")
            elif node.name in _DECLARES or node.name in ("read", "unset"):
                changed |= {word.value.partition("=")[0] for word in node.argv[1:]}
            elif node.name is not None and node.name in functions:
                waiting.append(functions[node.name])
                functions = {n: f for n, f in functions.items() if n != node.name}
    return changed
