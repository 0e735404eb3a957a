"""A Finding in words: all that people read on a pull request stands here.

Text that comes from a repository goes into code spans and fences only, which nothing in it can
leave: there it cannot mention, link, close an issue or forge a marker
(https://github.github.com/gfm/#code-spans).
"""

import re
from collections.abc import Iterable, Sequence

from bot.config import SettingsFile
from bot.summary import Rerun, Summary
from rules.model.finding import Evidence, Finding, Silence, Suggestion
from rules.model.prose import code, longest_run

RULE_PAGE = "https://github.com/layerwise/layerwise#"
MAX_BODY = 60_000  # GitHub refuses a body of more than 65,536 characters

INTRODUCTION = "Layerwise looked at what the build cache can keep."
IN_THE_CHECK = "What the lines of this pull request cannot carry is in the check run."
LEARN_MORE = "Why, and when it is silent: {links} · mute: `# layerwise: ignore={rules}`"
NOT_A_SUGGESTION = "The change reaches beyond the lines of this pull request:"
EVIDENCE = "Of the last {commits} commits that re-ran it, {needed} changed what it reads."
HELP = """\
| comment | does |
|---|---|
| `/layerwise review` | looks at the pull request again |
| `/layerwise fix` | commits every change that Layerwise suggests here |
| `/layerwise ignore <rule>` | keeps a rule silent on this pull request |

For good: `# layerwise: ignore=<rule>` above an instruction, or `.github/layerwise.yml`.
"""

NOTHING = "Nothing to gain"
NO_DOCKERFILE = "No Dockerfile or .dockerignore is touched"
GROUP = "The pull requests in this group were looked at one by one."
GAIN = "An edit to the source re-runs {now} steps, {after} with the suggestions"
SETTINGS = "Faults in the settings, {where} (the rest of them holds)"
OLD = "{count} in these files from before this pull request."
SKIPPED = "Not looked at"
SILENT = "Looked at and left alone"
MOST_ROWS, MOST_SILENCES, LONGEST_STEP = 12, 20, 80
MOST_FACTS = 5  # of one comment: with what follows they are 8 lines
_MARKER = re.compile(r"<!-- layerwise:v1 fp=((?:[0-9a-f]{16}(?:,[0-9a-f]{16})*)?) -->")


def fence(text: str, info: str) -> str:
    """A fenced block that `text` cannot close."""
    ticks = "`" * max(3, longest_run(text) + 1)
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{ticks}{info}\n{text}{end}{ticks}"


def marker(findings: Iterable[Finding]) -> str:
    """The hidden line by which a later push knows what was said."""
    return _marker(finding.fingerprint for finding in findings)


def _marker(fingerprints: Iterable[str]) -> str:
    return f"<!-- layerwise:v1 fp={','.join(sorted(fingerprints))} -->"


def fingerprints(body: str) -> frozenset[str]:
    """The fingerprints in a comment's marker. Trust them only in comments of our own."""
    return frozenset(fp for found in _MARKER.findall(body) for fp in found.split(",") if fp)


def is_marked(body: str) -> bool:
    """Whether there is a marker, be it an empty one."""
    return _MARKER.search(body) is not None


def remark(body: str, fingerprints: Iterable[str]) -> str:
    """The same body with other fingerprints in its marker."""
    return _MARKER.sub(_marker(fingerprints), body)


def explain(findings: Sequence[Finding]) -> str:
    """What is wrong, what it costs here, where to read more and how to mute it: 8 lines at most."""
    facts = [_fact(finding) for finding in findings]
    if len(facts) > MOST_FACTS:
        facts[MOST_FACTS - 1 :] = [f"{len(facts) - MOST_FACTS + 1} more of the same kind."]
    names = list(dict.fromkeys(finding.rule for finding in findings))
    links = ", ".join(f"[{name}]({RULE_PAGE}{name})" for name in names)
    bullets = facts if len(facts) == 1 else [f"- {fact}" for fact in facts]
    return "\n".join([*bullets, "", LEARN_MORE.format(links=links, rules=",".join(names))])


def _fact(finding: Finding) -> str:
    parts = [finding.message]
    if finding.evidence is not None:
        parts.append(count(finding.evidence))
    if finding.no_fix is not None:
        parts.append(f"No suggestion: {finding.no_fix}.")
    return " ".join(parts)


