r"""What `$X` in a Dockerfile stands for, and which variables are in scope where.

A Value is known, unknown or an error; what is unknown (the base image may set it, a build argument
may give it) never becomes an empty text. Words are expanded as BuildKit's lexer does
(https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go), scopes grow as in
https://docs.docker.com/reference/dockerfile/#scope and
https://docs.docker.com/reference/dockerfile/#environment-replacement.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal

from rules.model.dataclass import dataclass
from rules.model.dockerfile import Dockerfile, Instruction, Pair
from rules.model.wildcard import replace, trim_prefix, trim_suffix
from rules.model.words import end_of_name, without_surrogates

DEEPEST = 50
"""Nested `${a:-${b:-…}}` beyond this is unknown (BuildKit has no limit)."""
LONGEST = 2_048
"""A value that outgrows its word by more than this is unknown: repeated doubling ends here."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a word comes to: a text, unknown (neither text nor error), or an error of the build."""

    text: str | None = None
    error: str | None = None
    perhaps_unset: bool = False
    """Of an unknown value: whether the variable may not be set at all."""

    @property
    def known(self) -> bool:
        """Whether there is a text."""
        return self.text is not None


UNKNOWN = Value()
PERHAPS = Value(perhaps_unset=True)

Find = Callable[[str], Value | None]
"""The value of a name; None when it is certainly not set."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An ENV, or an ARG, as it is set at some point of a stage."""

    name: str
    """Empty when not even the name is known (`ENV $X=1`)."""
    value: Value
    kind: Literal["ENV", "ARG"]
    instruction: int
    """Index in `Dockerfile.instructions` of the one that sets it; -1 for what BuildKit presets."""
    given: bool = True
    """False for an ARG without a value: no part of any cache key unless the build gives one."""


