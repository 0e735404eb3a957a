"""What becomes of each instruction after a change, and why, in words."""

from collections.abc import Iterator
from typing import Literal

from rules.model.cached import cached_property
from rules.model.dataclass import dataclass
from rules.model.keys import Delta, Entry, Plan
from rules.model.layer import Layer

Status = Literal["cached", "rerun", "none"]

MAX_ALIKE = 20
"""So many steps that are gone are looked at for what a new one may have been."""


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one instruction: `cause` is one short sentence."""

    line: int
    stage: int
    instruction: str
    status: Status
    """`none`: it makes no step, or its stage is not built."""
    cause: str


class Comparison:
    """A build before and after a change."""

    def __init__(self, old: Plan, now: Plan, delta: Delta) -> None:
        """`old` was built and all its layers kept; then came `delta`, and `now` is built."""
        self._old = old
        self._now = now
        self._delta = delta
        self._keys = now.changed(old, delta)

    def steps(self) -> Iterator[Step]:
        """Say of each instruction, in order, what becomes of it."""
        for layer in self._now.layers:
            status: Status = "none"
            cause = "makes no step"
            again = self._again(layer)
            if layer.index not in self._now.built:
                if layer.stage >= 0:
                    cause = "its stage is not built"
            elif again:
                status, cause = "rerun", self._cause(again[0].index)
            elif any(each.step for each in (layer, *layer.triggers)):
                status, cause = "cached", "nothing that it depends on changed"
            instruction = layer.instruction
            yield Step(instruction.span.start, layer.stage, instruction.keyword, status, cause)

    def lines(self) -> Iterator[int]:
        """The lines of the instructions that re-run."""
        for layer in self._now.layers:
            if self._again(layer):
                yield layer.instruction.span.start

    def _again(self, layer: Layer) -> list[Layer]:
        """What re-runs of a layer and its triggers; nothing where its stage is not built."""
        step = self._keys.step
        return [each for each in (layer, *layer.triggers) if each.step and step[each.index] < 0]

    def _cause(self, index: int) -> str:
        entry = self._now.built[index]
        hits = self._keys.hits.get(index)
        if hits:
            verb = "takes" if entry.layer.copy is not None else "binds"
            more = f" and {len(hits) - 1} more" if len(hits) > 1 else ""
            return f"{verb} {hits[0][0]}{more}"
        values = self._keys.values.get(index, ())
        for taken, value in zip(entry.taken, values, strict=True):
            if value not in self._old.values:
                return f"{taken.label} changed"
        if entry.own not in self._old.owns:
            return self._difference(entry.layer)
        return "it was not built before" if entry.linked else self._cause_before(entry)

    def _cause_before(self, entry: Entry) -> str:
        """Why a step re-runs that is itself as it was."""
        while entry.before >= 0:
            entry = self._now.built[entry.before]
            layer = entry.layer
            if layer.step and self._keys.chain[layer.index] < 0:
                return f"the step on line {layer.instruction.span.start} re-ran"
            if layer.image in self._delta.images:
                return f"the base image {layer.image} was replaced"
            if layer.image is not None and self._keys.chain[layer.index] < 0:
                return "FROM changed"
            if layer.step:
                break
        return "it stood elsewhere before"

    def _difference(self, layer: Layer) -> str:
        """How a layer differs from the one that it may have been before."""
        best: list[str] = []
        for other in self._gone.get(layer.instruction.keyword, [])[:MAX_ALIKE]:
            named = zip(layer.parts, other.own, layer.own, strict=True)
            differing = [name for name, old, new in named if old != new]
            if not best or len(differing) < len(best):
                best = differing
                if differing == ["its environment"]:
                    best = [layer.differing_variable(other)]
        return f"{best[0]} changed" if len(best) == 1 else "it is new or was rewritten"

    @cached_property
    def _gone(self) -> dict[str, list[Layer]]:
        """Steps of before, by keyword, that the build has no more."""
        found: dict[str, list[Layer]] = {}
        for entry in self._old.entries:
            if entry.layer.step and entry.own not in self._now.owns:
                found.setdefault(entry.layer.instruction.keyword, []).append(entry.layer)
        return found
