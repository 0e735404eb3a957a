"""Every example payload that GitHub's own description is made with goes through the webhook."""

import json
from collections import Counter

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.webhook import WORK, answer
from tests.bot.test_webhook import headers
from tests.github.description import schema_file, why_no_schemas

SECRET = "It's a Secret to Everybody"
EXAMPLES = "webhooks-examples/api.github.com/index.json"


async def test_every_example_is_answered_and_none_is_an_error_of_ours():
    found = schema_file(EXAMPLES)
    if found is None:
        pytest.skip(why_no_schemas("@octokit/webhooks-examples"))
    jobs = []

    async def put(job):
        jobs.append(job)
        return True

    async def take(request: web.Request) -> web.Response:
        return await answer(request, SECRET, put)

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/webhook", take)
    statuses: Counter[int] = Counter()
    async with TestClient(TestServer(app)) as client:
        for each in json.loads(found.read_text()):
            for example in each["examples"]:
                body = json.dumps(example).encode()
                sent = headers(body, X_GitHub_Event=each["name"])
                async with client.post("/webhook", data=body, headers=sent) as response:
                    statuses[response.status] += 1
                    # an example may lack what GitHub sends to Apps (`installation`), or be for us
                    refused = each["name"] in WORK and "installation" not in example
                    assert response.status in ((202, 204, 400) if refused else (202, 204)), example
    assert statuses.total() > 200
    assert {job.reason for job in jobs} >= {"opened", "synchronize"}
