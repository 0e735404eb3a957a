"""`dataclass` for the nouns: the standard library's, but made in a third of the time.

`layerwise check` makes more than a hundred classes before it looks at one file, and `dataclasses`
compiles six functions for each: that would be a fifth of all that the command costs. Here the
methods of classes with as many fields are compiled once, with `f0`, `f1`, … for the fields, and
renamed for each.
"""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import cache
from reprlib import recursive_repr
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

Fields = tuple[Field[Any], ...]
Method = Callable[..., Any]
_ORDERS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}


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
        methods = {
            "__init__": _initialiser(made, fields, frozen=frozen, slots=slots),
            "__repr__": _representation([field.name for field in fields if field.repr]),
        }
        if eq:
            methods |= _comparisons(fields, frozen=frozen, order=order)
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


def _values(count: int, whose: str) -> str:
    return "(" + "".join(f"{whose}.f{place}, " for place in range(count)) + ")"


def _initialiser(made: type, fields: Fields, *, frozen: bool, slots: bool) -> Method:
    """`__init__` with the fields as its arguments, set past the guard of a frozen class."""
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


def _representation(names: Iterable[str]) -> Method:
    @recursive_repr()
    def show(self: Any) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({said})"

    return show


def _comparisons(fields: Fields, *, frozen: bool, order: bool) -> dict[str, Any]:
    """Equal are objects of the same class with equal fields; what cannot change has a hash."""
    compared = [field for field in fields if field.compare]
    mine, others = _values(len(compared), "self"), _values(len(compared), "other")

    def comparison(name: str, sign: str) -> Method:
        source = f"def {name}(self, other):\n if other.__class__ is self.__class__:\n"
        source += f"  return {mine} {sign} {others}\n return NotImplemented"
        return _named(source, compared)

    methods: dict[str, Any] = {"__eq__": comparison("__eq__", "=="), "__hash__": None}
    if frozen:
        hashed = [f for f in fields if (f.compare if f.hash is None else f.hash)]
        source = f"def __hash__(self): return hash({_values(len(hashed), 'self')})"
        methods["__hash__"] = _named(source, hashed)
    if order:
        methods |= {f"__{n}__": comparison(f"__{n}__", sign) for n, sign in _ORDERS.items()}
    return methods


def _refuse(_self: object, name: str, *_value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
