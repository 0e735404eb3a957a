"""The findings for programs: a stable document, version 1."""

import json
from typing import Any

from bot.terminal.check import Checked, Outcome
from bot.terminal.formats import whole_lines
from rules.model.finding import Finding


def write(outcome: Outcome) -> str:
    """All files, also those without a finding; lines are 1-based and inclusive."""
    document = {
        "version": 1,
        "files": [
            {
                "path": file.name,
                "context": file.context,
                "findings": [_finding(file, finding) for finding in file.findings],
                "skipped": file.skipped,
            }
            for file in outcome.files
        ],
        "notes": [{"path": n.path, "line": n.line, "message": n.message} for n in outcome.notes],
        "errors": [{"path": f.path, "message": f.message} for f in outcome.faults],
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(file: Checked, finding: Finding) -> dict[str, Any]:
    counted = finding.evidence
    return {
        "rule": finding.rule,
        "line": finding.span.start,
        "end_line": finding.span.end,
        "message": finding.message,
        "severity": finding.severity,
        "evidence": counted and {"commits": counted.commits, "needed": counted.needed},
        "fix": _fix(file, finding),
    }


def _fix(file: Checked, finding: Finding) -> dict[str, Any] | None:
    """The whole atomic fix; line and text repeat it where it is one edit of this very file."""
    edits = [
        {
            "path": file.show(said.path),
            "line": said.span.start,
            "end_line": said.span.end,
            "text": said.text,
        }
        for said in whole_lines(file, finding)
    ]
    if not edits:
        return None
    alone = edits[0] if len(edits) == 1 and edits[0]["path"] == file.name else {}
    return {**{key: alone.get(key) for key in ("line", "end_line", "text")}, "edits": edits}
