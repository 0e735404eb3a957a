"""`dataclass` for the nouns: the standard library's, but made in a third of the time.

`layerwise check` makes more than a hundred classes before it looks at one file, and `dataclasses`
compiles six functions for each: that would be a fifth of all that the command costs. Here a method
is made when it is first called, which most are not in one run; and the methods of classes with as
many fields are compiled once, with `f0`, `f1`, … for the fields, and renamed for each.
"""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import cache, partial
from reprlib import recursive_repr
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

Fields = tuple[Field[Any], ...]
Method = Callable[..., Any]
_ORDERS = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


def _dataclass(
    plain: type | None = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    eq: bool = True,
    order: bool = False,
) -> Any:
    """As the standard library's, for these arguments; without `__post_init__` and `init=False`."""

    def make(plain: type) -> type:
        if plain.__doc__ is None:  # else it is worked out of the signature, which takes longest
            plain.__doc__ = plain.__name__
        made: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(plain)
        fields = dataclasses.fields(made)
        methods: dict[str, Any] = {
            "__init__": _initialiser(made, fields, frozen=frozen, slots=slots),
            "__repr__": _representation([field.name for field in fields if field.repr]),
        }
        if eq:
            methods |= _comparisons(made, fields, frozen=frozen, order=order)
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
        if frozen and slots:  # `copy` and `pickle` would set attributes
            names = [field.name for field in fields]
            methods["__reduce__"] = lambda self: (made, tuple([getattr(self, n) for n in names]))
        for name, method in methods.items():
            if name not in plain.__dict__:
                setattr(made, name, method)
        return made

    return make if plain is None else make(plain)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass


@cache
def _compiled(source: str) -> CodeType:
    """The code of the function that a source defines."""
    module = compile(source, "<dataclass>", "exec")
    return next(code for code in module.co_consts if isinstance(code, CodeType))


def _named(
    source: str,
    fields: Iterable[Field[Any]],
    known: dict[str, Any] | None = None,
    defaults: tuple[Any, ...] = (),
) -> Method:
    """The function of a source, in which the fields' own names stand for `f0`, `f1`, …."""
    code = _compiled(source)
    own = {f"f{place}": field.name for place, field in enumerate(fields)}
    code = code.replace(
        co_varnames=tuple([own.get(name, name) for name in code.co_varnames]),
        co_names=tuple([own.get(name, name) for name in code.co_names]),
        co_consts=tuple([own.get(c, c) if type(c) is str else c for c in code.co_consts]),
    )
    return FunctionType(code, known or {}, code.co_name, defaults)


def _at_first_call(made: type, name: str, make: Callable[[], Method]) -> Method:
    """A method that puts what `make` gives in its own place, and calls that."""

    def method(*given: Any, **named: Any) -> Any:
        setattr(made, name, now := make())
        return now(*given, **named)

    return method


def _values(count: int, whose: str) -> str:
    return "(" + "".join(f"{whose}.f{place}, " for place in range(count)) + ")"


def _initialiser(made: type, fields: Fields, *, frozen: bool, slots: bool) -> Method:
    """`__init__` with the fields as its arguments, set past the guard of a frozen class."""

    def make() -> Method:
        known: dict[str, Any] = {"MISSING": MISSING}
        defaults: list[Any] = []
        lines = ["pass"]
        for place, field in enumerate(fields):
            name = value = f"f{place}"
            if field.default_factory is not MISSING:
                known[f"make{place}"] = field.default_factory
                defaults.append(MISSING)
                value = f"make{place}() if {name} is MISSING else {name}"
            elif field.default is not MISSING:
                defaults.append(field.default)
            if not frozen:
                lines.append(f"self.{name} = {value}")
            elif slots:  # twice as quick as `object.__setattr__`
                known[f"set{place}"] = getattr(made, field.name).__set__
                lines.append(f"set{place}(self, {value})")
            else:  # quicker where there is a dictionary
                lines.append(f"self.__dict__['{name}'] = {value}")
        arguments = ", ".join(["self", *(f"f{place}" for place in range(len(fields)))])
        source = f"def __init__({arguments}):\n " + "\n ".join(lines)
        return _named(source, fields, known, tuple(defaults))

    return _at_first_call(made, "__init__", make)


def _representation(names: Iterable[str]) -> Method:
    @recursive_repr()
    def show(self: Any) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({said})"

    return show


def _comparisons(made: type, fields: Fields, *, frozen: bool, order: bool) -> dict[str, Any]:
    """Equal are objects of the same class with equal fields; what cannot change has a hash."""
    compared = [field for field in fields if field.compare]

    def comparison(name: str, sign: str) -> Method:
        mine, others = _values(len(compared), "self"), _values(len(compared), "other")
        source = f"def {name}(self, other):\n if other.__class__ is self.__class__:\n"
        source += f"  return {mine} {sign} {others}\n return NotImplemented"
        return _named(source, compared)

    def hashing() -> Method:
        hashed = [f for f in fields if (f.compare if f.hash is None else f.hash)]
        return _named(f"def __hash__(self): return hash({_values(len(hashed), 'self')})", hashed)

    signs = {"__eq__": "==", **(_ORDERS if order else {})}
    methods: dict[str, Any] = {
        name: _at_first_call(made, name, partial(comparison, name, sign))
        for name, sign in signs.items()
    }
    methods["__hash__"] = _at_first_call(made, "__hash__", hashing) if frozen else None
    return methods


def _refuse(_self: object, name: str, *_value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
