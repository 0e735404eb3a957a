import asyncio
import base64
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot import service, webhook
from bot.queue.storage import StorageError
from bot.queue.work import GiveUp
from bot.redact import Redactor
from bot.reviewer import Outcome
from bot.serve import start_sentry
from bot.server import RUNNER, make_app
from bot.service import Part, Runner
from bot.settings import App, Settings
from tests.bot.browser import PUBLIC, browsing, picture
from tests.bot.queue.test_queue import job
from tests.bot.serving import ROOT, free_port
from tests.github import StandIn

EMPTY = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}


@pytest.fixture
async def github() -> AsyncIterator[StandIn]:
    async with await StandIn.start() as github:
        yield github


class Bench:
    """The server with a real queue and a made-up job, and a stand-in GitHub."""

    def __init__(self, github: StandIn, url: str, **settings) -> None:
        self.github = github
        self.app = github.add_app()
        self.repository = github.add_repository("octo/shop", installed=self.app)
        self.repository.commit("main", {"README.md": "A shop"})
        self.repository.commit("feature", {"Dockerfile": "FROM scratch"})
        self.pull = self.repository.open_pull_request("feature")
        self.settings = Settings(
            app=App(str(self.app.id), self.app.private_key, self.app.secret),
            database_url=url,
            github_api_url=github.url,
            **settings,
        )
        self.jobs = []
        self.outcome = Outcome("reviewed", 1, ("setup-after-source",))
        self.came = asyncio.Event()
        self.client: TestClient

    def work(self, _client):
        async def work(job):
            self.jobs.append(job)
            self.came.set()
            if isinstance(self.outcome, Exception):
                raise self.outcome
            return self.outcome

        return work

    def serving(self, part: Part = Part.BOTH) -> TestClient:
        runner = Runner(self.settings, part, self.work, poll=0.02)
        return TestClient(TestServer(make_app(self.settings, runner)))

    @property
    def service(self):
        return self.client.app[RUNNER].service

    async def done(self) -> None:
        """Wait until nothing is to be done."""
        async with asyncio.timeout(20):
            depth = await self.service.queue.depth()
            while depth.waiting or depth.running:
                await asyncio.sleep(0.02)
                depth = await self.service.queue.depth()

    async def send(self, action="opened", event="pull_request", **changes):
        delivery = self.github.delivery(event, self.pull, action=action)
        headers = {**delivery.headers, **changes.pop("headers", {})}
        body = changes.pop("body", delivery.body)
        async with self.client.post("/webhook", data=body, headers=headers) as answer:
            return answer.status


@pytest.fixture
def bench_of(github, tmp_path) -> Callable[..., Bench]:
    return lambda **settings: Bench(github, f"sqlite:///{tmp_path}/jobs.sqlite", **settings)


@pytest.fixture
async def bench(bench_of) -> AsyncIterator[Bench]:
    bench = bench_of()
    async with bench.serving() as client:
        bench.client = client
        yield bench


async def test_a_signed_delivery_is_stored_answered_and_done(bench):
    assert await bench.send() == 202
    await asyncio.wait_for(bench.came.wait(), 10)
    (job,) = bench.jobs
    assert (job.repository, job.pull_request, job.reason) == ("octo/shop", 1, "opened")


async def test_what_asks_for_nothing_is_answered_with_204(bench):
    assert await bench.send(action="labeled") == 204
    assert await bench.send(headers={"X-GitHub-Event": "star"}) == 204
    assert bench.jobs == []


async def test_a_wrong_signature_is_answered_with_401(bench):
    assert await bench.send(headers={"X-Hub-Signature-256": "sha256=" + "0" * 64}) == 401


@pytest.mark.parametrize("size", [webhook.MAX_BODY + 1, webhook.MAX_BODY + 2**21])
async def test_a_body_that_is_too_large_is_answered_with_413(bench, size):
    assert await bench.send(body=io.BytesIO(bytes(size))) == 413


