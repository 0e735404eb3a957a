"""What a rule is: its name, why it exists, an example, and the function that finds."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Literal

from rules.model.cache import Build
from rules.model.dataclass import dataclass
from rules.model.dockerfile import Span
from rules.model.finding import Finding, Fix, Severity, Silence

Strategy = Literal["order", "context", "mounts", "stages"]
Measure = Literal["fewer steps", "same steps", "fewer files", "arguments", "owners"]
"""By what a fix is better: fewer steps after an edit; no step more; fewer files sent; fewer steps
after a new value of a build argument; the same with fewer changes of owner."""
_MEASURES: dict[Strategy, Measure] = {
    "order": "fewer steps",
    "context": "fewer files",
    "mounts": "same steps",
    "stages": "same steps",
}
Find = Callable[[Build], Iterator[Finding | Silence]]


@dataclass(frozen=True, slots=True)
class Example:
    """A Dockerfile before and after, in a repository of `files`; `edit` is the file one changes.

    Examples stand in the README and run as tests: the rule finds `before`, its fix gives exactly
    `after`, and the model says that an edit to `edit` re-runs fewer steps of it.
    """

    edit: str
    before: str
    after: str
    files: dict[str, str] = field(default_factory=dict)
    path: str = "Dockerfile"
    """The file that `before` and `after` show; a .dockerignore needs a Dockerfile in `files`.
    An empty `before` means that there is none."""
    history: tuple[str, ...] = ()
    """Where it matters: what the recent commits changed, one path each."""


class Rule:
    """One rule. Its name is that of its module, its explanation the module's docstring."""

    def __init__(
        self,
        module: str,
        doc: str | None,
        strategy: Strategy,
        example: Example,
        measure: Measure | None = None,
    ) -> None:
        """`Rule(__name__, __doc__, …)`: the name cannot differ from the file's.

        `measure` is that of the strategy unless given.
        """
        self.name = module.rpartition(".")[2].replace("_", "-")
        title, _, why = inspect.cleandoc(doc or "").partition("\n")
        self.title = title.rstrip(".")
        self.why = why.strip()
        self.strategy: Strategy = strategy
        self.measure: Measure = measure or _MEASURES[strategy]
        self.example = example
        self._find: Find | None = None

    def check(self, find: Find) -> Find:
        """Make `find` this rule's function (a decorator)."""
        self._find = find
        return find

    def find(self, build: Build) -> Iterator[Finding | Silence]:
        """What the rule says of a build, its fixes not yet proven."""
        if self._find is None:
            raise TypeError(f"{self.name} has no function: decorate one with @rule.check")
        return self._find(build)

    def finding(  # noqa: PLR0913  # one word for each thing a finding has
        self,
        path: str,
        span: Span,
        *,
        subject: str,
        message: str,
        severity: Severity = "warning",
        fix: Fix | None = None,
        no_fix: str | None = None,
    ) -> Finding:
        """A finding of this rule."""
        return Finding(self.name, path, span, subject, message, severity, fix, no_fix)

    def silence(self, path: str, line: int, reason: str) -> Silence:
        """Why this rule says nothing about a line that it looked at."""
        return Silence(self.name, path, line, reason)
