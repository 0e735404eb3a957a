"""The rules, run and heard as a repository's settings ask."""

import rules
from bot.config import Config
from rules.model.finding import Finding
from rules.model.repository import Repository

ROUNDS = 6
"""How often at most: a manifest names files that name files, and rules then go without."""


def look(repository: Repository, path: str, config: Config) -> rules.Report:
    """What the rules find in the Dockerfile at a path, no fix proven."""
    return rules.look(
        repository,
        path,
        config.contexts,
        config.builder,
        persistent=config.persistent_builder,
    )


def inspect(repository: Repository, path: str, config: Config) -> rules.Report:
    """All that the rules say of the Dockerfile at a path, each fix proven."""
    return rules.prove(look(repository, path, config))


def wanted(finding: Finding, config: Config) -> bool:
    """Whether the settings let the rule speak that found this."""
    return config.wants(finding.rule, rules.BY_NAME[finding.rule].strategy)
