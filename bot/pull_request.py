"""A PullRequest: which one, and what of it decides what we may say and do."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from bot.config import SettingsFile
from bot.conversation import Conversation


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Which pull request: "owner/name" as it is now, its number, and the commit at its head."""

    repository: str
    number: int
    head: str
    draft: bool = False
    open: bool = True
    branch: str = ""
    """The name of its head branch."""
    source: str | None = None
    """The repository of that branch; another one for a fork, None when it was deleted."""
    source_page: str = ""
    """The address of that repository for people."""
    settings: SettingsFile = field(default_factory=SettingsFile)
    conversation: Conversation = field(default_factory=Conversation)

    @property
    def own_branch(self) -> bool:
        """Whether its branch is in the repository itself, so that we could commit to it."""
        return self.source == self.repository

    def without(self, rules: Iterable[str]) -> "PullRequest":
        """The same pull request with these rules silent on it."""
        config = self.settings.config.without(rules)
        return replace(self, settings=replace(self.settings, config=config))

    @property
    def new_file_page(self) -> str:
        """Where a person makes a new file on its branch; "" where there is none."""
        return f"{self.source_page}/new/{quote(self.branch)}" if self.source_page else ""

    @property
    def path(self) -> dict[str, str]:
        """The variables of a request's path."""
        owner, _, name = self.repository.partition("/")
        return {"owner": owner, "repo": name, "number": str(self.number), "head": self.head}
