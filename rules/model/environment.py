"""The environment that a RUN gets, as a part of its cache key."""

from collections.abc import Sequence
from dataclasses import field

from rules.model.dataclass import dataclass
from rules.model.dockerfile import Dockerfile
from rules.model.variables import Scope, Variable


@dataclass(slots=True)
class _Stage:
    """Variables in BuildKit's order as far as they were looked at, and a number for them all."""

    values: dict[str, str] = field(default_factory=dict)
    image: dict[str, str] = field(default_factory=dict)
    """Those that ENV set: they are what a stage built on this one starts with."""
    key: int = 0
    count: int = 0


class Environments:
    """Numbers environments: the same names with the same values in the same order are equal.

    A value that is not known is told apart by how it is written. Instructions must be asked for
    in order; each variable is looked at once, so that thousands of them take no time.
    """

    def __init__(self, dockerfile: Dockerfile, parents: Sequence[int | None]) -> None:
        """`parents`: for each stage the one that it is built on."""
        self._dockerfile = dockerfile
        self._parents = parents
        self._stages: list[_Stage] = []

    def key(self, stage: int, scope: Scope) -> int:
        """Number what a RUN of a stage gets at a place with this scope."""
        while len(self._stages) <= stage:
            self._stages.append(self._start(self._parents[len(self._stages)]))
        state = self._stages[stage]
        self._read(state, scope)
        return state.key

    def _start(self, parent: int | None) -> _Stage:
        if parent is None:
            return _Stage()
        above = self._stages[parent]
        kept = {name: value for name, value in above.values.items() if name not in above.image}
        values = kept | above.image
        return _Stage(values, dict(above.image), _number(values))

    def _read(self, state: _Stage, scope: Scope) -> None:
        """Take in what was assigned since the last look."""
        for variable in scope.assignments.log[state.count : scope.count]:
            name, value = variable.name, self._text(variable)
            if variable.given and variable.instruction >= 0:
                known = name in state.values
                state.values.pop(name, None)
                state.values[name] = value
                state.key = _number(state.values) if known else hash((state.key, name, value))
            if variable.kind == "ENV":
                state.image[name] = value
        state.count = max(state.count, scope.count)

    def _text(self, variable: Variable) -> str:
        if variable.value.text is not None:
            return variable.value.text
        if variable.instruction < 0:
            return "\0preset"
        pairs = self._dockerfile.instructions[variable.instruction].pairs
        raw = next((pair.value for pair in reversed(pairs) if pair.key == variable.name), None)
        return f"\0{variable.kind if raw is None else raw}"


def _number(values: dict[str, str]) -> int:
    key = 0
    for name, value in values.items():
        key = hash((key, name, value))
    return key
