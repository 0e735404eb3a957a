"""GitHub's workflows and composite actions."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rules.model.dataclass import dataclass
from rules.model.invocations.actions import ACTIONS, read_action, read_bake_action
from rules.model.invocations.documents import BeyondError, items, read_yaml, table, text_of
from rules.model.invocations.expressions import (
    Scope,
    as_variables,
    combinations,
    evaluate,
    evaluate_known,
    with_names,
)
from rules.model.invocations.invocation import TOP, UNKNOWN, Invocation
from rules.model.invocations.scripts import mentions_build, read_script
from rules.model.repository import Repository

FOLDER = ".github/workflows/"
MAX_DEPTH = 3
MAX_CALLS = 20
MAX_STEPS = 5_000
"""Steps looked at in all workflows together, those of a matrix once for each of its runs."""


def read_workflows(repository: Repository, texts: Mapping[str, str]) -> Iterator[Invocation]:
    """What the steps of all workflows build. `texts` are the workflow files by path.

    Raises BeyondError, after what was read.
    """
    workflows = {
        path: table(documents[0])
        for path, text in texts.items()
        if _may_build(text) and (documents := read_yaml(text))
    }
    reader = _Reader(repository)
    called = _calls(workflows)
    for path, workflow in workflows.items():
        inputs = _defaults(workflow)
        for given in called.get(path) or [{}]:
            yield from reader.workflow(path, workflow, {**inputs, **given})


def _may_build(text: str) -> bool:
    lower = text.lower()
    return "./" in text or mentions_build(text) or any(name in lower for name in ACTIONS)


def _defaults(workflow: Mapping[str, Any]) -> dict[str, str | None]:
    events = table(workflow.get("on"))
    found: dict[str, str | None] = {}
    for event in ("workflow_dispatch", "workflow_call"):
        for name, said in table(table(events.get(event)).get("inputs")).items():
            found[f"inputs.{name}"] = text_of(table(said).get("default", ""))
    return found


def _calls(workflows: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, str | None]]]:
    """What each workflow is given by those that call it."""
    found: dict[str, list[dict[str, str | None]]] = {}
    for workflow in workflows.values():
        for job in table(workflow.get("jobs")).values():
            uses = text_of(table(job).get("uses")) or ""
            if not uses.startswith("./"):
                continue
            calls = found.setdefault(uses.removeprefix("./"), [])
            for row in combinations(job)[: MAX_CALLS - len(calls)]:
                scope = {**_defaults(workflow), **row}
                calls.append(with_names("inputs.", table(job).get("with"), scope))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where steps run."""

    path: str
    """The file that they stand in."""
    workflow: str
    folder: str | None
    hosted: bool
    depth: int = 0


