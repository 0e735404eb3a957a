"""A Finding in words: all that people read on a pull request stands here.

Text that comes from a repository goes into code spans and fences only, which nothing in it can
leave: there it cannot mention, link, close an issue or forge a marker
(https://github.github.com/gfm/#code-spans).
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, urlencode

from bot.config import SettingsFile
from bot.summary import Rerun, Summary
from rules.model.finding import Evidence, Finding, Silence, Suggestion
from rules.model.mute import IdleComment
from rules.model.prose import amount, code, longest_run

RULE_PAGE = "https://github.com/layerwise/layerwise#"
MAX_BODY = 60_000  # GitHub refuses a body of more than 65,536 characters

INTRODUCTION = "Layerwise looked at what the build cache can keep."
IN_THE_CHECK = "There is more in the check run."
LEARN_MORE = "Why, and when it is silent: {link} · mute: `# layerwise: ignore={rule}`"
NEW_FILE = "[Create {path} on this branch]({link})"
MUTE_ONE = "Mute one: `# layerwise: ignore=<rule>` above the instruction"
NOT_A_SUGGESTION = "The change reaches beyond the lines of this pull request:"
EVIDENCE = "Of {commits} recent commits that re-ran it, {needed} would have with this change."
EVIDENCE_OF_COST = "{commits} recent commits re-ran it."
EVIDENCE_OF_ONE = "One recent commit re-ran it; with this change it would not have."
EVIDENCE_OF_ONE_COST = "One recent commit re-ran it."
HELP = """\
| comment | does |
|---|---|
| `/layerwise review` | looks at the pull request again |
| `/layerwise fix` | commits every change that Layerwise suggests here |
| `/layerwise ignore <rule>` | keeps a rule silent on this pull request |

