"""An analysis -> the check run `Layerwise`: pure.

https://docs.github.com/en/rest/checks/runs
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

import rules
from bot import comment
from bot.analysis import Analysis
from bot.config import SettingsFile
from bot.summary import summarise
from rules.model.cache import Build
from rules.model.dockerfile import Span
from rules.model.finding import Finding

NAME = "Layerwise"
MAX_TEXT = 65_000  # characters; GitHub refuses more than 65,535
MOST_ANNOTATIONS = 100

FIX_ALL = "fix_all"
"""What the button "Fix all" is called in events."""
_EXTERNAL_ID = re.compile(r"v1:(\d{1,10}):\w{1,64}", re.ASCII)

Conclusion = Literal["success", "neutral", "failure", "skipped"]


@dataclass(frozen=True, slots=True)
class Annotation:
    """A finding at lines of a file, on the page of the check run."""

    path: str
    span: Span
    level: Literal["notice", "warning"]
    title: str
    message: str
    details: str = ""
    """The fix as a unified diff."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check run says. `fixable`: it has a button that commits the fixes."""

    conclusion: Conclusion
    title: str
    summary: str
    text: str = ""
    annotations: tuple[Annotation, ...] = ()
    fixable: bool = False

    @property
    def digest(self) -> str:
        """8 hexadecimal digits that change with what the check run says."""
        return hashlib.sha256(repr(self).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def external_id(number: int, verdict: Verdict) -> str:
    """What a check run says of itself: the pull request, which forks' events do not name."""
    return f"v1:{number}:{verdict.digest}"


def number_in(external_id: object) -> int:
    """The pull request that a check run of ours was made for; 0 when it is none of ours."""
    found = _EXTERNAL_ID.fullmatch(external_id) if isinstance(external_id, str) else None
    return 0 if found is None else int(found[1])


def skipped() -> Verdict:
    """The verdict where there was nothing to look at."""
    return Verdict("skipped", comment.NO_DOCKERFILE, f"{comment.NO_DOCKERFILE}.")


def passed() -> Verdict:
    """The verdict on a merge group: every pull request in it has been looked at."""
    return Verdict("success", comment.NOTHING, comment.GROUP)


def judge(
    analysis: Analysis,
    settings: SettingsFile,
    commented: frozenset[str] = frozenset(),
) -> Verdict:
    """The verdict on a change. `commented` are fingerprints that stand as comments."""
    config = settings.config
    news = [f for f in analysis.new if f.severity == "warning"]
    findings = (*analysis.new, *analysis.old)
    summaries = [
        summarise(build, [f for f in findings if analysis.build_of(f) is build])
        for build in analysis.builds
    ]
    shown = analysis.new if config.profile == "quiet" else findings
    notes = [f for f in shown if f.fingerprint not in commented][:MOST_ANNOTATIONS]
    conclusion: Conclusion = "success"
    if news:
        conclusion = "failure" if config.fail_on == "warning" else "neutral"
    return Verdict(
        conclusion,
        comment.check_title(analysis.new, analysis.old, summaries),
        _clip(comment.check_summary(summaries, analysis.old, analysis.skipped, settings)),
        _clip(comment.check_text(analysis.silences, analysis.idle)),
        tuple(_annotation(f, analysis.build_of(f), new=f in analysis.new) for f in notes),
        fixable=any(summary.fixed for summary in summaries),
    )


def _annotation(finding: Finding, build: Build, *, new: bool) -> Annotation:
    warning = new and finding.severity == "warning"
    details = "" if finding.fix is None else rules.diff(build, finding.fix)
    return Annotation(
        finding.path,
        finding.span,
        "warning" if warning else "notice",
        finding.rule,
        _clip(" ".join(comment.sentences(finding))),
        _clip(details),
    )


def _clip(text: str) -> str:
    """As much of a text as GitHub takes; it counts bytes for some and characters for others."""
    kept = text.encode("utf-8", "replace")[:MAX_TEXT]
    return kept.decode("utf-8", "ignore")
