"""The GraphQL API: graphql-core runs the queries; views.py says what they find.

https://docs.github.com/en/graphql
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.github.connections import Item
from tests.github.mutations import mutations
from tests.github.rest import Caller, Refused, Reply, Trouble
from tests.github.views import View

if TYPE_CHECKING:
    from tests.github.standin import StandIn


@cache
def schema() -> Any:
    from graphql import build_schema  # noqa: PLC0415  only tests that ask pay for it

    return build_schema(Path(__file__).with_name("schema.graphql").read_text(), no_location=True)


@cache
def _read(query: str) -> tuple[Any, tuple[str, ...]]:
    """A query's document, and what the schema has against it: of a few queries many are made."""
    from graphql import GraphQLSyntaxError, parse, validate  # noqa: PLC0415

    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return None, (error.message,)
    return document, tuple(fault.message for fault in validate(schema(), document))


def answer(github: "StandIn", caller: Caller, body: Any) -> Reply:
    """Run one query. Errors come with status 200; a query that the schema forbids is a violation."""
    from graphql import execute  # noqa: PLC0415

    if caller.installation is None and caller.account is None:
        raise Refused(401, "This endpoint requires you to be authenticated.")
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise Refused(400, "A query attribute must be specified and must be a string.")
    document, faults = _read(body["query"])
    if faults:
        github.violations += [f"POST /graphql: {fault}" for fault in faults]
        return Reply(200, {"errors": [{"message": fault} for fault in faults]})
    view = View(github, caller)
    roots = {**view.query(), **mutations(view)}
    result: Any = execute(
        schema(),
        document,
        roots,
        variable_values=body.get("variables"),
        operation_name=body.get("operationName"),
    )
    github.bucket(caller, "graphql").used += view.cost() - 1
    reply: Item = {} if result.data is None else {"data": result.data}
    if result.errors:
        reply["errors"] = [_error(github, error) for error in result.errors]
    return Reply(200, reply)


def _error(github: "StandIn", error: Any) -> Item:
    origin = error.original_error
    told: Item = {"message": error.message}
    if isinstance(origin, Trouble):
        told = {"type": origin.kind, **told}
    elif origin is not None:
        github.violations.append(f"POST /graphql: the stand-in broke: {origin!r}")
    else:
        github.violations.append(f"POST /graphql: {error.message}")
    return {
        **told,
        "path": error.path,
        "locations": [dict(at.formatted) for at in error.locations or ()],
    }