@dataclass(slots=True)
class _Assignments:
    """What one stage inherits and assigns, in order; a Scope is a view of its first so many."""

    open: bool = False
    """Whether a base image may have set names that the file does not mention."""
    inherited: dict[str, Value] = field(default_factory=dict)
    listed: dict[str, Variable] = field(default_factory=dict)
    image: dict[str, Variable] = field(default_factory=dict)
    """The ENVs that the image holds so far."""
    log: list[Variable] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=dict)

    def add(self, variable: Variable) -> None:
        self.places.setdefault(variable.name, []).append(len(self.log))
        self.log.append(variable)
        if variable.kind == "ENV":
            self.image[variable.name] = variable

    def place(self, name: str, count: int) -> int:
        """Index of the last assignment to `name` among the first `count`, or -1."""
        places = self.places.get(name)
        if places is None:
            return -1
        found = bisect_left(places, count)
        return places[found - 1] if found else -1

    def variables(self, count: int) -> dict[str, Variable]:
        """What is set after the first `count`, in the order of the last assignments."""
        found = dict(self.listed)
        for variable in self.log[:count]:
            if variable.given:
                found.pop(variable.name, None)
                found[variable.name] = variable
        return found

    def child(self) -> "_Assignments":
        """A stage built from this one. It sets the image's ENVs anew, over any ARG."""
        image = dict(self.image)
        listed = self.variables(len(self.log))
        last = {name: self.log[places[-1]].value for name, places in self.places.items()}
        return _Assignments(
            open=self.open,
            inherited=self.inherited | last | {name: item.value for name, item in image.items()},
            listed={name: item for name, item in listed.items() if name not in image} | image,
            image=image,
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """The environment in front of one instruction."""

    escape: str
    assignments: _Assignments = field(repr=False)
    count: int

    def find(self, name: str) -> Value | None:
        """The value of a variable, None when it is certainly not set."""
        stage = self.assignments
        place = stage.place(name, self.count)
        if stage.place("", self.count) > place:
            return PERHAPS
        if place >= 0:
            return stage.log[place].value
        if "" in stage.inherited:
            return PERHAPS
        found = stage.inherited.get(name)
        if found is None and stage.open and (name[0].isalpha() or name[0] == "_"):
            return PERHAPS
        return found

    def expand(self, word: str, *, quotes: bool = True) -> Value:
        """What a word of the instruction comes to; `quotes=False` for the body of a heredoc."""
        return expand(word, self.find, self.escape if quotes else "\\", quotes=quotes)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Every ENV and every ARG with a value that a RUN here would get, in BuildKit's order.

        They are part of its cache key, used or not. What the base image sets is not among them.
        """
        return tuple(
            variable
            for variable in self.assignments.variables(self.count).values()
            if variable.instruction >= 0
        )

    def is_like(self, other: "Scope") -> bool:
        """Whether every variable has the same value here as in another scope."""
        mine, theirs = self.assignments, other.assignments
        if mine is theirs and self.count == other.count:
            return True
        return (mine.open, mine.inherited) == (theirs.open, theirs.inherited) and [
            (v.name, v.value) for v in mine.log[: self.count]
        ] == [(v.name, v.value) for v in theirs.log[: other.count]]

    @property
    def image(self) -> dict[str, str | None]:
        """What the ENVs of the whole stage and its parents leave in the image, None: unknown."""
        return {name: item.value.text for name, item in self.assignments.image.items()}


@dataclass(frozen=True, slots=True)
class Scopes:
    """The variables of a whole Dockerfile."""

    before: tuple[Scope, ...]
    """For each of `Dockerfile.instructions` the scope that its words are expanded in."""
    images: tuple[Value, ...]
    """For each stage what the word of its FROM comes to."""
    parents: tuple[int | None, ...]
    """For each stage the stage that its FROM names, also through variables."""


def scopes(dockerfile: Dockerfile, build_args: Mapping[str, str | None] | None = None) -> Scopes:
    """The scope of each instruction.

    `build_args` are those that the build is given, None for one whose value is not known. An ARG
    that is not among them keeps its default; without a default it is unknown.
    """
    return _Walk(dockerfile, build_args or {}).run()


_PRESET = (
    "BUILDPLATFORM BUILDOS BUILDOSVERSION BUILDARCH BUILDVARIANT TARGETPLATFORM TARGETOS "
    "TARGETOSVERSION TARGETARCH TARGETVARIANT TARGETSTAGE"
).split()
"""https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope"""

_PRESETS = tuple([Variable(name, UNKNOWN, "ARG", -1) for name in _PRESET])


class _Walk:
    """Goes through the instructions and keeps the assignments of the stage at hand."""

    def __init__(self, dockerfile: Dockerfile, build_args: Mapping[str, str | None]) -> None:
        self.dockerfile = dockerfile
        self.build_args = build_args
        known = {name: Value(build_args[name]) for name in _PRESET if name in build_args}
        self.globals = _Assignments(
            log=[Variable(v.name, known.get(v.name, v.value), "ARG", -1) for v in _PRESETS]
            if known
            else [*_PRESETS],
            places={name: [place] for place, name in enumerate(_PRESET)},
        )
        self.stages: list[_Assignments] = []
        self.images: list[Value] = []
        self.parents: list[int | None] = []

    def run(self) -> Scopes:
        before = []
        for index, instruction in enumerate(self.dockerfile.instructions):
            if instruction.keyword == "FROM":
                before.append(self._scope(self.globals))
                self._start(index, instruction, before[-1])
                continue
            assignments = self.stages[-1] if self.stages else self.globals
            before.append(self._scope(assignments))
            self._assign(index, instruction, assignments)
        return Scopes(tuple(before), tuple(self.images), tuple(self.parents))

    def _scope(self, assignments: _Assignments) -> Scope:
        return Scope(self.dockerfile.escape, assignments, len(assignments.log))

    def _start(self, index: int, instruction: Instruction, scope: Scope) -> None:
        word = instruction.args[0].text
        image = scope.expand(word)
        if image.text == "":
            image = Value(error=f"base name ({word}) should not be blank")
        parent = None
        if image.text:
            parent = self.dockerfile.stage_named(image.text, len(self.stages), by_number=False)
        self.images.append(image)
        self.parents.append(parent)
        if parent is None:
            stage = _Assignments(open=image.text != "scratch")
            if not stage.open:
                stage.add(Variable("PATH", UNKNOWN, "ENV", -1))  # BuildKit's own default
            self.stages.append(stage)
            return
        stage = self.stages[parent].child()
        self.stages.append(stage)
        for trigger in self.dockerfile.stages[parent].instructions:
            if trigger.inner is not None:
                self._assign(index, trigger.inner, stage)

    def _assign(self, index: int, instruction: Instruction, stage: _Assignments) -> None:
        if instruction.keyword == "ARG":
            for pair in instruction.pairs:
                value = self._argument(pair, stage)
                given = not value.perhaps_unset
                stage.add(Variable(pair.key, value, "ARG", index, given))
        elif instruction.keyword == "ENV":
            scope = self._scope(stage)  # `ENV A=1 B=$A` sees the A of before
            for pair in instruction.pairs:
                name = scope.expand(pair.key).text or ""
                stage.add(Variable(name, scope.expand(pair.value or ""), "ENV", index))

    def _argument(self, pair: Pair, stage: _Assignments) -> Value:
        if pair.key in self.build_args:
            return Value(self.build_args[pair.key])
        if pair.value is not None:
            return self._scope(stage).expand(pair.value)  # `ARG A=1 B=$A` sees the new A
        preset = self._scope(self.globals).find(pair.key)
        return PERHAPS if preset is None else preset


def expand(word: str, find: Find, escape: str = "\\", *, quotes: bool = True) -> Value:
    """What a word comes to when its variables are those of `find`."""
    if (
        "$" not in word
        and escape not in word
        and (not quotes or ("'" not in word and '"' not in word))
    ):
        return Value(word)
    expansion = _Expansion(
        without_surrogates(word.removeprefix("\ufeff")), find, escape, quotes=quotes
    )
    try:
        return Value(expansion.until("", 0, raw=False))
    except _TooDeepError:
        return UNKNOWN
    except _BadWordError as error:
        return Value(error=str(error))


def names(word: str, escape: str = "\\") -> frozenset[str]:
    """The variables that a word mentions; of a word that is an error, those before it."""
    seen: set[str] = set()

    def find(name: str) -> Value:
        seen.add(name)
        return PERHAPS

    expand(word, find, escape)
    return frozenset(seen)


class _BadWordError(ValueError):
    pass


class _TooDeepError(Exception):
    pass


class _Expansion:
    """A walk over one word; `at` is the next character. A text of None is unknown."""

    def __init__(self, word: str, find: Find, escape: str, *, quotes: bool) -> None:
        self.word = word
        self.find = find
        self.escape = escape
        self.quotes = quotes
        self.longest = len(word) + LONGEST
        self.at = 0

    def until(self, stop: str, depth: int, *, raw: bool) -> str | None:
        """The text up to the character `stop` (up to the end for ""); `raw` keeps escapes."""
        if depth > DEEPEST:
            raise _TooDeepError
        parts: list[str | None] = []
        while self.at < len(self.word):
            char = self.word[self.at]
            if char == stop:
                self.at += 1
                return self._join(parts)
            if char == "$":
                parts.append(self._dollar(depth))
            elif char == "'" and self.quotes:
                parts.append(self._single_quoted())
            elif char == '"' and self.quotes:
                parts.append(self._double_quoted(depth, raw=raw))
            elif char == self.escape:
                parts.append(self.word[self.at + (not raw) : self.at + 2])
                self.at += 2
            else:
                parts.append(char)
                self.at += 1
        if stop:
            raise _BadWordError(f"unexpected end of statement while looking for matching {stop}")
        return self._join(parts)

    def _join(self, parts: list[str | None]) -> str | None:
        length = 0
        known: list[str] = []
        for part in parts:
            if part is None:
                return None
            length += len(part)
            if length > self.longest:
                return None
            known.append(part)
        return "".join(known)

    def _single_quoted(self) -> str:
        end = self.word.find("'", self.at + 1)
        if end < 0:
            raise _BadWordError(
                "unexpected end of statement while looking for matching single-quote"
            )
        text = self.word[self.at + 1 : end]
        self.at = end + 1
        return text

    def _double_quoted(self, depth: int, *, raw: bool) -> str | None:
        parts: list[str | None] = []
        self.at += 1
        while self.at < len(self.word):
            char = self.word[self.at]
            if char == '"':
                self.at += 1
                return self._join(parts)
            if char == "$":
                parts.append(self._dollar(depth))
                continue
            self.at += 1
            if char == self.escape:
                following = self.word[self.at : self.at + 1]
                if raw:
                    parts.append(char)
                if following in ('"', "$", self.escape):
                    char = following
                    self.at += 1
                elif not following:
                    break
            parts.append(char)
        raise _BadWordError("unexpected end of statement while looking for matching double-quote")

    def _dollar(self, depth: int) -> str | None:
        self.at += 1
        if self._peek() != "{":
            name = self._name()
            return self._plain(self.find(name)) if name else "$"
        self.at += 1
        if self._peek() in ("", "{", "}", ":"):
            raise _BadWordError("bad substitution")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._plain(self.find(name))
        if operator == "/":
            return self._replaced(name, depth)
        if operator == ":":
            operator += self._next()
            if operator in (":#", ":%"):
                raise _BadWordError(f"unsupported modifier ({operator}) in substitution")
        elif operator not in ("+", "-", "?", "#", "%"):
            raise _BadWordError(f"unsupported modifier ({operator}) in substitution")
        word = self.until("}", depth + 1, raw=operator in ("#", "%"))
        if operator in ("#", "%"):
            return self._trimmed(name, operator, word)
        return self._chosen(name, operator, word)

    def _chosen(self, name: str, operator: str, word: str | None) -> str | None:
        """`${name:-word}`, `${name+word}`, `${name?word}` and their like."""
        value = self.find(name)
        present = _present(value, null_is_unset=operator.startswith(":"))
        match operator[-1]:
            case "-":
                return _either(self._plain(value), word, present=present)
            case "+":
                return _either(word, "", present=present)
            case "?":
                if present is False:
                    raise _BadWordError(f"{name}: {word or 'is not allowed to be unset'}")
                return self._plain(value)
            case _:
                raise _BadWordError(f"unsupported modifier ({operator}) in substitution")

    def _trimmed(self, name: str, operator: str, pattern: str | None) -> str | None:
        """`${name#pattern}` and the like."""
        value = self._plain(self.find(name))
        if pattern is None:
            return None
        greedy = pattern.startswith(operator)
        trim = trim_prefix if operator == "#" else trim_suffix
        try:
            return trim(pattern[greedy:], value, greedy=greedy)
        except ValueError as error:
            raise _BadWordError(f"invalid pattern ({pattern}) in substitution: {error}") from None

    def _replaced(self, name: str, depth: int) -> str | None:
        """`${name/pattern/replacement}`."""
        every = self._peek() == "/"
        self.at += every
        pattern = self.until("/", depth + 1, raw=True)
        replacement = self.until("}", depth + 1, raw=True)
        value = self._plain(self.find(name))
        if pattern is None:
            return None
        try:
            return replace(pattern, value, replacement, every=every)
        except ValueError as error:
            raise _BadWordError(f"invalid pattern ({pattern}) in substitution: {error}") from None

    def _plain(self, value: Value | None) -> str | None:
        if value is None:
            return ""
        if value.error is not None:
            raise _BadWordError(value.error)
        return value.text

    def _name(self) -> str:
        start, self.at = self.at, end_of_name(self.word, self.at)
        return self.word[start : self.at]

    def _peek(self) -> str:
        return self.word[self.at : self.at + 1]

    def _next(self) -> str:
        self.at += 1
        return self.word[self.at - 1 : self.at]


def _present(value: Value | None, *, null_is_unset: bool) -> bool | None:
    """Whether a variable is set (and not empty, for `:-` and the like); None: not known."""
    if value is None:
        return False
    if null_is_unset:
        return None if value.text is None else value.text != ""
    return None if value.perhaps_unset else True


def _either(one: str | None, other: str | None, *, present: bool | None) -> str | None:
    if present is None:
        return one if one == other else None
    return one if present else other
