"""The story of one job: fetch, check, compose, post."""

import asyncio
from dataclasses import dataclass

import rules
from bot.analysis import ROUNDS, Analysis, analyse
from bot.config import Config, read_config
from bot.github import GitHub, PullRequest, concerns_us
from bot.job import Job
from bot.review import compose
from bot.snapshot import FileChange, Snapshot


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, in a word, how many comments it posted, and the rules they speak of."""

    result: str
    comments: int = 0
    rules: tuple[str, ...] = ()


async def review(job: Job, github: GitHub) -> Outcome:
    """Review a pull request as it is now, whatever its head was when the event came.

    Pushes can arrive out of order; what was said of an earlier head is known by its fingerprint.
    """
    changes = await github.changes(job.repository, job.pull_request)
    if not concerns_us(changes):
        return Outcome("no Dockerfile")
    pull = await github.pull_request(job.repository, job.pull_request)
    if not pull.open:
        return Outcome("closed")
    config, faults = read_config(pull.settings, rules.BY_NAME)
    if pull.draft and config.drafts != "review":
        return Outcome("draft")
    snapshot, analysis = await _analyse(pull, changes, github, config)
    head, said = await github.earlier(pull)
    if head != pull.head:
        return Outcome("superseded")
    composed = await asyncio.to_thread(compose, snapshot, analysis, config, said, faults)
    if not composed:
        return Outcome("nothing to say")
    await github.post(pull, composed)
    spoken = tuple(f.rule for said in composed.comments for f in said.findings)
    return Outcome("reviewed", len(composed.comments), spoken)


async def _analyse(
    pull: PullRequest, changes: list[FileChange], github: GitHub, config: Config
) -> tuple[Snapshot, Analysis]:
    """Run the rules, fetch what they asked for, and run them again until they lack nothing."""
    snapshot = await github.fetch(pull, changes)
    for _ in range(ROUNDS):
        analysis = await asyncio.to_thread(analyse, snapshot, config)
        if not snapshot.missing:
            break
        snapshot = snapshot.with_texts(await github.read(pull, snapshot.missing))
    return snapshot, analysis
