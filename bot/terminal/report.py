"""A review for people at a terminal and for programs: text, Markdown, JSON."""

import json
from collections.abc import Iterable
from typing import Any

import click

import rules
from bot.comment import sentences
from bot.config import PATH
from bot.review import Comment, Reviewed
from bot.terminal.text import line_of, wrap
from rules.model.finding import Finding, split_lines
from rules.model.prose import amount


def as_text(reviewed: Reviewed) -> str:
    """The review for a terminal: 80 columns, coloured by click where it is one."""
    blocks = [_comment(c, reviewed) for c in reviewed.review.comments]
    blocks += [_heading(f.path, f.span.start, f.span.end, [f]) for f in reviewed.review.elsewhere]
    blocks += [
        click.style(f"{line_of(path)}: not looked at", bold=True) + f"\n  {why}\n"
        for path, why in reviewed.analysis.skipped
    ]
    blocks += [
        f"{PATH}, line {fault.line}: {line_of(fault.message)}\n" for fault in reviewed.faults
    ]
    return "\n".join([*blocks, _count(reviewed) + "\n"])


def as_markdown(reviewed: Reviewed) -> str:
    """The review as GitHub would get it."""
    parts = [reviewed.review.body]
    for comment in reviewed.review.comments:
        lines = _lines(comment.span.start, comment.span.end)
        parts.append(f"### {line_of(comment.path)}, {lines}\n\n{comment.body}")
    return "\n\n".join(parts) + "\n"


def as_json(reviewed: Reviewed) -> str:
    """The review for programs; lines are 1-based and inclusive."""
    review, analysis = reviewed.review, reviewed.analysis
    document = {
        "version": 1,
        "summary": review.body,
        "comments": [
            {
                "path": c.path,
                "line": c.span.start,
                "end_line": c.span.end,
                "rules": [f.rule for f in c.findings],
                "suggestion": None if c.suggestion is None else c.suggestion.text,
                "body": c.body,
            }
            for c in review.comments
        ],
        "elsewhere": [_finding(f) for f in review.elsewhere],
        "old": [_finding(f) for f in analysis.old],
        "silences": [
            {"path": s.path, "line": s.line, "rule": s.rule, "reason": s.reason}
            for s in analysis.silences
        ],
        "skipped": [{"path": path, "reason": why} for path, why in analysis.skipped],
        "settings": [{"line": fault.line, "message": fault.message} for fault in reviewed.faults],
    }
    return json.dumps(document, indent=2) + "\n"


FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "line": finding.span.start,
        "end_line": finding.span.end,
        "rule": finding.rule,
        "message": finding.message,
        "no_fix": finding.no_fix,
    }


def _comment(comment: Comment, reviewed: Reviewed) -> str:
    head = _heading(comment.path, comment.span.start, comment.span.end, comment.findings)
    if comment.suggestion is None:
        return head
    build = reviewed.analysis.build_of(comment.findings[0])
    text = rules.text_of(build, comment.path)
    old = split_lines(text)[comment.span.start - 1 : comment.span.end]
    rows = [click.style(f"  - {line_of(line)}", fg="red") for line in old]
    new = split_lines(comment.suggestion.text)
    rows += [click.style(f"  + {line_of(line)}", fg="green") for line in new]
    return f"{head}\n" + "\n".join(rows) + "\n"


def _heading(path: str, start: int, end: int, findings: Iterable[Finding]) -> str:
    lines = [click.style(f"{line_of(path)}, {_lines(start, end)}", bold=True)]
    for finding in findings:
        lines.append("  " + click.style(finding.rule, fg="yellow"))
        for sentence in sentences(finding):
            lines += wrap(sentence)
    return "\n".join(lines) + "\n"


def _count(reviewed: Reviewed) -> str:
    comments = len(reviewed.review.comments)
    clicks = sum(c.suggestion is not None for c in reviewed.review.comments)
    if not comments and not reviewed.review.elsewhere:
        return "Nothing to say: the build cache is well used, or the change has no Dockerfile."
    return (
        f"{amount(comments, 'comment')}, {clicks} with a suggested change"
        + (f"; {len(e)} outside the diff" if (e := reviewed.review.elsewhere) else "")
        + "."
    )


def _lines(start: int, end: int) -> str:
    return f"line {start}" if start == end else f"lines {start}-{end}"