async def test_a_large_body_that_github_may_send_is_read(bench):
    assert (
        await bench.send(body=io.BytesIO(bytes(2**21))) == 401
    )  # larger than aiohttp lets in by itself


async def test_a_body_that_does_not_come_is_answered_with_408(bench, monkeypatch):
    monkeypatch.setattr(webhook, "READ_TIMEOUT", 0.05)

    async def drip():
        yield b"{"
        await asyncio.sleep(0.3)
        yield b"}"

    assert await bench.send(body=drip()) == 408


async def test_a_database_that_is_away_is_answered_with_503(bench, monkeypatch):
    monkeypatch.setattr(webhook, "STORE_TIMEOUT", 0.05)

    async def never(_job):
        await asyncio.sleep(5)

    queue = bench.service.queue
    monkeypatch.setattr(queue, "put", never)
    assert await bench.send() == 503


@pytest.mark.parametrize(("spoil", "mend"), [
    ("PRAGMA query_only = 1", "PRAGMA query_only = 0"),
    ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"),
], ids=["read-only", "full"])  # fmt: skip
async def test_a_database_that_takes_nothing_is_answered_with_503_until_it_does(
    bench_of, spoil, mend
):
    bench = bench_of()
    async with bench.serving(Part.WEB) as client:
        bench.client = client
        storage = bench.service.queue._deliveries

        def execute(pragma: str) -> None:
            with storage._engine.connect() as connection:
                connection.exec_driver_sql(pragma)

        assert await bench.send() == 202
        await asyncio.to_thread(execute, spoil)
        rush = [bench.service.queue.put(job()) for _ in range(300)]  # some room may be left
        stored = (await asyncio.gather(*rush, return_exceptions=True)).count(True)
        assert await bench.send() == 503
        await asyncio.to_thread(execute, mend)
        assert await bench.send() == 202
        sql = "SELECT count(*) FROM layerwise_delivery"
        assert await storage.do(lambda c: c.exec_driver_sql(sql).scalar()) == stored + 2


async def test_other_methods_and_paths_are_refused(bench):
    for method, path, status in [("GET", "/webhook", 405), ("POST", "/", 405), ("GET", "/x", 404)]:
        async with bench.client.request(method, path) as answer:
            assert answer.status == status


async def get(client, path) -> tuple[int, str]:
    async with client.get(path) as answer:
        return answer.status, await answer.text()


async def known(bench) -> None:
    """Wait until GitHub was asked for the App."""
    for _ in range(1000):
        if bench.service.credentials is not None:
            return
        await asyncio.sleep(0.01)


async def test_it_is_ready_when_github_knows_the_app(bench):
    await known(bench)
    assert await get(bench.client, "/healthz") == (200, "ok\n")
    assert await get(bench.client, "/readyz") == (200, "ready\n")
    status, page = await get(bench.client, "/")
    assert status == 200
    assert "It is ready." in page


async def test_it_is_not_ready_with_a_key_that_github_does_not_know(bench_of):
    bench = bench_of()
    bench.app.id = 1001
    async with bench.serving() as client:
        bench.client = client
        await known(bench)
        status, text = await get(client, "/readyz")
        assert (status, "does not accept" in text) == (503, True)
        assert await bench.send() == 202  # what comes meanwhile is not lost


async def test_with_no_app_it_says_how_to_go_on():
    app = make_app(Settings(), Runner(Settings()))
    async with TestClient(TestServer(app)) as client:
        status, page = await get(client, "/")
        assert status == 200
        assert "set GITHUB_APP_ID, GITHUB_PRIVATE_KEY, GITHUB_WEBHOOK_SECRET" in page
        assert (await get(client, "/healthz"))[0] == 200
        assert (await get(client, "/readyz"))[0] == 503
        async with client.post("/webhook", data=b"{}") as answer:
            assert answer.status == 503


