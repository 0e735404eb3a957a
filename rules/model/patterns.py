"""Many ignore patterns as one lazy automaton: one step for each character, whatever their number.

Every pattern is a choice of rows of sets of characters (`goregexp.py`), so one bit for each set is
all the state there is. A step costs a few operations on one integer and is remembered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Literal

from rules.model.dataclass import dataclass
from rules.model.goregexp import (
    ANY,
    ASSERTIONS,
    NOT_NEWLINE,
    BadPatternError,
    Item,
    Ranges,
    TooLargeError,
    holds,
    is_lone,
    one,
    read,
)

MAX_BITS = 1 << 16


@dataclass(slots=True)
class _Layout:
    """Which bits of the state mean what; each list holds places of bits."""

    size: int = 0
    starts: list[int] = field(default_factory=list)
    loop: list[int] = field(default_factory=list)
    """Takes any number of characters of its set."""
    skip: list[int] = field(default_factory=list)
    """May be passed over."""
    leap: list[int] = field(default_factory=list)
    """Starts a group of three bits that may be passed over."""
    owners: dict[int, int] = field(default_factory=dict)
    """Last bit of a branch: the pattern has matched. By place the pattern's index."""
    asserted: dict[str, list[int]] = field(
        default_factory=lambda: {name: [] for name in ASSERTIONS.values()}
    )
    sets: dict[Ranges, list[int]] = field(default_factory=dict)

    def mask(self, places: Iterable[int]) -> int:
        """Set a bit for each place."""
        octets = bytearray(self.size // 8 + 1)
        for place in places:
            octets[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(octets, "little")

    def add(self, branch: Sequence[Item], pattern: int) -> None:
        """Lay the bits of one branch of a pattern."""
        self.starts.append(self.size)
        if not (branch and branch[0].what == "begin" and branch[0].least):
            self._bit(ANY, loop=True, skip=True)  # a search may start anywhere
        for item in branch:
            if item.what == "group":
                self.leap.append(self.size)
                self._bit((), skip=True)
                self._bit(NOT_NEWLINE, loop=True, skip=True)
                self._bit(one(ord("/")))
            elif isinstance(item.what, str):
                if item.least:
                    self.asserted[item.what].append(self.size)
                    self._bit(())
            else:
                for _ in range(item.least):
                    self._bit(item.what)
                for _ in range((item.most or 0) - item.least):
                    self._bit(item.what, skip=True)
                if item.most is None:
                    self._bit(item.what, loop=True, skip=True)
        self.owners[self.size] = pattern
        self._bit(ANY, loop=True)

    def _bit(self, ranges: Ranges, *, loop: bool = False, skip: bool = False) -> None:
        if self.size >= MAX_BITS:
            raise TooLargeError("the patterns are too large")
        self.sets.setdefault(ranges, []).append(self.size)
        if loop:
            self.loop.append(self.size)
        if skip:
            self.skip.append(self.size)
        self.size += 1


Edge = Literal["start", "word", "other", "end"]
"""What stands beside a place in a path: its start, a character of a word, another, its end."""


class State(dict[str, "State"]):
    """Where the automaton is after some text; `state[character]` is where it is after one more."""

    __slots__ = ("_found", "_of", "behind", "bits")

    def __init__(self, of: "Automaton", bits: int, behind: Edge) -> None:
        """`behind` is what the text ends in."""
        super().__init__()
        self._of = of
        self.bits = bits
        self.behind: Edge = behind
        self._found: int | None = None

    def __missing__(self, character: str) -> "State":
        self[character] = after = self._of.step(self, character)
        return after

    @property
    def found(self) -> int:
        """Bit i is set when pattern i matches the text so far."""
        if self._found is None:
            self._found = self._of.found(self)
        return self._found


class Automaton:
    """Many patterns, compiled together.

    `bad` has a bit for each pattern that Go's regexp refuses; `work` counts the 64-bit words that
    steps not yet remembered have touched. Raises TooLargeError.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.bad = 0
        self.work = 0
        layout = _Layout()
        for index, pattern in enumerate(patterns):
            try:
                branches = read(pattern)
            except BadPatternError:
                self.bad |= 1 << index
                continue
            for branch in branches:
                layout.add(branch, index)
        self._size = layout.size
        self._owners = layout.owners
        self._final = layout.mask(layout.owners)
        self._loop = layout.mask(layout.loop)
        self._skip = layout.mask(layout.skip)
        self._leap = layout.mask(layout.leap)
        self._assert = {name: layout.mask(places) for name, places in layout.asserted.items()}
        sets = {ranges: layout.mask(places) for ranges, places in layout.sets.items()}
        self._lone = {each[0][0]: bits for each, bits in sets.items() if is_lone(each)}
        self._wide = [(each, bits) for each, bits in sets.items() if not is_lone(each)]
        self._takes: dict[str, int] = {}
        self._states: dict[tuple[int, Edge], State] = {}
        self._by_words = bool(self._assert["boundary"] | self._assert["inside"])
        self.start = self._state(self._close(layout.mask(layout.starts), 0), "start")

    def _close(self, bits: int, holding: int) -> int:
        """The bits and all that can be reached without a character; `holding` are assertions."""
        skip, new = self._skip | holding, bits
        while new:
            self.work += 1 + (self._size >> 6)
            new = ((new & skip) << 1 | (new & self._leap) << 3) & ~bits
            bits |= new
        return bits

    def _holding(self, behind: Edge, ahead: Edge) -> int:
        """The assertions that hold at a place."""
        holding = self._assert["begin"] if behind == "start" else 0
        if ahead == "end":
            holding |= self._assert["end"]
        if self._by_words:
            boundary = (behind == "word") != (ahead == "word")
            holding |= self._assert["boundary" if boundary else "inside"]
        return holding

    def step(self, state: State, character: str) -> State:
        """Where one more character leads."""
        word = self._by_words and character.isascii() and (character.isalnum() or character == "_")
        ahead: Edge = "word" if word else "other"
        bits = self._close(state.bits, self._holding(state.behind, ahead)) & self._taking(character)
        bits = (bits & ~self._final) << 1 | bits & self._loop
        return self._state(self._close(bits, 0), ahead)

    def found(self, state: State) -> int:
        """Which patterns match the text of a state."""
        finals = self._close(state.bits, self._holding(state.behind, "end")) & self._final
        found = 0
        while finals:
            last = finals.bit_length() - 1
            found |= 1 << self._owners[last]
            finals ^= 1 << last
        return found

    def _state(self, bits: int, behind: Edge) -> State:
        state = self._states.get((bits, behind))
        if state is None:
            state = self._states[bits, behind] = State(self, bits, behind)
        return state

    def _taking(self, character: str) -> int:
        """The bits whose set holds the character."""
        mask = self._takes.get(character)
        if mask is None:
            mask = self._lone.get(ord(character), 0)
            for ranges, bits in self._wide:
                if holds(ranges, character):
                    mask |= bits
            self._takes[character] = mask
        return mask
