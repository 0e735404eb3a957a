"""GitHub's own description of its API, as the judge of every request, answer and delivery.

githubkit's models are made from the OpenAPI description and come from PyPI, so they always judge.
The description itself, which is stricter in places, joins where the npm package
`@octokit/openapi` lies in the folder that LAYERWISE_GITHUB_SCHEMAS names (or in `node_modules`).
"""

import importlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.github.rest import Endpoint

VERSIONS = ("2022-11-28", "2026-03-10")
GONE = {"assignee", "merge_commit_sha", "has_downloads", "rate"}
"""Keys of 2022-11-28 that 2026-03-10 dropped, among those that we serve."""
NULL_WHEN_OUTDATED = {"line", "position"}
"""Of a review comment: GitHub answers null although it describes an integer."""
DESCRIBED_WRONG = {"GET /app/installations"}
"""There an account must be a user and an enterprise at once."""


def schema_file(name: str) -> Path | None:
    """A file of an `@octokit` package, for example `openapi/generated/api.github.com.json`."""
    named = os.environ.get("LAYERWISE_GITHUB_SCHEMAS")
    for folder in [*([Path(named)] if named else []), Path("node_modules")]:
        for place in (folder / "@octokit", folder / "node_modules" / "@octokit"):
            if (place / name).is_file():
                return place / name
    return None


def why_no_schemas(name: str) -> str:
    return f"npm install {name} and set LAYERWISE_GITHUB_SCHEMAS to the folder to check this too"


def faults_of_request(endpoint: Endpoint, raw: bytes, query: Mapping[str, str]) -> list[str]:
    """What is wrong with a request, in words; JSON that cannot be read is not judged here."""
    told = list(_unknown_query(endpoint, query))
    if not raw:
        return told
    stem = _camel(re.sub(r"[{}]", "", endpoint.path)) + endpoint.method.capitalize() + "Body"
    names = _variants(stem)
    if not names:
        told.append("GitHub takes no body here")
    elif all(problems := [_against_model(name, raw) for name in names]):
        told += _least(problems)
    operation = _operation(endpoint.method, endpoint.path)
    if operation is not None:
        content = operation.get("requestBody", {}).get("content", {})
        told += _against_schema(content.get("application/json", {}).get("schema"), json.loads(raw))
    return told


def faults_of_answer(endpoint: Endpoint, status: int, raw: bytes, version: str) -> list[str]:
    """What is wrong with an answer of the stand-in, in words."""
    told: list[str] = []
    if endpoint.gives is not None and status in (200, 201):
        told += _against_model(endpoint.gives, raw, _gone(version))
    operation = _operation(endpoint.method, endpoint.path)
    if operation is not None:
        answer = operation["responses"].get(str(status))
        if answer is None and status in (200, 201, 202, 204):
            told.append(f"GitHub never answers {status} here")
        schema = _media(_resolved(answer or {}))
        if schema is not None and version == "2022-11-28":  # the npm package describes this one
            told += _against_schema(schema, json.loads(raw))
    return told


def faults_of_delivery(event: str, action: str | None, payload: Mapping[str, Any]) -> list[str]:
    """What is wrong with the payload of a webhook, in words."""
    name = "Webhook" + _camel(event.replace("_", "/")) + _camel((action or "").replace("_", "/"))
    raw = json.dumps(payload).encode()
    names = _variants(name)
    if not names:
        return [f"GitHub has no {event}.{action}"]
    problems = [_against_model(each, raw, GONE) for each in names]
    told = _least(problems) if all(problems) else []
    document = _document()
    if document is not None:
        key = "-".join([event.replace("_", "-"), *([action.replace("_", "-")] if action else [])])
        content = document["x-webhooks"][key]["post"]["requestBody"]["content"]
        told += _against_schema(content["application/json"]["schema"], payload)
    return told


def _gone(version: str) -> set[str]:
    return GONE if version == "2022-11-28" else set()


# --- githubkit's models ---


@cache
def _models() -> Any:
    return importlib.import_module("githubkit_schemas.v2026_03_10.models")


@cache
def _names() -> frozenset[str]:
    """Every model's name; the package loads each at its first use."""
    return frozenset(dir(_models()))


