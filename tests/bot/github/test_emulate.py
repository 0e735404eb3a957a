"""Our client against another's idea of GitHub: npm's `emulate`, which shares no line with ours.

It knows Apps, tokens, signatures, contents, trees and check runs; of review lines it knows nothing.
"""

import asyncio
import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from gidgethub import BadRequest

from bot.github import GitHub, Memory
from bot.github.client import Client, open_session
from bot.pull_request import PullRequest
from bot.snapshot import Snapshot
from bot.verdict import Annotation, Verdict
from bot.webhook import receive
from rules.model.dockerfile import Span

VERSION = "0.12.2"
SECRET = "It's a Secret to Everybody"
GRANTED = {
    "metadata": "read", "contents": "write", "pull_requests": "write", "checks": "write",
}  # fmt: skip
SCRIPT = """
import { createEmulator } from 'emulate'
const seed = JSON.parse(process.argv[2])
const github = await createEmulator({ service: 'github', port: 0, hostname: '127.0.0.1', seed })
const key = github.generatedSecrets.find(each => each.kind === 'github.app_private_key')
console.log(JSON.stringify({ url: github.url, key: key.value }))
process.stdin.on('end', () => github.close().then(() => process.exit(0))).resume()
"""


@pytest.fixture(scope="module")
def folder() -> Path:
    """A folder with `emulate` in its node_modules."""
    named = Path(os.environ.get("LAYERWISE_GITHUB_SCHEMAS") or ".").resolve()
    for place in (named, named.parent):  # it may be the node_modules itself
        if (place / "node_modules" / "emulate").is_dir():
            return place
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are needed")
    place = Path(tempfile.gettempdir()) / f"layerwise-emulate-{VERSION}"
    if not (place / "node_modules" / "emulate").is_dir():
        place.mkdir(exist_ok=True)
        (place / "package.json").write_text('{"private": true}')
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", f"emulate@{VERSION}"],
            cwd=place, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        if done.returncode:
            pytest.skip("npm could not install emulate")
    return place


@pytest.fixture
async def heard():
    """Deliveries whose signature we accept, as they come."""
    queue: asyncio.Queue = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        queue.put_nowait(receive(request.headers, await request.read(), SECRET))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/webhook", take)
    async with TestServer(app, host="127.0.0.1") as server:
        yield queue, str(server.make_url("/webhook"))


@pytest.fixture
async def emulated(folder, heard, tmp_path):
    """The App's client, on an emulated GitHub with one repository of an organisation."""
    seed = {"github": {
        "users": [{"login": "octocat", "name": "Octocat", "email": "o@example.org"}],
        "orgs": [{"login": "octo", "name": "Octo", "members": [{"login": "octocat", "role": "admin"}]}],
        "repos": [{"owner": "octo", "name": "shop", "auto_init": True}],
        "apps": [{
            "app_id": 12345, "slug": "layerwise", "name": "Layerwise", "permissions": GRANTED,
            "events": ["pull_request", "check_run"], "webhook_url": heard[1],
            "webhook_secret": SECRET,
            "installations": [{"installation_id": 100, "account": "octo", "repository_selection": "all"}],
        }],
    }}  # fmt: skip
    script = folder / "emulated.mjs"
    script.write_text(SCRIPT)
    process = await asyncio.create_subprocess_exec(
        "node", str(script), json.dumps(seed), cwd=folder,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        told = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        async with open_session() as session:

            async def no_rest(_seconds):
                """Nobody is waited for."""

            yield Client(
                session, app_id="12345", private_key=told["key"], base_url=told["url"],
                sleep=no_rest,
            )  # fmt: skip
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 10)


async def test_our_client_works_on_a_github_that_is_not_ours(emulated, heard):
    assert (await emulated.getitem("/app"))["slug"] == "layerwise"

    found = await emulated.repository(100, "shop").getitem("/repos/octo/shop")
    number, branch = found["id"], found["default_branch"]
    client = emulated.repository(100, number)
    where = {"owner": "octo", "repo": "shop", "path": "Dockerfile"}
    text = base64.b64encode(b"FROM scratch\n").decode()
    contents = "/repos/{owner}/{repo}/contents/{path}"
    change = {"message": "A Dockerfile", "content": text, "branch": branch}
    with pytest.raises(BadRequest) as refused:  # a review's token cannot write
        await client.put(contents, where, data=change)
    assert refused.value.status_code == 403
    assert not await emulated.repository(100, number, {"administration": "write"}).granted()

    memory = Memory()
    github = GitHub(client, 100, number, memory)
    writer = await github.writer()
    assert writer is not None
    ref = await client.getitem(f"/repos/octo/shop/git/ref/heads/{branch}")
    start = ref["object"]["sha"]
    await writer.post("/repos/octo/shop/git/refs", data={"ref": "refs/heads/feature", "sha": start})
    made = await writer.put(contents, where, data={**change, "branch": "feature"})
    head = made["commit"]["sha"]

    snapshot = await github.fetch("octo/shop", head, [])
    assert isinstance(snapshot, Snapshot)
    assert "Dockerfile" in snapshot.head.paths
    pull = PullRequest("octo/shop", 1, head)
    oid = github._ids["Dockerfile"]
    assert await github._texts.read_exactly(pull, oid) == "FROM scratch\n"

    note = Annotation("Dockerfile", Span(1, 1), "notice", "some-rule", "A fact.")
    await github.checks.post(pull, Verdict("neutral", "A title", "A summary", "", (note,)))
    runs = await client.getitem(f"/repos/octo/shop/commits/{head}/check-runs")
    (run,) = runs["check_runs"]
    assert (run["name"], run["conclusion"]) == ("Layerwise", "neutral")
    assert await github.checks.pull_requests("octo/shop", head) == [1]

    await client.post(
        "/repos/octo/shop/pulls", data={"title": "x", "head": "feature", "base": branch}
    )
    async with asyncio.timeout(10):
        while True:
            event = await heard[0].get()
            if event.event == "pull_request":
                break
    assert event.data["action"] == "opened"
    assert event.data["pull_request"]["head"]["sha"] == head
    assert event.data["installation"]["id"] == 100