def count(evidence: Evidence) -> str:
    """What this repository's own commits say of a finding, in a sentence."""
    return EVIDENCE.format(commits=evidence.commits, needed=evidence.needed)


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


def review_body(findings: Iterable[Finding], *, more: bool) -> str:
    """The body of a review: one line, and the marker of all that its comments say.

    By the marker we know what was said also when a person has deleted the comment. `more`: some
    findings are in the check run only.
    """
    words = f"{INTRODUCTION} {IN_THE_CHECK}" if more else INTRODUCTION
    return f"{words}\n\n{marker(findings)}"


def check_title(news: Sequence[Finding], summaries: Sequence[Summary]) -> str:
    """What one reads in the list of checks: no text of the repository in it."""
    if not news:
        return NOTHING
    best = max(summaries, key=lambda s: len(s.now) - len(s.after))
    if best.gains:
        return GAIN.format(now=len(best.now), after=len(best.after))
    return f"{len(news)} finding{'s' * (len(news) != 1)}"


def check_summary(
    summaries: Sequence[Summary],
    old: int,
    skipped: Sequence[tuple[str, str]],
    settings: SettingsFile,
) -> str:
    """What a reviewer wants to know in ten seconds; `old` is how many findings are not new."""
    blocks = [rerun(summary) for summary in summaries]
    if old:
        blocks.append(OLD.format(count=f"{old} finding{'s' * (old != 1)}"))
    if skipped:
        rows = [f"- {code(path)}: {why}" for path, why in skipped]
        blocks.append("\n".join([f"### {SKIPPED}", "", *rows]))
    if settings.faults:
        rows = [f"- line {fault.line}: {code(fault.message)}" for fault in settings.faults]
        where = SETTINGS.format(where=code(settings.where))
        blocks.append("\n".join([f"### {where}", "", *rows]))
    return "\n\n".join(blocks) or f"{NOTHING}."


def rerun(summary: Summary) -> str:
    """A heading, a sentence, the steps side by side, and what the history counts."""
    lines = [f"### {code(summary.path)}", ""]
    if summary.edit is None:
        lines.append("No file of the repository reaches this build.")
    elif not summary.now:
        lines.append(f"An edit to {code(summary.edit)} re-runs nothing.")
    elif summary.gains:
        counts = f"{_steps(summary.now)}, {_steps(summary.after)} with the suggestions"
        lines += [f"An edit to {code(summary.edit)} re-runs {counts}.", ""]
        lines += _table(summary)
    else:
        lines.append(f"An edit to {code(summary.edit)} re-runs {_steps(summary.now)}:")
        lines += ["", *(f"- {_row(step)}" for step in summary.now[:MOST_ROWS])]
        if len(summary.now) > MOST_ROWS:
            lines.append(f"- and {len(summary.now) - MOST_ROWS} more")
    counted = [f for f in summary.findings if f.evidence is not None]
    if counted:
        lines += ["", *(f"- {code(f.subject)}: {count(f.evidence)}"
                        for f in counted if f.evidence is not None)]  # fmt: skip
    return "\n".join(lines)


def _table(summary: Summary) -> list[str]:
    rows = ["| now | with the suggestions |", "|---|---|"]
    for at in range(min(max(len(summary.now), len(summary.after)), MOST_ROWS)):
        cells = [_row(side[at]) if at < len(side) else "" for side in (summary.now, summary.after)]
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    if len(summary.now) > MOST_ROWS:
        rows.append(f"| and {len(summary.now) - MOST_ROWS} more | |")
    return rows


def _row(step: Rerun) -> str:
    short = step.text if len(step.text) <= LONGEST_STEP else step.text[: LONGEST_STEP - 1] + "…"
    return f"{step.line} {code(short)}"


def _steps(steps: Sequence[Rerun]) -> str:
    return f"{len(steps)} step{'s' * (len(steps) != 1)}"


def check_text(silences: Iterable[Silence]) -> str:
    """What a rule could have spoken of and did not: for those who wonder why."""
    rows = [f"- {code(f'{s.path}:{s.line}')} {s.rule}: {s.reason}" for s in silences]
    if not rows:
        return ""
    more = [f"- and {len(rows) - MOST_SILENCES} more"] if len(rows) > MOST_SILENCES else []
    return "\n".join([f"### {SILENT}", "", *rows[:MOST_SILENCES], *more])
