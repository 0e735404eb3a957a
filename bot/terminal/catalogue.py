"""`layerwise rules` and `layerwise explain`: the catalogue at a terminal."""

import difflib
import re
import textwrap

import click

import rules
from bot.terminal.text import WIDTH, wrap
from rules.catalogue import effect, example_builds, example_steps
from rules.model.cache import Build, Step
from rules.model.rule import Rule

STRATEGIES = {
    "order": "Order: what changes often goes last",
    "context": "Context: what the build does not need is not sent to it",
    "mounts": "Cache mounts: downloads outlive their layer",
    "stages": "Stages: what only the build needs stays out of the image",
}
DOCUMENTATION = {
    "order": "https://docs.docker.com/build/cache/optimize/#order-your-layers",
    "context": "https://docs.docker.com/build/concepts/context/#dockerignore-files",
    "mounts": "https://docs.docker.com/build/cache/optimize/#use-cache-mounts",
    "stages": "https://docs.docker.com/build/building/multi-stage/",
}
_URL = re.compile(r"\s*\(?(https://[^\s)]+)\)?")


def listed() -> str:
    """Every rule with its title, by strategy."""
    wide = max(len(rule.name) for rule in rules.RULES)
    lines: list[str] = []
    for strategy, heading in STRATEGIES.items():
        mine = [rule for rule in rules.RULES if rule.strategy == strategy]
        if mine:
            lines += [click.style(heading, bold=True)]
            lines += [row for rule in mine for row in _row(rule, wide)]
            lines.append("")
    return "\n".join([*lines, "`layerwise explain RULE` says more."]) + "\n"


def _row(rule: Rule, wide: int) -> list[str]:
    first, *more = textwrap.wrap(rule.title, WIDTH - wide - 4)
    return [f"  {rule.name:<{wide}}  {first}", *(f"{'':{wide}}    {line}" for line in more)]


def unknown_rule(name: str) -> str:
    """What to say of a name that no rule has."""
    near = difflib.get_close_matches(name, list(rules.BY_NAME), 1)
    meant = f"did you mean {near[0]!r}?" if near else "`layerwise rules` lists them"
    return f"no rule is called {name!r}; {meant}"


def explained(name: str) -> str | None:
    """A rule in full; None when there is none of this name."""
    rule = rules.BY_NAME.get(name)
    if rule is None:
        return None
    blocks = [f"{click.style(rule.name, bold=True)} ({rule.strategy})\n{rule.title}."]
    links = dict.fromkeys([*_URL.findall(rule.why), DOCUMENTATION[rule.strategy]])
    why = _URL.sub("", rule.why)
    blocks += ["\n".join(wrap(paragraph, "")) for paragraph in why.split("\n\n")]
    blocks += _example(rule)
    blocks.append("\n".join(wrap(effect(rule), "")))
    mute = f"`# layerwise: ignore={rule.name}` above the instruction (or the ignore pattern)"
    off = f"`{rule.name}: off` under `rules:` in `.github/layerwise.yml`"
    blocks.append("\n".join(wrap(f"To mute it: {mute}, or {off}.", "")))
    blocks.append("\n".join([click.style("Docker's documentation", bold=True), *links]))
    return "\n\n".join(blocks) + "\n"


def _example(rule: Rule) -> list[str]:
    """The example before and after; where it is a Dockerfile each step says if it re-runs."""
    example = rule.example
    texts, builds, steps = (
        (example.before, example.after),
        example_builds(rule),
        example_steps(rule),
    )
    blocks = []
    for word, text, build, again in zip(("before", "after"), texts, builds, steps, strict=True):
        if not text:
            continue
        head = click.style(f"{example.path}, {word}", bold=True)
        shown = _marked(build, again) if example.path == build.path else text.splitlines()
        blocks.append("\n".join([head, *(f"  {line}" for line in shown)]))
    return blocks


def _marked(build: Build, again: list[Step]) -> list[str]:
    """The lines of a Dockerfile, those of steps that re-run with a mark and in colour."""
    lines = list(build.dockerfile.lines)
    while lines and not lines[-1]:
        lines.pop()
    starts = {step.line for step in again}
    hot: set[int] = set()
    for instruction in build.dockerfile.instructions:
        if instruction.span.start in starts:
            hot.update(range(instruction.span.start, instruction.span.end + 1))
    return [
        click.style(f"re-runs  {line}", fg="yellow")
        if number in hot
        else f"         {line}".rstrip()
        for number, line in enumerate(lines, 1)
    ]
