"""Webhooks of the stand-in: what is sent, and that it is signed and described as GitHub's."""

import hashlib
import hmac
import json

import pytest
from aiohttp import web

from tests.github.deliveries import signature


def test_a_signature_is_the_one_of_githubs_documentation():
    digest = signature("It's a Secret to Everybody", b"Hello, World!")
    assert digest == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


@pytest.fixture
def pull(repository):
    repository.commit("feature", {"Dockerfile": "RUN first\n" + repository.text("Dockerfile")})
    return repository.open_pull_request("feature", author="alice")


async def subjects(github, client, repository, pull):
    """One of each thing that an event can be about."""
    await client.post("/repos/octo/shop/pulls/1/reviews", {
        "event": "COMMENT", "body": "One", "comments": [{"path": "Dockerfile", "line": 1, "body": "x"}],
    })  # fmt: skip
    run = {"head_sha": pull.head_sha, "name": "Layerwise", "conclusion": "neutral"}
    await client.post("/repos/octo/shop/check-runs", run)
    thread = pull.threads[0]
    return {
        "pull_request": pull,
        "check_run": pull.check_runs[0],
        "check_suite": pull.check_runs[0],
        "issue_comment": github.comment(pull, "/layerwise help", "alice"),
        "pull_request_review_comment": thread.reply("alice", "won't fix"),
        "pull_request_review_thread": thread,
        "pull_request_review": pull.reviews[0],
        "installation": github.installation(repository),
        "installation_repositories": github.installation(repository),
        "merge_group": repository,
        "ping": github.installation(repository).app,
    }


BASE_CHANGED = {"changes": {"base": {"ref": {"from": "main"}, "sha": {"from": "0" * 40}}}}


@pytest.mark.parametrize(
    ("event", "action", "more"),
    [
        ("pull_request", "opened", {}),
        ("pull_request", "reopened", {}),
        ("pull_request", "synchronize", {}),
        ("pull_request", "ready_for_review", {}),
        ("pull_request", "converted_to_draft", {}),
        ("pull_request", "edited", BASE_CHANGED),
        ("pull_request", "closed", {}),
        ("check_run", "rerequested", {}),
        ("check_run", "requested_action", {"identifier": "fix_all"}),
        ("check_run", "completed", {}),
        ("check_suite", "requested", {}),
        ("check_suite", "rerequested", {}),
        ("issue_comment", "created", {}),
        ("pull_request_review_comment", "created", {}),
        ("pull_request_review_thread", "resolved", {}),
        ("pull_request_review_thread", "unresolved", {}),
        ("pull_request_review", "submitted", {}),
        ("installation", "created", {}),
        ("installation", "deleted", {}),
        ("installation", "suspend", {}),
        ("installation", "new_permissions_accepted", {}),
        ("installation_repositories", "added", {}),
        ("installation_repositories", "removed", {}),
        ("merge_group", "checks_requested", {}),
        ("ping", None, {}),
    ],
)
async def test_a_payload_is_as_github_describes_it(
    github, client, repository, pull, event, action, more
):
    subject = (await subjects(github, client, repository, pull))[event]
    if event == "installation_repositories":
        more = {"repositories": [repository]}
    if event == "merge_group":
        more = {"head_sha": pull.head_sha}
    delivery = github.delivery(event, subject, action=action, **more)  # the fixture sees violations
    secret = delivery.app.secret.encode()
    digest = hmac.new(secret, delivery.body, hashlib.sha256).hexdigest()
    assert delivery.headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert delivery.headers["X-GitHub-Event"] == event
    payload = json.loads(delivery.body)
    assert payload.get("action") == action
    assert event == "ping" or payload["installation"]["id"] == github.installation(repository).id


async def test_a_payload_that_github_does_not_know_is_a_violation(github, pull):
    github.delivery("pull_request", pull, action="painted")
    github.delivery("pull_request", pull, action="opened", number="one")
    assert len(github.violations) >= 2
    github.violations.clear()


async def receiver(aiohttp_server, statuses):
    """A webhook that answers with these, one after another."""
    seen = []

    async def take(request):
        seen.append((request.headers["X-GitHub-Delivery"], await request.read()))
        return web.Response(status=statuses[len(seen) - 1])

    application = web.Application()
    application.router.add_post("/webhook", take)
    server = await aiohttp_server(application)
    return str(server.make_url("/webhook")), seen


async def test_a_failed_delivery_stays_in_the_log_until_it_is_asked_for_again(
    github, app, app_client, pull, aiohttp_server
):
    app.webhook_url, seen = await receiver(aiohttp_server, [500, 202])
    post = await github.deliver("pull_request", pull, action="opened")
    assert post.status == 500
    (line,) = (await app_client.get("/app/hook/deliveries?status=failure")).body
    assert (line["event"], line["action"], line["status_code"]) == ("pull_request", "opened", 500)
    answer = await app_client.post(f"/app/hook/deliveries/{line['id']}/attempts")
    assert answer.status == 202
    await github.settle()
    assert [guid for guid, _ in seen] == [line["guid"]] * 2
    newest, oldest = (await app_client.get("/app/hook/deliveries")).body
    assert (newest["redelivery"], oldest["redelivery"]) == (True, False)
    assert newest["guid"] == oldest["guid"]


async def test_a_webhook_that_nobody_answers_is_timed_out(github, app, app_client, pull):
    app.webhook_url = "http://127.0.0.1:9/webhook"
    assert (await github.deliver("pull_request", pull, action="opened")).status == 0
    (line,) = (await app_client.get("/app/hook/deliveries")).body
    assert line["status"] == "timed out"


async def test_a_manifest_becomes_an_app_once_and_within_an_hour(github, nobody):
    manifest = {
        "name": "Layer Wise",
        "default_permissions": {"contents": "read"},
        "default_events": ["pull_request"],
    }
    code = github.manifest_code(manifest)
    made = await nobody.post(f"/app-manifests/{code}/conversions")
    assert made.status == 201
    assert made.body["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert (await nobody.post(f"/app-manifests/{code}/conversions")).status == 404
    late = github.manifest_code(manifest)
    github.advance(3601)
    assert (await nobody.post(f"/app-manifests/{late}/conversions")).status == 404
