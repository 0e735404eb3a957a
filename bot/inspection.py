"""The rules, run and heard as a repository's settings ask."""

import rules
from bot.config import Config
from rules.model.cache import Build
from rules.model.finding import Finding
from rules.model.repository import Repository

ROUNDS = 6
"""How often at most: a manifest names files that name files, and rules then go without."""


def inspect(
    repository: Repository,
    path: str,
    config: Config,
    earlier: Build | None = None,
    *,
    prove: bool = True,
) -> rules.Report:
    """All that the rules say of the Dockerfile at a path; the rest is as with `rules.inspect`."""
    return rules.inspect(
        repository,
        path,
        config.contexts,
        config.builder,
        persistent=config.persistent_builder,
        earlier=earlier,
        prove=prove,
    )


def wanted(finding: Finding, config: Config) -> bool:
    """Whether the settings let the rule speak that found this."""
    return config.wants(finding.rule, rules.BY_NAME[finding.rule].strategy)
