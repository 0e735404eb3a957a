"""All fixes of a change at once: what the commit holds that somebody asked for. Pure."""

import rules
from bot.analysis import Analysis
from bot.config import Config
from bot.inspection import inspect
from bot.snapshot import Snapshot


def fix_all(snapshot: Snapshot, analysis: Analysis, config: Config) -> tuple[dict[str, str], str]:
    """The new texts of the files that the fixes change, by path, and the commit's message.

    Dockerfiles that share an ignore file are fixed one after the other, each on what the ones
    before it left.
    """
    repository = snapshot.head
    texts: dict[str, str] = {}
    fixed: set[str] = set()
    wanted = {f.fingerprint for f in (*analysis.new, *analysis.old)}
    for build in analysis.builds:
        now = repository.changed(texts)
        report = inspect(now, build.path, config)
        if report.build is None:
            continue
        findings = [f for f in report.findings if f.fix is not None and f.fingerprint in wanted]
        after, done = rules.combine(report.build, findings)
        texts |= after.repository.differing(now)
        fixed |= {finding.rule for finding in done}
    return texts, "".join(f"- {rule}\n" for rule in sorted(fixed))
