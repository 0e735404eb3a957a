"""The check run `Layerwise` on GitHub.

https://docs.github.com/en/rest/checks/runs
"""

from collections.abc import Mapping
from typing import Any

from bot.github.client import Client
from bot.pull_request import PullRequest
from bot.verdict import FIX_ALL, NAME, Annotation, Verdict, external_id, number_in

_BUTTON = {
    "label": "Fix all",
    "description": "Commit every change suggested here",
    "identifier": FIX_ALL,
}
_AT_ONCE = 50
"""GitHub takes so many annotations in a request, and adds those of the next to them."""


class Checks:
    """The check runs of one repository."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def post(self, pull: PullRequest, verdict: Verdict) -> None:
        """Make the check run on the head of a pull request, with all its annotations."""
        notes = [_annotation(note) for note in verdict.annotations]
        done: dict[str, Any] = {"status": "completed", "conclusion": verdict.conclusion}
        output = {"title": verdict.title, "summary": verdict.summary}
        if verdict.text:
            output["text"] = verdict.text
        parts = [notes[at : at + _AT_ONCE] for at in range(0, len(notes), _AT_ONCE)] or [[]]
        run = await self._client.post(
            "/repos/{owner}/{repo}/check-runs",
            pull.path,
            data={
                "name": NAME,
                "head_sha": pull.head,
                "external_id": external_id(pull.number, verdict),
                **({"status": "in_progress"} if len(parts) > 1 else done),
                "output": {**output, "annotations": parts[0]},
                **({"actions": [_BUTTON]} if verdict.fixable else {}),
            },
        )
        for part in parts[1:]:
            await self._client.patch(
                "/repos/{owner}/{repo}/check-runs/{id}",
                {**pull.path, "id": str(run["id"])},
                data={
                    **(done if part is parts[-1] else {"status": "in_progress"}),
                    "output": {**output, "annotations": part},
                    **({"actions": [_BUTTON]} if verdict.fixable else {}),
                },
            )

    async def pull_requests(self, repository: str, head: str) -> list[int]:
        """The pull requests that our check runs on a commit were made for."""
        owner, _, name = repository.partition("/")
        url = "/repos/{owner}/{repo}/commits/{head}/check-runs?filter=all&per_page=100&check_name="
        where = {"owner": owner, "repo": name, "head": head}
        answer = await self._client.getitem(url + NAME, where)
        return sorted({number_in(run["external_id"]) for run in answer["check_runs"]} - {0})


def _annotation(note: Annotation) -> Mapping[str, Any]:
    return {
        "path": note.path,
        "start_line": note.span.start,
        "end_line": max(note.span.start, note.span.end),
        "annotation_level": note.level,
        "title": note.title,
        "message": note.message,
        **({"raw_details": note.details} if note.details else {}),
    }
