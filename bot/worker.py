"""The work on one job: a review, and what becomes of each way in which it can fail."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

import sentry_sdk
from gidgethub import HTTPException

from bot.github import GitHub, Memory
from bot.github.client import Client, Gone, Limited, Unavailable
from bot.job import Job
from bot.log import bound
from bot.queue.work import GiveUp, Postpone, TryAgain
from bot.reviewer import Outcome, review

LONGEST_REVIEW = 600.0
"""Seconds."""
NOT_FOR_US = frozenset({403, 404, 410, 451})
"""Permission not granted; repository or pull request removed; repository blocked."""

log = logging.getLogger(__name__)


class Worker:
    """Works on jobs, any number at a time. `now` gives Unix time in seconds."""

    def __init__(
        self,
        client: Client,
        *,
        review: Callable[[Job, GitHub], Awaitable[Outcome]] = review,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._review = review
        self._now = now
        self._memory = Memory()

    async def __call__(self, job: Job) -> Outcome:
        """Review the pull request; raises Postpone, TryAgain or GiveUp when that failed."""
        with bound(
            delivery=job.delivery,
            installation=job.installation,
            repository=job.repository,
            pull_request=job.pull_request,
            head=job.head,
        ):
            started = time.monotonic()
            client = self._client.repository(job.installation, job.repository_id)
            github = GitHub(client, job.installation, job.repository_id, self._memory)
            try:
                async with asyncio.timeout(LONGEST_REVIEW):
                    outcome = await self._review(job, github)
            except Exception as error:  # the one place that has to know them all
                failure = judge(error, self._now())
                if failure is None:
                    log.info("ended: %s", error)
                    return Outcome("ended")
                self._tell(job, error, failure)
                raise failure from error
            fields = {"comments": outcome.comments, "seconds": round(time.monotonic() - started, 3)}
            log.info("%s", outcome.result, extra={"fields": fields})
            return outcome

    def _tell(self, job: Job, error: Exception, failure: Exception) -> None:
        if not isinstance(failure, GiveUp):
            log.warning("%s", failure)
            return
        with sentry_sdk.new_scope() as scope:  # no name: a private repository's is a secret too
            scope.set_tag("installation", job.installation)
            scope.set_tag("repository_id", job.repository_id)
            scope.set_tag("pull_request", job.pull_request)
            log.error("given up", exc_info=error)  # Sentry gets what is logged as an error


def judge(error: Exception, now: float) -> Postpone | TryAgain | GiveUp | None:
    """What an error means for the job; None when there is nothing left to be done for it."""
    if isinstance(error, Limited):
        wait = max(error.until - now, 1.0)
        return Postpone(wait + random.uniform(0.0, min(wait, 60.0)))  # noqa: S311
    if isinstance(error, Unavailable | TimeoutError):
        return TryAgain(str(error) or "the review took too long")
    if isinstance(error, Gone):
        return None
    if isinstance(error, HTTPException):
        if error.status_code in NOT_FOR_US:
            return None
        if error.status_code == 401:  # our credentials: the operator can mend them
            return TryAgain("GitHub does not accept our credentials (401)")
    return GiveUp(f"{type(error).__name__}: {error}")