For good: `# layerwise: ignore=<rule>` above an instruction, or `.github/layerwise.yml`.
"""

NOTHING = "Nothing to gain"
NOTHING_NEW = "Nothing new: {count} from before"
REMARKS = "Nothing that must change: {count} for those who want more"
NO_DOCKERFILE = "No Dockerfile or .dockerignore is touched"
GROUP = "The pull requests in this group were looked at one by one."
GAIN = "An edit to the source re-runs {now} steps, {after} after the fixes"
SETTINGS = "Faults in the settings, {where} (the rest of them holds)"
OLD = "{count} in these files from before this pull request."
SKIPPED = "Not looked at"
SILENT = "Looked at and left alone"
IDLE = "Ignore comments without effect"
MOST_ROWS, MOST_SILENCES, LONGEST_STEP = 12, 20, 80
MAX_LINK = 6_000  # characters; GitHub answers 414 to what is longer than 8 KiB
MOST_FACTS = 5  # of one comment: with what follows they are 8 lines
_TICKS = re.compile("`+")
_ARMED = re.compile(r"[@#\[!]|:(?=//)")
_SUGGESTION = re.compile(r"^(`{3,})suggestion\n", re.MULTILINE)
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


def suggested(body: str) -> str | None:
    """The lines that a comment of ours suggests; None where it suggests none."""
    found = _SUGGESTION.search(body)
    if found is None:
        return None
    lines = body[found.end() - 1 :]
    end = lines.find(f"\n{found[1]}\n")
    return None if end < 0 else lines[1 : end + 1]


def remark(body: str, fingerprints: Iterable[str]) -> str:
    """The same body with other fingerprints in its marker."""
    return _MARKER.sub(_marker(fingerprints), body)


def prose(text: str) -> str:
    """A rule's sentence, in which nothing outside of its code spans can do anything.

    Rules put text of files into code spans. What one of them forgot would ping or link here.
    """
    runs = list(_TICKS.finditer(text))
    closing: dict[int, int] = {}  # the next run of the same length, by the place of a run
    latest: dict[int, int] = {}
    for at in range(len(runs) - 1, -1, -1):
        size = len(runs[at].group())
        closing[at] = latest.get(size, -1)
        latest[size] = at
    parts, end, at = [], 0, 0
    while at < len(runs):
        if closing[at] < 0:
            at += 1
            continue
        start, end_of_span = runs[at].start(), runs[closing[at]].end()
        parts += [_disarmed(text[end:start]), text[start:end_of_span]]
        end, at = end_of_span, closing[at] + 1
    return "".join([*parts, _disarmed(text[end:])])


def _disarmed(text: str) -> str:
    """No mention, link, reference, HTML or image (a space of no width stops a mention)."""
    return _ARMED.sub(lambda found: f"{found.group()}\u200b", text.replace("<", "&lt;"))


def explain(findings: Sequence[Finding]) -> str:
    """What is wrong, what it costs here, where to read more and how to mute it: 8 lines at most."""
    if len(findings) == 1:
        (only,) = findings
        return f"{fact(only)}\n\n{LEARN_MORE.format(link=_link(only.rule), rule=only.rule)}"
    facts = [f"- {fact(finding)} ({_link(finding.rule)})" for finding in findings]
    if len(facts) > MOST_FACTS:
        facts[MOST_FACTS - 1 :] = [f"- {len(facts) - MOST_FACTS + 1} more of the same kind."]
    return "\n".join([*facts, "", MUTE_ONE])


def _link(rule: str) -> str:
    return f"[{rule}]({RULE_PAGE}{rule})"


def fact(finding: Finding) -> str:
    """What is wrong, how often that cost something here, and why there is no suggestion."""
    return " ".join(map(prose, sentences(finding)))


def sentences(finding: Finding) -> list[str]:
    """The same for where nothing is Markdown."""
    said = [finding.message]
    if finding.evidence is not None:
        said.append(count(finding.evidence))
    if finding.no_fix is not None:
        said.append(f"No suggestion: {finding.no_fix}.")
    return said


def count(evidence: Evidence) -> str:
    """What this repository's own commits say of a finding, in a sentence."""
    spared = evidence.needed < evidence.commits
    if evidence.commits == 1:
        return EVIDENCE_OF_ONE if spared else EVIDENCE_OF_ONE_COST
    words = EVIDENCE if spared else EVIDENCE_OF_COST
    return words.format(commits=evidence.commits, needed=evidence.needed)


def with_suggestion(
    findings: Sequence[Finding], suggestion: Suggestion, notes: Sequence[str] = ()
) -> str:
    """The body of a comment whose suggestion fixes all the findings."""
    # GitHub keeps the file's own line endings when LF comes in.
    block = fence(suggestion.text.replace("\r\n", "\n"), "suggestion")
    return _body(findings, notes, block)


def with_diff(findings: Sequence[Finding], diff: str, notes: Sequence[str] = ()) -> str:
    """The body of a comment for a change that cannot be a suggestion."""
    return _body(findings, notes, f"{NOT_A_SUGGESTION}\n{fence(diff, 'diff')}" if diff else "")


def new_file(page: str, path: str, text: str) -> str:
    """A link that opens GitHub's page for a new file, filled in; "" when it would be too long."""
    link = f"{page}?{urlencode({'filename': path, 'value': text}, quote_via=quote)}"
    return NEW_FILE.format(path=code(path), link=link) if len(link) <= MAX_LINK else ""


def _body(findings: Sequence[Finding], notes: Sequence[str], block: str) -> str:
    words, end = "  \n".join([explain(findings), *notes]), marker(findings)
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


def check_title(
    news: Sequence[Finding], old: Sequence[Finding], summaries: Sequence[Summary]
) -> str:
    """What one reads in the list of checks: no text of the repository in it."""
    warnings = [finding for finding in news if finding.severity == "warning"]
    if not warnings:
        if news:
            return REMARKS.format(count=amount(len(news), "remark"))
        return NOTHING_NEW.format(count=amount(len(old), "finding")) if old else NOTHING
    best = max(summaries, key=lambda s: len(s.now) - len(s.after))
    if best.gains:
        return GAIN.format(now=len(best.now), after=len(best.after))
    return amount(len(warnings), "finding")


