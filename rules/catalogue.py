"""The rules in words, from one source: for the README, for `layerwise explain`, for SARIF."""

import rules
from rules.model.builder import is_dockerfile
from rules.model.cache import Build, Change, Step, rerun
from rules.model.prose import amount
from rules.model.repository import Repository
from rules.model.rule import Rule


def catalogue() -> str:
    """Every rule with its reason and its example, as Markdown."""
    return "\n".join(section(rule) for rule in rules.RULES)


def section(rule: Rule) -> str:
    """One rule as a section of the README."""
    example = rule.example
    kind = "dockerfile" if example.path == "Dockerfile" else ""
    before = f"`{example.path}` before:\n\n```{kind}\n{example.before}```\n\nafter:"
    return (
        f"### {rule.name}\n\n**{rule.title}** ({rule.strategy}). {rule.why}\n\n"
        f"{before if example.before else f'`{example.path}`, where there was none:'}\n\n"
        f"```{kind}\n{example.after}```\n\n{effect(rule)}\n"
    )


def example_builds(rule: Rule) -> tuple[Build, Build]:
    """The rule's example before and after."""
    return _build(rule, rule.example.before), _build(rule, rule.example.after)


def _build(rule: Rule, text: str) -> Build:
    files = {**rule.example.files, rule.example.path: text}
    files = {path: text for path, text in files.items() if text or path != rule.example.path}
    dockerfile = next(path for path in files if is_dockerfile(path))
    build = rules.open_build(Repository(frozenset(files), texts=files), dockerfile).build
    if build is None:
        raise ValueError(f"the example of {rule.name} is no Dockerfile")
    return build


def example_change(rule: Rule) -> tuple[Change, str]:
    """The change that the example is about, and in words."""
    if rule.measure == "arguments":
        before, _ = example_builds(rule)
        found = (i for i in before.dockerfile.instructions if i.keyword == "ARG")
        names = [pair.key for i in found for pair in i.pairs]
        return Change(build_args=dict.fromkeys(names)), f"A new value of `{names[0]}`"
    return Change(edits=frozenset({rule.example.edit})), f"An edit to `{rule.example.edit}`"


def example_steps(rule: Rule) -> tuple[list[Step], list[Step]]:
    """The steps that the change re-runs before and after, by the model."""
    change, _ = example_change(rule)
    before, after = (rerun(build, change) for build in example_builds(rule))
    return [s for s in before if s.status == "rerun"], [s for s in after if s.status == "rerun"]


def effect(rule: Rule) -> str:
    """What the example's change re-runs before and after, in a sentence."""
    _, words = example_change(rule)
    before, after = (len(steps) for steps in example_steps(rule))
    if rule.measure == "fewer files":
        return "The fix sends fewer files, so what tools write there re-runs nothing any more."
    steps = amount(before, "step")
    if not before and not after:
        return f"{words} re-runs nothing, before and after: its gain is in the cache."
    if before == after:
        return f"{words} re-runs {steps}, before and after: the fix changes what they do."
    if before < after:
        return f"{words} re-runs {steps} before, and {after} after: a copy between stages is new."
    return f"{words} re-runs {steps} before, and {after} after."
