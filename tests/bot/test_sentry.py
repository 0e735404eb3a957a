"""What the real server sends to a Sentry of ours: the error, and no secret that was near it."""

import asyncio
import gzip
import json
import sys
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.bot.ears import SOURCE, naive
from tests.bot.serving import ROOT, environment, free_port
from tests.bot.test_whole_way import wait_for_answer
from tests.github import StandIn

PASSWORD = "a-password-of-the-database"


class Sentry:
    """Takes what a client of Sentry's sends."""

    def __init__(self) -> None:
        self.envelopes: list[str] = []
        self.came = asyncio.Event()
        self.app = web.Application()
        self.app.router.add_post("/api/1/envelope/", self.take)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()  # aiohttp has unpacked it where it was said to be packed
        body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        self.envelopes.append(body.decode())
        if self.events():
            self.came.set()
        return web.json_response({})

    def events(self) -> list[dict]:
        lines = [json.loads(line) for sent in self.envelopes for line in sent.splitlines() if line]
        return [line for line in lines if "exception" in line]


async def test_an_error_reaches_sentry_and_no_secret_does(github: StandIn, tmp_path: Path):
    sentry = Sentry()
    app = github.add_app(webhook_url=f"http://127.0.0.1:{free_port()}/webhook")
    repository = github.add_repository("octo/shop", installed=app)
    repository.commit("main", SOURCE)
    pull = naive(repository)
    token = "ghs_7_" + "Ab1-" * 60
    planted = f"no: {token} {app.private_key} {app.secret} postgresql://me:{PASSWORD}@db/x"
    async with TestServer(sentry.app) as server:
        variables = environment(github, app, tmp_path)
        variables["SENTRY_DSN"] = f"http://key@127.0.0.1:{server.port}/1"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", cwd=ROOT, env=variables, stderr=asyncio.subprocess.PIPE
        )  # fmt: skip
        try:
            await wait_for_answer(app.webhook_url.replace("webhook", "readyz"))
            # GitHub itself tells us our secrets, in an answer that makes a dead letter
            github.fail(
                "error", "GET /repos/octo/shop/pulls", status=409, body={"message": planted}
            )
            assert (await github.deliver("pull_request", pull, action="opened")).status == 202
            await asyncio.wait_for(sentry.came.wait(), 30)
        finally:
            process.terminate()
            _, log = await process.communicate()
    (event,) = sentry.events()
    (error,) = [e for e in event["exception"]["values"] if e["type"] == "BadRequest"]
    assert error["value"].startswith("no: [hidden]")
    frames = [f for e in event["exception"]["values"] for f in e["stacktrace"]["frames"]]
    assert any(frame["module"].startswith("gidgethub") for frame in frames)  # tokens are near
    assert not any("vars" in frame for frame in frames)
    sent = "".join(sentry.envelopes)
    lines = log.decode()
    assert "given up" in sent
    assert "given up" in lines
    minted = list(github.tokens)
    assert minted
    for text in (sent, lines):
        for secret in (token, token[:40], *minted, app.secret, PASSWORD):
            assert secret not in text
        for line in app.private_key.splitlines()[1:-1]:
            assert line not in text
        assert "octo/shop" not in sent  # a private repository's name is nobody's either
