"""The rules, run and heard as a repository's settings ask."""

from collections import Counter
from collections.abc import Sequence

import rules
from bot.config import Config
from rules.idle import idle_comments
from rules.model.builder import is_dockerfile
from rules.model.cache import Build
from rules.model.finding import Finding
from rules.model.mute import IdleComment
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


def idle(builds: Sequence[Build], config: Config) -> list[IdleComment]:
    """Ignore comments without effect on these builds of one tree, by file and line.

    One on a rule that the settings switch off may have one where it is on. One in an ignore file
    may have one on any Dockerfile, so that all of the tree must be among the builds.
    """
    counted = Counter(comment for build in builds for comment in idle_comments(build))
    own = {build.path for build in builds}
    governing = Counter(b.context.ignore.path for b in builds if b.context.ignore is not None)
    found: list[IdleComment] = []
    for comment, times in counted.items():
        rule = rules.BY_NAME.get(comment.rule or "")
        if rule is not None:
            if not config.wants(rule.name, rule.strategy):
                continue
            if comment.path not in own and (
                times < governing[comment.path] or not _all_of(builds[0].repository) <= own
            ):
                continue
        found.append(comment)
    return sorted(found, key=lambda comment: (comment.path, comment.line))


def _all_of(repository: Repository) -> set[str]:
    """The paths of all Dockerfiles of a tree."""
    named = rules.named_dockerfiles(repository)
    return {path for path in repository.paths if is_dockerfile(path) or path in named}