def check_summary(
    summaries: Sequence[Summary],
    old: Sequence[Finding],
    skipped: Sequence[tuple[str, str]],
    settings: SettingsFile,
) -> str:
    """What a reviewer wants to know in ten seconds; `old` are findings that are not new."""
    blocks = [rerun(summary) for summary in summaries]
    if old:
        blocks.append(OLD.format(count=amount(len(old), "finding")))
    if skipped:
        rows = [f"- {code(path)}: {_quoted(why)}" for path, why in skipped]
        blocks.append("\n".join([f"### {SKIPPED}", "", *rows]))
    if settings.faults:
        rows = [f"- line {fault.line}: {code(fault.message)}" for fault in settings.faults]
        where = SETTINGS.format(where=code(settings.where))
        blocks.append("\n".join([f"### {where}", "", *rows]))
    return "\n\n".join(blocks) or f"{NOTHING}."


def _quoted(why: str) -> str:
    """A reason that may name words of the file: in code, where it has no code of its own."""
    return prose(why) if "`" in why else code(why)


def rerun(summary: Summary) -> str:
    """A heading, a sentence, the steps side by side, and what the history counts."""
    lines = [f"### {code(summary.path)}", ""]
    if summary.edit is None:
        lines.append("No file of the repository reaches this build.")
    elif not summary.now:
        lines.append(f"An edit to {code(summary.edit)} re-runs nothing.")
    elif summary.gains:
        now, after = (amount(len(steps), "step") for steps in (summary.now, summary.after))
        lines += [f"An edit to {code(summary.edit)} re-runs {now}, {after} after the fixes.", ""]
        lines += _table(summary)
    else:
        lines.append(f"An edit to {code(summary.edit)} re-runs {amount(len(summary.now), 'step')}:")
        lines += ["", *(f"- {_row(step)}" for step in summary.now[:MOST_ROWS])]
        if len(summary.now) > MOST_ROWS:
            lines.append(f"- and {len(summary.now) - MOST_ROWS} more")
    counted = [f for f in summary.findings if f.evidence is not None]
    if counted:
        lines += ["", *(f"- {code(f.subject)}: {count(f.evidence)}"
                        for f in counted if f.evidence is not None)]  # fmt: skip
    if summary.notes:
        lines += ["", *(f"- {note}" for note in summary.notes)]
    return "\n".join(lines)


def _table(summary: Summary) -> list[str]:
    """Both sides; the lines of a file that nobody sees yet have no numbers."""
    rows = ["| now | after the fixes |", "|---|---|"]
    for now, after in itertools.zip_longest(summary.now[:MOST_ROWS], summary.after[:MOST_ROWS]):
        cells = ("" if now is None else _row(now), "" if after is None else _short(after.text))
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    if len(summary.now) > MOST_ROWS:
        rows.append(f"| and {len(summary.now) - MOST_ROWS} more | |")
    return rows


def _row(step: Rerun) -> str:
    return f"{step.line} {_short(step.text)}"


def _short(text: str) -> str:
    return code(text if len(text) <= LONGEST_STEP else text[: LONGEST_STEP - 1] + "…")


def check_text(silences: Iterable[Silence], idle: Iterable[IdleComment] = ()) -> str:
    """For those who wonder why: what a rule could have spoken of, and comments without effect."""
    silent = [f"- {code(f'{s.path}:{s.line}')} {s.rule}: {prose(s.reason)}" for s in silences]
    noted = [f"- {code(f'{each.path}:{each.line}')} {prose(each.message)}" for each in idle]
    return "\n\n".join([*_rows(IDLE, noted), *_rows(SILENT, silent)])


def _rows(heading: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        more = [f"- and {len(rows) - MOST_SILENCES} more"] if len(rows) > MOST_SILENCES else []
        yield "\n".join([f"### {heading}", "", *rows[:MOST_SILENCES], *more])