async def test_web_and_worker_can_be_two_processes(bench_of):
    bench = bench_of()
    async with bench.serving(Part.WEB) as client:
        bench.client = client
        assert await bench.send() == 202
        await asyncio.sleep(0.2)
        assert bench.jobs == []
        async with bench.serving(Part.WORKER) as client:
            await asyncio.wait_for(bench.came.wait(), 10)
            async with client.post("/webhook") as answer:
                assert answer.status == 404
            assert (await get(client, "/healthz"))[0] == 200
    assert len(bench.jobs) == 1


# --- metrics ---


def value_of(text: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
    assert found, f"{line} is not in\n{text}"
    return float(found[1])


async def test_metrics_tell_what_came_and_what_was_done(bench):
    await known(bench)
    assert await bench.send() == 202
    assert await bench.send(headers={"X-GitHub-Event": "star"}) == 204
    assert await bench.send(headers={"X-Hub-Signature-256": "x", "X-GitHub-Event": "a" * 30}) == 401
    await bench.done()
    status, text = await get(bench.client, "/metrics")
    assert status == 200
    for line, value in {
        'layerwise_deliveries_total{event="pull_request",status="202"}': 1,
        'layerwise_deliveries_total{event="star",status="204"}': 1,
        'layerwise_deliveries_total{event="refused",status="401"}': 1,
        'layerwise_jobs_total{result="reviewed"}': 1,
        'layerwise_findings_total{rule="setup-after-source"}': 1,
        'layerwise_jobs_now{state="waiting"}': 0,
        "layerwise_job_seconds_count": 1,
        "layerwise_database_up": 1,
    }.items():
        assert value_of(text, line) == value
    assert value_of(text, 'layerwise_github_requests_total{method="GET",status="200"}') >= 1
    assert 0 < value_of(text, 'layerwise_github_limit_remaining{resource="core"}') < 15000
    for name in ("octo", "shop", "aaaaaa"):  # not what is anybody's, nor what anybody may choose
        assert name not in text


async def test_metrics_tell_of_failures_and_of_a_database_that_is_away(bench, monkeypatch):
    bench.outcome = GiveUp("KeyError")
    assert await bench.send() == 202
    await bench.done()
    _, text = await get(bench.client, "/metrics")
    assert value_of(text, 'layerwise_jobs_total{result="given up"}') == 1
    assert value_of(text, 'layerwise_jobs_now{state="dead"}') == 1

    async def away():
        raise StorageError("away")

    monkeypatch.setattr(bench.service.queue, "depth", away)
    _, text = await get(bench.client, "/metrics")
    assert value_of(text, "layerwise_database_up") == 0
    assert (await get(bench.client, "/readyz"))[0] == 503


# --- the operator's page ---


TOKEN = "open sesame, please"


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.mark.parametrize("headers", [
    {}, {"Authorization": "Basic x"}, {"Authorization": f"Bearer {TOKEN}"},
    basic(TOKEN, ""), basic("anyone", TOKEN[:-1]), {"Authorization": "Basic Zg"},
])  # fmt: skip
async def test_the_operators_page_asks_for_its_token(bench_of, headers):
    bench = bench_of(operator_token=TOKEN)
    async with bench.serving() as client:
        for method, path in [("GET", "/operator"), ("POST", "/operator/retry")]:
            async with client.request(method, path, headers=headers) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_without_a_token_there_is_no_operators_page(bench):
    assert (await get(bench.client, "/operator"))[0] == 404


async def test_a_dead_letter_is_shown_and_retried_in_a_browser(bench_of):
    bench = bench_of(operator_token=TOKEN)
    async with bench.serving() as client:
        bench.client = client
        await known(bench)
        assert await bench.send() == 202
        await bench.done()
        bench.outcome = GiveUp("KeyError: '<script>alert(1)</script>'")
        bench.repository.commit("other", {"Dockerfile": "FROM alpine"})
        bench.pull = bench.repository.open_pull_request("other")
        assert await bench.send() == 202
        await bench.done()
        credentials = {"username": "me", "password": TOKEN}
        async with browsing(client.port, http_credentials=credentials) as page:
            await page.goto(f"{PUBLIC}/operator")
            await picture(page, "operator")
            text = await page.inner_text("body")
            assert "KeyError: '<script>alert(1)</script>'" in text
            link = page.get_by_role("link", name=f"octo/shop#{bench.pull.number}")
            url = f"{bench.github.url}/octo/shop/pull/{bench.pull.number}"
            assert await link.get_attribute("href") == url
            bench.outcome = Outcome("nothing to say")
            await page.click("text=Retry")
            await bench.done()
            await page.reload()
            await picture(page, "operator-retried")
            assert "nothing to say" in await page.inner_text("body")
            assert await bench.service.queue.dead() == []


async def test_the_operators_page_tells_of_a_database_that_does_not_answer(bench_of, monkeypatch):
    bench = bench_of(operator_token=TOKEN)
    async with bench.serving() as client:
        bench.client = client
        monkeypatch.setattr(service, "READY_TIMEOUT", 0.05)
        monkeypatch.setattr(bench.service.queue, "depth", asyncio.Event().wait)
        async with client.get("/operator", headers=basic("", TOKEN)) as answer:
            assert answer.status == 200
            assert "The database cannot be reached." in await answer.text()


async def test_a_form_of_another_page_retries_nothing(bench_of):
    bench = bench_of(operator_token=TOKEN)
    bench.outcome = GiveUp("KeyError")
    async with bench.serving() as client:
        bench.client = client
        assert await bench.send() == 202
        await bench.done()
        (letter,) = await bench.service.queue.dead()
        for form in ({"letter": letter.id}, {"letter": letter.id, "proof": "x"}):
            async with client.post(
                "/operator/retry", data=form, headers=basic("anyone", TOKEN)
            ) as answer:
                assert answer.status == 403
        assert len(await bench.service.queue.dead()) == 1


# --- the process ---


def test_the_command_line_does_not_pay_for_the_server():
    program = "import sys, bot.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=EMPTY, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"aiohttp", "dbos", "gidgethub", "sentry_sdk", "sqlalchemy"})


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "serve"], env={**EMPTY, **environment}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_a_part_of_an_app_ends_the_process_with_one_message():
    done = run(GITHUB_APP_ID="1", PORT="x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "layerwise: The settings are incomplete or wrong:\n"
        "  GITHUB_PRIVATE_KEY is missing\n"
        "  GITHUB_WEBHOOK_SECRET is missing\n"
        "  PORT must be a number from 1 to 65535\n"
    )


