"""People, organisations and bots, as the API shows them."""

import base64
from dataclasses import dataclass
from typing import Any

WEB = "https://github.com"
API = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    login: str
    type: str
    """User, Organization or Bot."""

    @property
    def node_id(self) -> str:
        return node_id(self.type, self.id)

    def json(self) -> dict[str, Any]:
        """A `simple-user`."""
        url = f"{API}/users/{self.login.replace('[', '%5B').replace(']', '%5D')}"
        return {
            "login": self.login,
            "id": self.id,
            "node_id": self.node_id,
            "avatar_url": f"https://avatars.githubusercontent.com/u/{self.id}?v=4",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{WEB}/{self.login}",
            "followers_url": f"{url}/followers",
            "following_url": f"{url}/following{{/other_user}}",
            "gists_url": f"{url}/gists{{/gist_id}}",
            "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
            "subscriptions_url": f"{url}/subscriptions",
            "organizations_url": f"{url}/orgs",
            "repos_url": f"{url}/repos",
            "events_url": f"{url}/events{{/privacy}}",
            "received_events_url": f"{url}/received_events",
            "type": self.type,
            "user_view_type": "public",
            "site_admin": False,
        }


def node_id(kind: str, number: int | str) -> str:
    """An opaque name for GraphQL: no test may read it, `read_node_id` does."""
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


def read_node_id(text: str) -> tuple[str, str]:
    """The kind and number behind a node id; ("", "") when it is not one."""
    try:
        kind, _, number = (
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        )
    except ValueError:
        return "", ""
    return kind, number
