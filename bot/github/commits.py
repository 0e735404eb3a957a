"""Commits that people ask us for, and whether they may.

https://docs.github.com/en/graphql/reference/mutations#createcommitonbranch
"""

import base64
from collections.abc import Mapping

from gidgethub import BadRequest, QueryError

from bot.github.client import Client
from bot.pull_request import PullRequest

WRITERS = frozenset({"admin", "write"})  # "maintain" is told as "write"
HEADLINE = "Keep the build cache"

_COMMIT = """
mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}
"""


class Commits:
    """Commits to one repository."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def may_push(self, repository: str, login: str) -> bool:
        """Whether a person may write to the repository: as GitHub says, not as an event does."""
        owner, _, name = repository.partition("/")
        url = "/repos/{owner}/{repo}/collaborators/{login}/permission"
        try:
            answer = await self._client.getitem(url, {"owner": owner, "repo": name, "login": login})
        except BadRequest as error:
            if error.status_code in (403, 404):
                return False
            raise
        return answer["permission"] in WRITERS

    async def commit(
        self, writer: Client, pull: PullRequest, texts: Mapping[str, str], body: str
    ) -> bool:
        """One signed commit on the head branch; False when the branch has moved on.

        `writer` has the permission `contents: write`.
        """
        additions = [
            {"path": path, "contents": base64.b64encode(text.encode()).decode()}
            for path, text in sorted(texts.items())
        ]
        asked = {
            "branch": {"repositoryNameWithOwner": pull.repository, "branchName": pull.branch},
            "expectedHeadOid": pull.head,
            "message": {"headline": HEADLINE, "body": body},
            "fileChanges": {"additions": additions},
        }
        try:
            await writer.graphql(_COMMIT, {"input": asked})
        except QueryError as error:
            kinds = {e.get("type") for e in error.response.get("errors", ())}
            if kinds & {"STALE_DATA", "NOT_FOUND", "FORBIDDEN", "UNPROCESSABLE"}:
                return False
            raise
        return True
