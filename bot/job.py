"""A Job: one pull request to be reviewed, as the webhook stores it and the worker reads it."""

import json
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of the pull request when the event arrives; never a token, never its text.

    `repository` is "owner/name" as it was then, `repository_id` what stays when it is renamed.
    `head` is the commit of the event and may be old when the job runs. `reason` is the event's
    action ("opened", "synchronize", "rerequested"). `delivery` is GitHub's id of the delivery.
    `updated_at` is the pull request's (ISO 8601, one second fine), or empty for a job that no
    push brought about: such a job is never taken for an outdated one.
    """

    installation: int
    repository: str
    repository_id: int
    pull_request: int
    head: str
    reason: str
    delivery: str
    updated_at: str = ""

    def to_json(self) -> str:
        """The job as one line of JSON."""
        return json.dumps({field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """The job that `to_json` wrote; keys that a later version wrote are left out."""
        data: dict[str, Any] = json.loads(text)
        return cls(**{f.name: data[f.name] for f in fields(cls) if f.name in data})
