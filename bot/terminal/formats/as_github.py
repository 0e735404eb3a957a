"""The findings as workflow commands, which GitHub shows as annotations.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from bot import comment
from bot.terminal.check import Outcome
from bot.terminal.formats import all_findings

LEVELS = {"warning": "warning", "info": "notice"}


def write(outcome: Outcome) -> str:
    """One line a finding, a note, a fault."""
    lines = []
    for file, finding in all_findings(outcome):
        where = {
            "file": file.name,
            "line": str(finding.span.start),
            "endLine": str(finding.span.end),
            "title": f"layerwise: {finding.rule}",
        }
        lines.append(_command(LEVELS[finding.severity], where, comment.fact(finding)))
    for note in outcome.notes:
        where = {"file": note.path, "line": str(note.line), "title": "layerwise"}
        lines.append(_command("notice", where, note.message))
    lines += [_command("error", {"file": f.path}, f.message) for f in outcome.faults]
    return "".join(f"{line}\n" for line in lines)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {said}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
