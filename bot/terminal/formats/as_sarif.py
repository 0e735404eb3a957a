"""The findings as SARIF 2.1.0, with fixes and the help of each rule.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, and what GitHub reads of it:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning
"""

import json
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import rules
from bot import comment
from bot.terminal.check import Checked, Note, Outcome
from bot.terminal.formats import all_findings
from rules.catalogue import section
from rules.model.finding import Edit, Finding
from rules.model.rule import Rule

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS = {"warning": "warning", "info": "note"}
_PLACES = {rule.name: place for place, rule in enumerate(rules.RULES)}


def write(outcome: Outcome) -> str:
    """One run; regions count characters, as `columnKind` says."""
    run = {
        "tool": {
            "driver": {
                "name": "Layerwise",
                "semanticVersion": version("layerwise"),
                "informationUri": comment.RULE_PAGE.rstrip("#"),
                "rules": [_rule(rule) for rule in rules.RULES],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not outcome.faults,
                "toolExecutionNotifications": [
                    *(
                        {"level": "error", "message": {"text": f"{fault.path}: {fault.message}"}}
                        for fault in outcome.faults
                    ),
                    *(_notification(note) for note in outcome.notes),
                ],
            }
        ],
        "results": [_result(file, finding) for file, finding in all_findings(outcome)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _notification(note: Note) -> dict[str, Any]:
    place = {"artifactLocation": _artifact(note.path), "region": {"startLine": note.line}}
    return {
        "level": "note",
        "message": {"text": note.message},
        "locations": [{"physicalLocation": place}],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.why, "markdown": section(rule)},
        "helpUri": comment.RULE_PAGE + rule.name,
        "properties": {"tags": ["docker", rule.strategy], "precision": "very-high"},
        "defaultConfiguration": {"level": "warning"},
    }


def _result(file: Checked, finding: Finding) -> dict[str, Any]:
    region = {"startLine": finding.span.start, "endLine": finding.span.end}
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": _PLACES[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": comment.fact(finding)},
        "locations": [
            {"physicalLocation": {"artifactLocation": _artifact(file.name), "region": region}}
        ],
        "partialFingerprints": {"layerwise/v1": finding.fingerprint},
    }
    if finding.fix is not None:
        changes = []
        for path in finding.fix.paths:
            text = file.text(path)
            replaced = [_replacement(text, edit) for edit in finding.fix.touching(path)]
            changes.append(
                {"artifactLocation": _artifact(file.show(path)), "replacements": replaced}
            )
        about = {"text": rules.BY_NAME[finding.rule].title}
        result["fixes"] = [{"description": about, "artifactChanges": changes}]
    return result


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path, errors="surrogateescape")}


def _replacement(text: str, edit: Edit) -> dict[str, Any]:
    start, end = _position(text, edit.start), _position(text, edit.end)
    region = {
        "startLine": start[0],
        "startColumn": start[1],
        "endLine": end[0],
        "endColumn": end[1],
    }
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}


def _position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both 1-based."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")
