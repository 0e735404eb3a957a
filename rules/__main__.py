"""`python -m rules` prints the catalogue; `--write FILE` puts it into a README."""

import sys
from pathlib import Path

from rules import RULES
from rules.model.rule import Rule

START, END = "<!-- rules: python -m rules -->\n", "<!-- end of rules -->"


def catalogue() -> str:
    """Every rule with its reason and its example, as Markdown."""
    return "\n".join(section(rule) for rule in RULES)


def section(rule: Rule) -> str:
    """One rule as a section of the README."""
    example = rule.example
    kind = "dockerfile" if example.path == "Dockerfile" else ""
    return (
        f"### {rule.name}\n\n**{rule.title}** ({rule.strategy}). {rule.why}\n\n"
        f"`{example.path}` before:\n\n```{kind}\n{example.before}```\n\n"
        f"after:\n\n```{kind}\n{example.after}```\n"
    )


def updated(readme: str) -> str:
    """The README with the catalogue between its two marks."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{catalogue()}\n{END}{after}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        target = Path(sys.argv[2])
        target.write_text(updated(target.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(catalogue())
