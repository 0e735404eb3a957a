"""The findings as JUnit's XML: a test for each file, and a failed one for each finding.

https://github.com/testmoapp/junitxml
"""

from bot import comment
from bot.terminal.check import Outcome
from bot.terminal.formats.xml_text import Element, written


def write(outcome: Outcome) -> str:
    """One suite, with a test for each finding, for each file without one, and for each fault."""
    told = {fault.path for fault in outcome.faults}
    clean = [file for file in outcome.files if not file.findings and file.name not in told]
    failures, faults = len(outcome.findings), len(outcome.faults)
    counts = {"tests": failures + len(clean) + faults, "failures": failures, "errors": faults}
    root = Element("testsuites", name="layerwise", **counts)
    skipped = sum(file.skipped is not None for file in clean)
    suite = root.add("testsuite", name="layerwise", skipped=skipped, **counts)
    for file in outcome.files:
        for finding in file.findings:
            line = finding.span.start
            name = f"{finding.rule}, line {line}"
            test = suite.add("testcase", classname=file.name, name=name, file=file.name, line=line)
            test.add("failure", type=finding.rule, message=comment.fact(finding))
    for file in clean:
        test = suite.add("testcase", classname=file.name, name="layerwise", file=file.name)
        if file.skipped is not None:
            test.add("skipped", message=file.skipped)
    for fault in outcome.faults:
        test = suite.add("testcase", classname=fault.path, name="layerwise")
        test.add("error", type="layerwise", message=fault.message)
    return written(root)
