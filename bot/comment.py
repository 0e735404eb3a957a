"""A Finding in words: all that people read on a pull request stands here.

Text that comes from a repository goes into code spans and fences only, which nothing in it can
leave: there it cannot mention, link, close an issue or forge a marker
(https://github.github.com/gfm/#code-spans).
"""

import re
from collections.abc import Iterable, Sequence

from bot.config import PATH, ConfigError
from rules.model.finding import Finding, Suggestion
from rules.model.prose import code, longest_run

RULE_PAGE = "https://github.com/layerwise/layerwise#"
MAX_BODY = 60_000  # GitHub refuses a body of more than 65,536 characters

INTRODUCTION = "Layerwise looked at what the build cache can keep: {findings} below."
LEARN_MORE = "Why, and when it is silent: {links} · mute: `# layerwise: ignore={rules}`"
NOT_A_SUGGESTION = "The change reaches beyond the lines of this pull request:"
ELSEWHERE = "Outside the lines that this pull request shows:"
SKIPPED = "Not looked at:"
SETTINGS = f"Faults in `{PATH}` (the rest of it holds):"

_MARKER = re.compile(r"<!-- layerwise:v1 fp=([0-9a-f]{16}(?:,[0-9a-f]{16})*) -->")


def fence(text: str, info: str) -> str:
    """A fenced block that `text` cannot close."""
    ticks = "`" * max(3, longest_run(text) + 1)
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{ticks}{info}\n{text}{end}{ticks}"


def marker(findings: Iterable[Finding]) -> str:
    """The hidden line by which a later push knows what was said."""
    return f"<!-- layerwise:v1 fp={','.join(sorted(f.fingerprint for f in findings))} -->"


def fingerprints(body: str) -> frozenset[str]:
    """The fingerprints in a comment's marker. Trust them only in comments of our own."""
    return frozenset(fp for found in _MARKER.findall(body) for fp in found.split(","))


def explain(findings: Sequence[Finding]) -> str:
    """What is wrong, what it costs here, where to read more and how to mute it.

    At most 8 lines for a few findings.
    """
    facts = [_fact(finding) for finding in findings]
    names = list(dict.fromkeys(finding.rule for finding in findings))
    links = ", ".join(f"[{name}]({RULE_PAGE}{name})" for name in names)
    bullets = facts if len(facts) == 1 else [f"- {fact}" for fact in facts]
    return "\n".join([*bullets, "", LEARN_MORE.format(links=links, rules=",".join(names))])


def _fact(finding: Finding) -> str:
    parts = [finding.message]
    if finding.evidence is not None:
        commits, needed = finding.evidence.commits, finding.evidence.needed
        parts.append(f"{needed} of the last {commits} commits changed what this step reads.")
    if finding.no_fix is not None:
        parts.append(f"No suggestion: {finding.no_fix}.")
    return " ".join(parts)


def with_suggestion(findings: Sequence[Finding], suggestion: Suggestion) -> str:
    """The body of a comment whose suggestion fixes all the findings."""
    # GitHub keeps the file's own line endings when LF comes in.
    block = fence(suggestion.text.replace("\r\n", "\n"), "suggestion")
    return _body(findings, block)


def with_diff(findings: Sequence[Finding], diff: str) -> str:
    """The body of a comment for a change that cannot be a suggestion."""
    return _body(findings, f"{NOT_A_SUGGESTION}\n{fence(diff, 'diff')}" if diff else "")


def _body(findings: Sequence[Finding], block: str) -> str:
    words, end = explain(findings), marker(findings)
    body = "\n\n".join([words, *([block] if block else []), end])
    if len(body) <= MAX_BODY:
        return body
    return words[: MAX_BODY - len(end) - 2] + "\n\n" + end


def summary(
    findings: int,
    elsewhere: Sequence[Finding],
    skipped: Sequence[tuple[str, str]],
    faults: Sequence[ConfigError] = (),
) -> str:
    """The body of the review: one line, then what no line could carry and what was not read."""
    count = f"{findings} comment{'s' * (findings != 1)}"
    lines = [INTRODUCTION.format(findings=count)]
    if elsewhere:
        lines += ["", ELSEWHERE]
        lines += [f"- {code(f'{f.path}:{f.span.start}')} {f.message}" for f in elsewhere]
    if skipped:
        lines += ["", SKIPPED, *(f"- {code(path)}: {why}" for path, why in skipped)]
    if faults:
        lines += ["", SETTINGS, *(f"- line {f.line}: {code(f.message)}" for f in faults)]
    return "\n".join(lines)[:MAX_BODY]