def test_a_database_that_cannot_be_opened_ends_the_process_with_one_line(tmp_path):
    done = run(
        GITHUB_APP_ID="1", GITHUB_PRIVATE_KEY=private_key(), GITHUB_WEBHOOK_SECRET="secret",
        DATABASE_URL=f"sqlite:///{tmp_path}/none/x.sqlite", PORT=str(free_port()),
    )  # fmt: skip
    assert done.returncode == 2
    assert "layerwise: cannot start: the database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_ends_the_process_with_one_line():
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        done = run(PORT=str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("layerwise: cannot start: ")
    assert done.stdout == "", "no link to a page that nobody serves"


def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def test_the_process_warns_listens_and_stops_when_told(tmp_path):
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", stderr=asyncio.subprocess.PIPE, cwd=tmp_path,
        env={**EMPTY, "PORT": str(port), "DYNO": "web.1"},
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            for _ in range(300):
                try:
                    async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                        assert answer.status == 200
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    messages = [json.loads(line)["message"] for line in err.decode().splitlines()]
    assert messages == [
        "this host forgets its disk: set DATABASE_URL, or jobs are lost",
        "no GitHub App is configured: /webhook answers 503",
        f"listening on port {port}",
    ]


# --- Sentry ---


def test_without_a_dsn_sentry_is_left_alone(monkeypatch):
    monkeypatch.setattr("sentry_sdk.init", lambda **_: pytest.fail("it was started"))
    start_sentry(None, Redactor())
