"""The findings in reviewdog's format, with suggestions that it posts.

https://github.com/reviewdog/reviewdog/tree/master/proto/rdf
"""

import json
from typing import Any

from bot import comment
from bot.terminal.check import Checked, Outcome
from bot.terminal.formats import all_findings, whole_lines
from rules.model.dockerfile import Span
from rules.model.finding import Finding

SEVERITIES = {"warning": "WARNING", "info": "INFO"}


def write(outcome: Outcome) -> str:
    """One document. What could not be read is on standard error only."""
    document = {
        "source": {"name": "layerwise", "url": comment.RULE_PAGE.rstrip("#")},
        "diagnostics": [_diagnostic(file, finding) for file, finding in all_findings(outcome)],
    }
    return json.dumps(document, indent=2) + "\n"


def _diagnostic(file: Checked, finding: Finding) -> dict[str, Any]:
    said: dict[str, Any] = {
        "message": comment.fact(finding),
        "location": {"path": file.name, "range": _range(finding.span)},
        "severity": SEVERITIES[finding.severity],
        "code": {"value": finding.rule, "url": comment.RULE_PAGE + finding.rule},
    }
    changes = whole_lines(file, finding)
    if len(changes) == 1 and changes[0].path == finding.path:
        # Without columns reviewdog takes whole lines, and puts the last newline itself.
        text = changes[0].text.removesuffix("\n")
        said["suggestions"] = [{"range": _range(changes[0].span), "text": text}]
    elif changes:
        others = ", ".join(file.show(change.path) for change in changes)
        said["message"] += f" `layerwise check --fix` changes {others} together."
    return said


def _range(span: Span) -> dict[str, Any]:
    return {"start": {"line": span.start}, "end": {"line": span.end}}
