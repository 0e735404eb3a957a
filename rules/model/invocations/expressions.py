"""GitHub's `${{ … }}` where its value stands in the repository, and what a matrix makes of a job.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, product
from typing import Any

from rules.model.invocations.documents import items, table, text_of

MAX_COMBINATIONS = 200

Scope = Mapping[str, str | None]
"""Values by name: `matrix.image`, `inputs.file`, `env.TAG`. None, or no entry: not known."""


def evaluate(text: str, scope: Scope) -> str | None:
    """Fill in the expressions of a text; None when one is not known."""
    filled = list(_pieces(text, scope))
    return None if None in filled else "".join(value or "" for value in filled)


def evaluate_known(text: str, scope: Scope, unknown: str) -> str:
    """Fill in the expressions of a text, `unknown` for those that are not known."""
    return "".join(unknown if value is None else value for value in _pieces(text, scope))


def _pieces(text: str, scope: Scope) -> Iterator[str | None]:
    rest = text
    while True:
        plain, opened, rest = rest.partition("${{")
        yield plain
        if not opened:
            return
        expression, _, rest = rest.partition("}}")
        yield _value(expression, scope)


def _value(expression: str, scope: Scope) -> str | None:
    """The first of `a || b || 'c'` that is known and not empty, or the last."""
    value: str | None = None
    for option in expression.split("||"):
        name = option.strip()
        if name.startswith("'") and name.endswith("'") and len(name) > 1:
            value = name[1:-1].replace("''", "'")
        else:
            value = scope.get(name)
        if value is None or value:
            return value
    return value


def combinations(job: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """What `matrix.…` stands for in each run of a job; one empty mapping without a matrix.

    https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
    """
    matrix = table(table(job.get("strategy")).get("matrix"))
    axes = {k: v for k, v in matrix.items() if k not in ("include", "exclude") and items(v)}
    rows = [
        dict(zip(axes, values, strict=True))
        for values in islice(product(*axes.values()), MAX_COMBINATIONS)
    ]
    for extra in items(matrix.get("include"))[:MAX_COMBINATIONS]:
        if not isinstance(extra, dict):
            continue
        fitting = [r for r in rows if r and all(r[k] == v for k, v in extra.items() if k in axes)]
        for row in fitting:
            row.update(extra)
        if not fitting:
            rows.append(dict(extra))
    return [dict(_flat("matrix", row)) for row in rows if row or len(rows) == 1]


def _flat(prefix: str, value: Any, depth: int = 0) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, dict) and depth < 4:
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}", inner, depth + 1)
    else:
        yield prefix, text_of(value)


def with_names(prefix: str, given: Any, scope: Scope) -> dict[str, str | None]:
    """A mapping of a workflow (`env`, `with`), its values filled in, named `prefix.key`."""
    found: dict[str, str | None] = {}
    for key, value in table(given).items():
        text = text_of(value)
        found[f"{prefix}{key}"] = None if text is None else evaluate(text, scope)
    return found


_NAME = re.compile(r"^[A-Za-z_]\w{0,100}$")


def as_variables(
    scope: Scope, is_name: Callable[[str], Any] = _NAME.match
) -> dict[str, str | None]:
    """The environment that a `run` step sees."""
    env = ((name[4:], value) for name, value in scope.items() if name.startswith("env."))
    return {name: value for name, value in env if is_name(name)}
