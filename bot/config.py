"""The settings that a repository may give: `.github/layerwise.yml` -> Config."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Config:
    """What was asked for; the defaults are what an organisation gets that asks for nothing."""

    rules: Mapping[str, bool] = field(default_factory=dict)
    contexts: Mapping[str, str] = field(default_factory=dict)
    builder: str = "auto"
    max_comments: int = 10

    def wants(self, rule: str) -> bool:
        """Whether a rule may speak."""
        return self.rules.get(rule, True)
