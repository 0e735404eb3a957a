"""Ignore comments that mute nothing: misspelt ones, and those whose fault is gone."""

from itertools import islice

from rules import BY_NAME, text_of
from rules.model.cache import Build
from rules.model.finding import Finding, Silence
from rules.model.mute import IdleComment, misspelt, mutes
from rules.model.prose import code
from rules.model.rule import Rule

MOST = 20
"""Comments that are told of one file."""


def idle_comments(build: Build) -> list[IdleComment]:
    """The ignore comments in the files of a build that have no effect on it, file by file.

    Nothing is said of a rule that could not look, or looked and gave a reason to keep silent.
    """
    ignore = build.context.ignore
    said: dict[str, list[Finding | Silence]] = {}
    found: list[IdleComment] = []
    for path in [build.path] if ignore is None else [build.path, ignore.path]:
        text = text_of(build, path)
        idle = list(islice(misspelt(path, text), MOST))
        for mute in mutes(text):
            if len(idle) == MOST:
                break
            rule = BY_NAME.get(mute.rule)
            if rule is None:
                idle.append(IdleComment(path, mute.line, mute.rule, unknown_rule(mute.rule)))
                continue
            if not _can_look(rule, build):
                continue
            if rule.name not in said:
                said[rule.name] = list(rule.find(build))
            if not any(
                isinstance(each, Silence) or (each.path == path and mute.covers(each.span))
                for each in said[rule.name]
            ):
                message = f"`{rule.name}` finds nothing here: ignoring it has no effect."
                idle.append(IdleComment(path, mute.line, rule.name, message))
        found += sorted(idle, key=lambda each: each.line)
    return found


def _can_look(rule: Rule, build: Build) -> bool:
    """Whether all is known that the rule asks for."""
    repository, context = build.repository, build.context
    if repository.missing or not repository.complete or context.error is not None:
        return False
    if rule.example.history and repository.history is None:
        return False
    return context.kind == "local" or (context.kind == "git" and rule.strategy != "context")


def unknown_rule(name: str) -> str:
    """A sentence on a name that no rule has, with the one that was meant."""
    import difflib  # noqa: PLC0415  # most names are right

    near = difflib.get_close_matches(name, BY_NAME, 1)
    return f"No rule is called {code(name)}{f': did you mean {code(near[0])}?' if near else '.'}"
