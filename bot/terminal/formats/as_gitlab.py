"""The findings as GitLab's code quality report.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

import json

from bot import comment
from bot.terminal.check import Outcome
from bot.terminal.formats import all_findings
from rules.model.prose import visible

SEVERITIES = {"warning": "minor", "info": "info"}


def write(outcome: Outcome) -> str:
    """One entry a finding. What could not be read is on standard error only."""
    entries = [
        {
            "description": comment.fact(finding),
            "check_name": finding.rule,
            "fingerprint": finding.fingerprint,
            "severity": SEVERITIES[finding.severity],
            "location": {
                "path": visible(file.name),
                "lines": {"begin": finding.span.start, "end": finding.span.end},
            },
        }
        for file, finding in all_findings(outcome)
    ]
    return json.dumps(entries, indent=2) + "\n"