@dataclass(slots=True)
class _Reader:
    repository: Repository
    left: int = MAX_STEPS

    def workflow(
        self, path: str, workflow: Mapping[str, Any], inputs: Scope
    ) -> Iterator[Invocation]:
        scope = {"github.workspace": TOP, "runner.workspace": None, **inputs}
        scope.update(with_names("env.", workflow.get("env"), scope))
        for job in table(workflow.get("jobs")).values():
            said = table(job)
            for row in combinations(said):
                inner = {**scope, **row}
                inner.update(with_names("env.", said.get("env"), inner))
                folder = _folder(workflow, inner, "")
                here, hosted = _folder(said, inner, folder), _is_hosted(said, inner)
                place = _Place(path, path, here, hosted)
                yield from self._steps(items(said.get("steps")), inner, place)

    def _steps(self, steps: list[Any], scope: Scope, place: _Place) -> Iterator[Invocation]:
        hosted = place.hosted and not any(_is_remote_builder(step) for step in steps)
        place = replace(place, hosted=hosted)
        for step in steps:
            self.left -= 1
            if self.left < 0:
                raise BeyondError
            said = table(step)
            inner = {**scope, **with_names("env.", said.get("env"), scope)}
            uses, run = text_of(said.get("uses")), text_of(said.get("run"))
            if uses is not None:
                given = with_names("", said.get("with"), inner)
                given |= _in_part(table(said.get("with")), inner)
                yield from self._action(uses, given, place)
            elif run is not None and mentions_build(run):
                yield from self._run(run, said, inner, place)

    def _action(self, uses: str, given: Scope, place: _Place) -> Iterator[Invocation]:
        if uses.startswith("./"):
            yield from self._composite(uses.removeprefix("./").rstrip("/"), given, place)
            return
        found = [
            *read_action(self.repository, place.path, uses, given),
            *read_bake_action(self.repository, uses, given),
        ]
        for invocation in found:
            hosted = place.hosted and not invocation.keeps_disk
            yield replace(invocation, hosted=hosted, workflow=place.workflow)

    def _composite(self, folder: str, given: Scope, place: _Place) -> Iterator[Invocation]:
        if place.depth >= MAX_DEPTH:
            return
        for name in ("action.yml", "action.yaml"):
            path = f"{folder}/{name}" if folder else name
            text = self.repository.read(path)
            documents = read_yaml(text) if text is not None else []
            if not documents:
                continue
            action = table(documents[0])
            scope: dict[str, str | None] = {"github.workspace": TOP}
            for key, said in table(action.get("inputs")).items():
                scope[f"inputs.{key}"] = text_of(table(said).get("default", ""))
            scope.update({f"inputs.{key}": value for key, value in given.items()})
            inner = replace(place, path=path, depth=place.depth + 1)
            yield from self._steps(items(table(action.get("runs")).get("steps")), scope, inner)

    def _run(
        self, run: str, step: Mapping[str, Any], scope: Scope, place: _Place
    ) -> Iterator[Invocation]:
        said = text_of(step.get("working-directory"))
        folder = place.folder if said is None else evaluate(said, scope)
        if folder is None:
            return
        text = evaluate_known(run, scope, UNKNOWN)
        variables = as_variables(scope)
        for found in read_script(self.repository, place.path, text, (folder,), variables):
            yield replace(found, hosted=place.hosted, workflow=place.workflow)


_OF_CACHES = ("cache-to", "cache-from", "set")


def _in_part(given: Mapping[str, Any], scope: Scope) -> dict[str, str | None]:
    """What an action is told of caches, which are there whatever they are called."""
    said = ((name, text_of(given.get(name))) for name in _OF_CACHES)
    return {name: evaluate_known(text, scope, UNKNOWN) for name, text in said if text is not None}


def _folder(level: Mapping[str, Any], scope: Scope, otherwise: str | None) -> str | None:
    run = table(table(level.get("defaults")).get("run"))
    said = text_of(run.get("working-directory"))
    return otherwise if said is None else evaluate(said, scope)


def _is_hosted(job: Mapping[str, Any], scope: Scope) -> bool:
    """Whether a job runs on a machine that is new each time, as far as its labels tell.

    Those of GitHub and of most who sell runners name the system; others may be anybody's.
    """
    labels = job.get("runs-on")
    if isinstance(labels, dict):
        labels = labels.get("labels")  # of a group alone nothing is known
    found = [evaluate(text_of(label) or "", scope) for label in items(labels) or [labels]]
    known = [label.lower() for label in found if label]
    own = any("self-hosted" in label for label in known)
    return not own and any(name in label for label in known for name in _SYSTEMS)


_SYSTEMS = ("ubuntu", "windows", "macos")


def _is_remote_builder(step: Any) -> bool:
    """Whether a step sets up a builder elsewhere, which keeps its disk."""
    said = table(step)
    uses = text_of(said.get("uses")) or ""
    driver = text_of(table(said.get("with")).get("driver"))
    return uses.startswith("docker/setup-buildx-action@") and driver in ("remote", "cloud")
