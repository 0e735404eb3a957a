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
    push brought about: such a job is never taken for an outdated one. `sender` is who pressed
    a button, `talk` whether there were review comments. `pull_request` is 0 where the event
    names a commit only (a merge group, a fork's check suite).
    """

    installation: int
    repository: str
    repository_id: int
    pull_request: int
    head: str
    reason: str
    delivery: str
    updated_at: str = ""
    sender: str = ""
    talk: bool = False

    @property
    def subject(self) -> str:
        """What is worked on; of two jobs on one subject only the newer is run, never both at once.

        A repository keeps its number when it is renamed. A button that was pressed is not
        forgotten because of a push.
        """
        button = "-button" if self.reason == "requested_action" else ""
        return f"{self.repository_id}-{self.pull_request or self.head}{button}"

    def to_json(self) -> str:
        """The job as one line of JSON."""
        return json.dumps({field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """The job that `to_json` wrote; keys that a later version wrote are left out."""
        data: dict[str, Any] = json.loads(text)
        return cls(**{f.name: data[f.name] for f in fields(cls) if f.name in data})
