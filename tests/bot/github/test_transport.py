"""Where a token may go, and what an answer may be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from gidgethub import GitHubException, RedirectionException

from bot.github import transport
from bot.github.client import Astray, Client, TooLarge, Unavailable, open_session
from tests.bot.github.asking import PULL, WHERE, post


async def test_a_read_follows_a_renamed_repository_and_a_write_does_not(client, github, shop):
    github.rename(shop, "store")
    assert (await client.getitem(PULL, WHERE))["base"]["repo"]["full_name"] == "octo/store"
    with pytest.raises(RedirectionException):
        await post(client)
    assert len([r for r in github.requests if r.method == "POST" and "comments" in r.path]) == 1


@pytest.mark.parametrize("url", ["https://example.com/x", "http://127.0.0.1:1/x", "///example.com/x"])  # fmt: skip
async def test_a_url_of_another_host_is_refused(client, github, url):
    with pytest.raises(Astray):
        await client.getitem(url)
    assert [r for r in github.requests if r.method == "GET"] == []


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve(handle: Handler) -> tuple[str, web.AppRunner]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}", runner


@pytest.fixture
async def ask(app_client, github) -> AsyncIterator[Callable[[Handler], Awaitable[object]]]:
    """Lets the App ask for /app at a server that does as the handler says."""
    runners = []

    async def ask(handle: Handler) -> object:
        url, runner = await serve(handle)
        runners.append(runner)
        async with open_session() as session:
            client = Client(
                session, app_id="1000", private_key=github.apps[1000].private_key, base_url=url,
                sleep=lambda _: asyncio.sleep(0),
            )  # fmt: skip
            return await client.getitem("/app")

    yield ask
    for runner in runners:
        await runner.cleanup()


async def test_a_redirect_to_another_host_is_not_followed(ask, github):
    async def redirect(request):
        raise web.HTTPFound(f"{github.url}/app")

    with pytest.raises(Astray):
        await ask(redirect)
    assert github.requests == []


async def test_redirects_in_a_circle_come_to_an_end(ask):
    async def redirect(request):
        raise web.HTTPFound(request.path)

    with pytest.raises(Unavailable, match="circle"):
        await ask(redirect)


async def test_an_answer_without_end_is_cut(ask, monkeypatch):
    monkeypatch.setattr(transport, "MAX_BODY", 100_000)
    sent = 0

    async def pour(request):
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 10**8:
            await response.write(b" " * 10_000)
            sent += 10_000
        return response

    with pytest.raises(TooLarge):
        await ask(pour)
    assert sent < 5 * 10**6


@pytest.mark.parametrize(("status", "body", "kind"), [
    (200, b"\xff", "text/plain"), (200, b"{", "application/json"), (200, b"x", "text/plain; charset=no-such"),
    (299, b"{}", "application/json"), (451, b"<html>", "text/html"), (600, b"", "text/html"),
])  # fmt: skip
async def test_an_answer_that_makes_no_sense_is_one_of_our_errors(ask, status, body, kind):
    async def answer(request):
        return web.Response(status=status, body=body, headers={"Content-Type": kind})

    with pytest.raises((Unavailable, GitHubException)):
        await ask(answer)


async def test_cookies_are_not_kept(ask):
    seen = []

    async def answer(request):
        seen.append(request.headers.get("Cookie"))
        if len(seen) == 1:
            raise web.HTTPFound("/again", headers={"Set-Cookie": "a=b"})
        return web.json_response({})

    await ask(answer)
    assert seen == [None, None]
