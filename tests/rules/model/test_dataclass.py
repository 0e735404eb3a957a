import copy
import dataclasses
import pickle
import re
from dataclasses import field
from pathlib import Path

import pytest

import rules
from rules.model.dataclass import _dataclass

SLOW = re.compile(r"^ *from dataclasses import .*\bdataclass\b", re.MULTILINE)
FAST, STANDARD = _dataclass, dataclasses.dataclass
KINDS = [
    {"frozen": True, "slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True, "order": True},
    {"frozen": True, "eq": False},
    {"slots": True},
    {},
]


def classes(**kind):
    """The same class by either decorator, under the same name."""
    made = []
    for decorator in (STANDARD, FAST):

        @decorator(**kind)
        class Noun:
            """A thing."""

            line: int
            names: tuple[str, ...] = ()
            seen: list[int] = field(default_factory=list, hash=False)
            kept: object = field(default=None, repr=False, compare=False)

            def double(self) -> int:
                return self.line * 2

        made.append(Noun)
    return made


def outcome(act):
    try:
        return act()
    except (TypeError, AttributeError) as error:
        return type(error).__name__


def holding_itself(made):
    thing = made(1)
    thing.seen.append(thing)
    return repr(thing).count("line=")


def matched(thing):
    kind = type(thing)
    match thing:
        case kind(line, names):
            return line, names
    return None


ACTS = {
    "all by place": lambda c: [(n.line, n.names, n.seen, n.kept) for n in [c(1, ("a",), [2], 3)]],
    "all by name": lambda c: [(n.line, n.names) for n in [c(names=("a",), line=1)]],
    "defaults": lambda c: [(n.names, n.seen, n.kept) for n in [c(1)]],
    "a default is made anew": lambda c: c(1).seen is c(1).seen,
    "a field is missing": lambda c: c(),
    "too many": lambda c: c(1, (), [], None, 5),
    "an unknown name": lambda c: c(1, more=2),
    "how it shows": lambda c: repr(c(1, ("a",))).rpartition(".")[2],
    "one that holds itself": holding_itself,
    "equal": lambda c: c(1, kept=2) == c(1, kept=3),
    "itself": lambda c: [n == n for n in [c(1)]],  # noqa: PLR0124
    "unequal": lambda c: c(1) == c(2),
    "of another class": lambda c: c(1) == (1, (), []),
    "as a key": lambda c: len({c(1), c(1, seen=[1]), c(2)}),
    "hash of equals": lambda c: len({hash(each) for each in [c(1), c(1)]}),
    "less": lambda c: (c(1) < c(2), c(2) < c(1), c(1) <= c(1), c(1) > c(2), c(1) >= c(2)),
    "less than another class": lambda c: c(1) < 3,
    "setting": lambda c: setattr(c(1), "line", 2),
    "deleting": lambda c: delattr(c(1), "line"),
    "a method": lambda c: c(2).double(),
    "replaced": lambda c: dataclasses.replace(c(1, kept=2), line=5).line,
    "fields": lambda c: [f.name for f in dataclasses.fields(c)],
    "copied": lambda c: copy.copy(c(4)).line,
    "copied deep": lambda c: copy.deepcopy(c(4, seen=[1])).seen,
    "matched by place": lambda c: matched(c(7, ("a",))),
    "has a dict": lambda c: hasattr(c(1), "__dict__"),
    "documented": lambda c: c.__doc__,
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_it_does_as_the_standard_library_does(kind, act):
    standard, fast = classes(**kind)
    expected, found = outcome(lambda: act(standard)), outcome(lambda: act(fast))
    assert found == expected


@FAST(frozen=True, slots=True)
class Kept:
    line: int
    text: str = ""


@FAST(frozen=True, slots=True)
class Empty:
    pass


@FAST
class Bare:
    line: int


def test_a_frozen_one_with_slots_is_pickled():
    assert pickle.loads(pickle.dumps(Kept(3, "x"))) == Kept(3, "x")


def test_a_frozen_one_takes_no_attribute_that_it_has_not():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Kept(3).other = 1


def test_one_without_fields_equals_its_like():
    assert Empty() == Empty()
    assert {Empty(), Empty()} == {Empty()}


def test_one_that_inherits_has_the_fields_of_both():
    @FAST(frozen=True, slots=True)
    class Longer(Kept):
        more: int = 0

    longer = Longer(3, "x", more=5)
    assert (longer.line, longer.text, longer.more) == (3, "x", 5)
    assert copy.copy(longer) == longer != Longer(4, "x", more=5)


def test_a_plain_class_below_it_is_made_and_compared_like_it():
    @FAST(frozen=True, slots=True)
    class Above:
        line: int

    class Below(Above):
        pass

    assert Below(3) == Below(3) != Above(3)
    assert Above(3) == Above(3)
    assert (Below(3).line, len({Below(3), Below(3)})) == (3, 1)


def test_what_is_wrong_with_the_first_call_is_told_like_later_ones():
    @FAST(frozen=True, slots=True)
    class Noun:
        line: int

    for _ in range(2):
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'line'"):
            Noun()


def test_a_method_of_its_own_is_kept():
    @FAST(frozen=True, slots=True)
    class Named:
        name: str

        def __repr__(self):
            return f"<{self.name}>"

    assert repr(Named("a")) == "<a>"


def test_without_brackets_it_is_the_plain_one():
    thing = Bare(1)
    thing.line = 2
    assert thing == Bare(2)


def test_without_a_docstring_it_has_its_name():
    assert Bare.__doc__ == "Bare"


def test_every_noun_is_made_by_it():
    modules = sorted(Path(rules.__file__).parent.rglob("*.py"))
    slow = [path.name for path in modules if SLOW.search(path.read_text(encoding="utf-8"))]
    assert slow == ["dataclass.py"]
