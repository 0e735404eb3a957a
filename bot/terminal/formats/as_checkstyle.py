"""The findings as Checkstyle's XML, which Jenkins (warnings-ng) and many others read.

https://github.com/checkstyle/checkstyle/blob/master/src/main/java/com/puppycrawl/tools/checkstyle/XMLLogger.java
"""

from bot import comment
from bot.terminal.check import Outcome
from bot.terminal.formats.xml_text import Element, written


def write(outcome: Outcome) -> str:
    """An element for each file in which something is found, or that could not be read."""
    root = Element("checkstyle", version="4.3")
    for file in outcome.files:
        if file.findings:
            element = root.add("file", name=file.name)
            for finding in file.findings:
                element.add(
                    "error",
                    line=finding.span.start,
                    severity=finding.severity,  # of the same names
                    message=comment.fact(finding),
                    source=f"layerwise.{finding.rule}",
                )
    for fault in outcome.faults:
        root.add("file", name=fault.path).add(
            "error", line=1, severity="error", message=fault.message, source="layerwise"
        )
    return written(root)
