import asyncio
import contextlib
import logging

import pytest
import sentry_sdk
from gidgethub import BadRequest, GitHubBroken, QueryError, RedirectionException, ValidationError

from bot import worker
from bot.github import BLOB_CHARACTERS, GitHub, Memory
from bot.github.client import Astray, Gone, Limited, TooLarge, Unavailable
from bot.job import Job
from bot.log import Formatter
from bot.queue.work import GiveUp, Postpone, TryAgain
from bot.redact import Redactor
from bot.reviewer import Outcome
from bot.worker import Worker, judge

JOB = Job(
    installation=7, repository="octo/shop", repository_id=9, pull_request=3, head="a" * 40,
    reason="opened", delivery="d1",
)  # fmt: skip
NOW = 1000.0


class Status(int):
    phrase = ""


def http(status: int) -> BadRequest:
    return BadRequest(Status(status), "said GitHub")


@pytest.mark.parametrize(("error", "kind"), [
    (Limited(NOW + 3600), Postpone),
    (Unavailable("GitHub answered 502"), TryAgain),
    (TimeoutError(), TryAgain),
    (http(401), TryAgain),
    (Gone("suspended"), type(None)),
    (http(403), type(None)),
    (http(404), type(None)),
    (http(410), type(None)),
    (http(451), type(None)),
    (http(409), GiveUp),
    (http(422), GiveUp),
    (ValidationError([], "line must be part of the diff"), GiveUp),
    (RedirectionException(Status(301)), GiveUp),
    (GitHubBroken(Status(500)), GiveUp),  # the client makes these Unavailable
    (QueryError({"errors": [{"message": "x"}]}), GiveUp),
    (TooLarge("x"), GiveUp),
    (Astray("x"), GiveUp),
    (KeyError("x"), GiveUp),
])  # fmt: skip
def test_what_becomes_of_a_job_that_failed(error, kind):
    assert type(judge(error, NOW)) is kind


@pytest.mark.parametrize("ahead", [-5, 0, 30, 3600])
def test_a_limited_job_comes_back_shortly_after_the_limit_has_ended(ahead):
    for _ in range(50):
        seconds = judge(Limited(NOW + ahead), NOW).seconds
        assert max(ahead, 1) <= seconds <= max(ahead, 1) + 60


class Clients:
    """Stands where the App's client does; remembers which repository was asked for."""

    def __init__(self):
        self.asked = []

    def repository(self, *scope):
        self.asked.append(scope)


def work(review) -> Worker:
    return Worker(Clients(), review=review, now=lambda: NOW)


async def test_a_job_is_reviewed_as_its_installation_on_its_repository():
    seen = []

    async def review(job, github):
        seen.append((job, type(github)))
        return Outcome("reviewed", 2)

    clients = Clients()
    await Worker(clients, review=review)(JOB)
    assert clients.asked == [(7, 9)]
    assert seen == [(JOB, GitHub)]


def failing(error: Exception):
    async def review(job, github):
        raise error

    return review


@pytest.mark.parametrize(("error", "outcome"), [
    (Limited(NOW + 9), Postpone), (Unavailable("x"), TryAgain), (ZeroDivisionError("x"), GiveUp),
])  # fmt: skip
async def test_a_failure_is_raised_as_what_the_queue_understands(error, outcome):
    with pytest.raises(outcome) as caught:
        await work(failing(error))(JOB)
    assert caught.value.__cause__ is error


async def test_what_is_gone_ends_quietly():
    await work(failing(Gone("suspended")))(JOB)


async def test_a_review_that_takes_too_long_is_tried_again(monkeypatch):
    monkeypatch.setattr(worker, "LONGEST_REVIEW", 0.01)

    async def review(job, github):
        await asyncio.sleep(5)

    with pytest.raises(TryAgain, match="too long"):
        await work(review)(JOB)


async def test_being_told_to_stop_is_no_failure():
    async def review(job, github):
        await asyncio.sleep(5)

    task = asyncio.create_task(work(review)(JOB))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_bug_is_told_to_sentry_with_numbers_and_no_name(events):
    with pytest.raises(GiveUp):
        await work(failing(ZeroDivisionError("x")))(JOB)
    (event,) = [e for e in events if "exception" in e]
    assert event["tags"] == {"installation": 7, "repository_id": 9, "pull_request": 3}
    assert "octo" not in str(event)


@pytest.mark.parametrize("error", [Limited(NOW + 9), Unavailable("x"), Gone("x"), http(404)])
async def test_what_is_no_bug_is_not_told_to_sentry(events, error):
    with contextlib.suppress(Postpone, TryAgain):
        await work(failing(error))(JOB)
    assert events == []


@pytest.fixture
def events():
    """What would be sent to Sentry."""
    found = []
    with sentry_sdk.isolation_scope():
        sentry_sdk.init(
            dsn="https://key@sentry.invalid/1",
            before_send=lambda event, _: found.append(event),
            auto_enabling_integrations=False,
            include_local_variables=False,
        )
        yield found
    sentry_sdk.init()


async def test_every_line_of_the_log_says_which_pull_request(caplog):
    caplog.set_level(logging.INFO)

    async def review(job, github):
        logging.getLogger("bot.deep").info("fetching")
        return Outcome("reviewed", 2)

    formatter = Formatter(Redactor(), as_json=False)
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(formatter.format(record))
    logging.getLogger("bot").addHandler(handler)
    try:
        await work(review)(JOB)
    finally:
        logging.getLogger("bot").removeHandler(handler)
    assert len(lines) == 2
    for line in lines:
        assert "delivery=d1 installation=7 repository=octo/shop pull_request=3 head=aaa" in line
    assert "reviewed" in lines[1]
    assert "comments=2" in lines[1]


async def test_texts_are_kept_within_bounds():
    blobs = Memory().blobs
    for number in range(200):
        blobs[str(number)] = "x" * 500_000
    blobs["none"] = None
    assert blobs["none"] is None
    assert sum(len(text or "") for text in blobs.values()) <= BLOB_CHARACTERS