@cache
def _variants(name: str) -> tuple[str, ...]:
    names = _names()
    if name in names:
        return (name,)
    return tuple(sorted(n for n in names if re.fullmatch(rf"{name}(Oneof|Anyof)\d+", n)))


@cache
def _reader(name: str) -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415  half a second

    model: Any = getattr(_models(), name.strip("[]"))
    return TypeAdapter(list[model] if name.startswith("[") else model)


def _against_model(name: str, raw: bytes, more: set[str] | None = None) -> list[str]:
    from pydantic import ValidationError  # noqa: PLC0415

    reader = _reader(name)
    try:
        read = reader.validate_json(raw, strict=True)
    except ValidationError as error:
        told = [
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}"
            for e in error.errors()
            if not (e["input"] is None and e["loc"][-1] in NULL_WHEN_OUTDATED)
        ]
        return [f"{name}: {text}" for text in told]
    if name.startswith("Repos") and getattr(read, "model_extra", None):
        # Some bodies are described as open to any key; none that GitHub reads is left out there.
        return [f"{name}: {key} is unknown" for key in read.model_extra]
    kept = reader.dump_python(read, by_alias=True, exclude_unset=True, mode="json")
    return [
        f"{name}: {where} is unknown" for where in _beyond(json.loads(raw), kept, more or set())
    ]


def _beyond(given: Any, kept: Any, more: set[str], where: str = "") -> Iterator[str]:
    """The keys that the model does not have and so has dropped."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key in kept:
                yield from _beyond(value, kept[key], more, f"{where}.{key}")
            elif key not in more:
                yield f"{where}.{key}".lstrip(".")
    elif isinstance(given, list) and isinstance(kept, list):
        for one, other in zip(given, kept, strict=True):
            yield from _beyond(one, other, more, f"{where}[]")


def _least(problems: list[list[str]]) -> list[str]:
    return sorted(problems, key=len)[0]  # noqa: FURB192  mypy knows no `min` by `len`


def _camel(path: str) -> str:
    return "".join(w[:1].upper() + w[1:] for w in re.split(r"[/_-]", path) if w)


# --- the OpenAPI description ---


@cache
def _document() -> Any:
    path = schema_file("openapi/generated/api.github.com.json")
    return None if path is None else json.loads(path.read_bytes())


@cache
def _operation(method: str, path: str) -> Any:
    """The operation at a path; the names of its variables must be GitHub's too."""
    document = _document()
    if document is None or f"{method} {path}" in DESCRIBED_WRONG:
        return None
    return document["paths"][path][method.lower()]


def _resolved(node: Mapping[str, Any]) -> Any:
    if "$ref" in node:
        target: Any = _document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return target
    return node


def _media(answer: Mapping[str, Any]) -> Any:
    return answer.get("content", {}).get("application/json", {}).get("schema")


def _unknown_query(endpoint: Endpoint, query: Mapping[str, str]) -> Iterator[str]:
    operation = _operation(endpoint.method, endpoint.path)
    if operation is None:
        return
    known = {_resolved(p)["name"] for p in operation.get("parameters", ())}
    yield from (f"?{name} is unknown" for name in query if name not in known)


@cache
def _validator() -> Any:
    from jsonschema import Draft4Validator, validators  # type: ignore[import-untyped]  # noqa: PLC0415  only where the npm package is

    def unless_null(keyword: str) -> Any:
        judge = Draft4Validator.VALIDATORS[keyword]

        def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            # OpenAPI 3.0 says `nullable` where JSON Schema says a type of its own.
            if not (instance is None and schema.get("nullable")):
                yield from judge(validator, value, instance, schema) or ()

        return check

    def follow(validator: Any, reference: str, instance: Any, _schema: Any) -> Iterator[Any]:
        yield from validator.descend(instance, _resolved({"$ref": reference}))

    words = {word: unless_null(word) for word in ("type", "enum", "allOf", "anyOf", "oneOf")}
    return validators.extend(Draft4Validator, {**words, "$ref": follow})({})


def _against_schema(schema: Any, body: Any) -> list[str]:
    if schema is None:
        return []
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in _validator().evolve(schema=schema).iter_errors(body)
        if not (
            error.instance is None
            and error.absolute_path
            and error.absolute_path[-1] in NULL_WHEN_OUTDATED
        )
    ]
