"""The set-up page, up to the App that serves: by requests, and in a browser as an operator would."""

import json
import re
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.github.transport import Answer, Transport
from bot.pages.setup import EVENTS, Choice, Refused, Setup
from bot.redact import Redactor
from bot.server import RUNNER, make_app
from bot.service import Runner
from bot.settings import Settings, read, read_app
from tests.bot.browser import PUBLIC, browsing, picture
from tests.github import StandIn
from tests.github.web import faults_of_manifest


@pytest.fixture
async def github() -> AsyncIterator[StandIn]:
    async with await StandIn.start() as github:
        yield github
        assert github.violations == []


class Operator:
    """Sets up a server by requests as a browser would send them."""

    def __init__(self, settings: Settings, client: TestClient, setup: Setup) -> None:
        self.settings, self.client, self.setup = settings, client, setup

    @property
    def service(self):
        return self.client.app[RUNNER].service

    async def get(self, path: str, **query: str) -> tuple[int, str]:
        async with self.client.get(path, params=query, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def send(self, **form: str) -> tuple[int, str]:
        form = {"token": self.setup.token, "owner": "organization", "organization": "octo", **form}
        async with self.client.post("/setup", data=form) as answer:
            return answer.status, await answer.text()

    async def chosen(self, **form: str) -> tuple[dict, str]:
        """The manifest that the page sends to GitHub, and the state."""
        status, text = await self.send(**form)
        assert status == 200, text
        manifest = re.search(r'name="manifest" value="([^"]*)"', text)[1].replace("&#34;", '"')
        return json.loads(manifest), re.search(r"state=([\w-]+)", text)[1]


@pytest.fixture
async def operator(github, tmp_path) -> AsyncIterator[Operator]:
    async with operating(github, tmp_path) as operator:
        yield operator


@asynccontextmanager
async def operating(github: StandIn, folder: Path, **changes) -> AsyncIterator[Operator]:
    settings = Settings(
        database_url=f"sqlite:///{folder}/jobs.sqlite",
        app_file=folder / "app.json",
        github_api_url=github.url,
        public_url=PUBLIC,
    )
    settings = replace(settings, **changes)
    runner = Runner(settings, poll=0.02)
    setup = Setup(settings, runner.start)
    async with TestClient(TestServer(make_app(settings, runner, setup))) as client:
        yield Operator(settings, client, setup)


async def test_only_who_has_the_token_can_set_up(operator):
    for status, text in [
        await operator.get("/setup"),
        await operator.get("/setup", token="x"),
        await operator.send(token="x"),
        await operator.get("/setup/created", state="x", code="y"),
        await operator.get("/setup/created"),
    ]:
        assert status == 403
        assert operator.setup.token not in text
    assert (await operator.get("/setup", token=operator.setup.token))[0] == 200


async def test_the_app_that_github_makes_is_kept_and_serves_at_once(github, operator):
    manifest, state = await operator.chosen()
    code = github.manifest_code(manifest)
    status, _ = await operator.get("/setup/created", state=state, code=code)
    assert status == 303
    (app,) = github.apps.values()
    assert operator.service.app.id == str(app.id)
    file = operator.settings.app_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = read({"GITHUB_APP_FILE": str(file)}).app
    assert kept == operator.service.app
    assert kept.webhook_secret == app.secret
    # and the page is closed
    assert (await operator.get("/setup", token=operator.setup.token))[0] == 404
    assert (await operator.send())[0] == 404


async def test_a_delivery_is_taken_after_the_set_up(github, operator):
    manifest, state = await operator.chosen()
    await operator.get("/setup/created", state=state, code=github.manifest_code(manifest))
    repository = github.add_repository("octo/shop", installed=next(iter(github.apps.values())))
    repository.commit("main", {"README.md": "A shop"})
    repository.commit("feature", {"README.md": "The shop"})
    pull = repository.open_pull_request("feature")
    delivery = github.delivery("pull_request", pull, action="opened")
    async with operator.client.post(
        "/webhook", data=delivery.body, headers=delivery.headers
    ) as answer:
        assert answer.status == 202


async def test_credentials_can_be_shown_once_instead(github, operator):
    manifest, state = await operator.chosen(keep="show")
    status, text = await operator.get(
        "/setup/created", state=state, code=github.manifest_code(manifest)
    )
    (app,) = github.apps.values()
    assert status == 200
    assert f"GITHUB_APP_ID={app.id}" in text
    assert app.secret in text
    assert app.private_key.splitlines()[1] in text
    assert not operator.settings.app_file.exists()
    assert operator.service is not None
    status, text = await operator.get("/setup/created", state=state, code="x")
    assert status == 404
    assert app.secret not in text


async def test_what_is_shown_is_what_the_environment_takes(github, operator):
    manifest, state = await operator.chosen(keep="show")
    _, text = await operator.get("/setup/created", state=state, code=github.manifest_code(manifest))
    shown = re.search(r"<textarea[^>]*>\n(GITHUB.*?)\n</textarea>", text, re.DOTALL)[1]
    lines = [line.partition("=") for line in shown.replace("&#34;", '"').splitlines()]
    environment = {name: value.strip('"') for name, _, value in lines}
    assert read(environment).app == operator.service.app


async def test_a_file_that_cannot_be_written_loses_no_credentials(github, tmp_path):
    async with operating(github, tmp_path, app_file=tmp_path / "none" / "app.json") as operator:
        manifest, state = await operator.chosen()
        status, text = await operator.get(
            "/setup/created", state=state, code=github.manifest_code(manifest)
        )
        assert status == 200
        assert "could not be written" in text
        assert next(iter(github.apps.values())).secret in text


async def test_the_manifest_asks_for_what_was_chosen_and_github_takes_it(operator):
    manifest, _ = await operator.chosen()
    assert faults_of_manifest(json.dumps(manifest)) == []
    assert manifest["hook_attributes"] == {"url": f"{PUBLIC}/webhook", "active": True}
    assert manifest["redirect_url"] == f"{PUBLIC}/setup/created"
    assert manifest["public"] is False
    assert manifest["default_permissions"]["contents"] == "read"
    assert manifest["default_events"] == list(EVENTS)
    manifest, _ = await operator.chosen(public="yes", commits="yes")
    assert manifest["public"] is True
    assert manifest["default_permissions"]["contents"] == "write"
    assert faults_of_manifest(json.dumps(manifest)) == []


async def test_a_state_is_good_for_one_answer(github, operator):
    manifest, state = await operator.chosen()
    assert (await operator.get("/setup/created", state=state, code="not-a-code"))[0] == 502
    code = github.manifest_code(manifest)
    assert (await operator.get("/setup/created", state=state, code=code))[0] == 403
    assert operator.service is None


@pytest.mark.parametrize("code", ["", "../../app", "a/b", "a?b", "a" * 101])
async def test_a_code_cannot_lead_elsewhere(github, operator, code):
    _, state = await operator.chosen()
    assert (await operator.get("/setup/created", state=state, code=code))[0] == 400
    assert github.requests == []


@pytest.mark.parametrize("form", [
    {"organization": ""},
    {"organization": "octo/../x"},
    {"organization": "a" * 40},
])  # fmt: skip
async def test_a_wrong_choice_is_told_above_the_form(operator, form):
    status, text = await operator.send(**form)
    assert status == 400
    assert 'role="alert"' in text
    assert "<form" in text


@pytest.mark.parametrize("url", ["", "ftp://x", "http://localhost:8080", "https://127.0.0.1"])
def test_an_address_that_github_cannot_reach_is_refused(url):
    with pytest.raises(Refused):
        Choice.of({"owner": "personal", "url": url}, None)


@pytest.mark.parametrize(("api", "web"), [
    ("https://api.github.com", "https://github.com"),
    ("https://api.octo.ghe.com", "https://octo.ghe.com"),
    ("https://ghe.example.org/api/v3", "https://ghe.example.org"),
    ("https://api.example.org:8443/api/v3", "https://api.example.org:8443"),
])  # fmt: skip
async def test_the_manifest_goes_to_the_website_of_this_github(github, tmp_path, api, web):
    async with operating(github, tmp_path, github_api_url=api) as operator:
        async with operator.client.post(
            "/setup", data={"token": operator.setup.token, "owner": "personal"}
        ) as answer:
            assert f'action="{web}/settings/apps/new?state=' in await answer.text()
            assert f"form-action 'self' {web}" in answer.headers["Content-Security-Policy"]
        made = {"html_url": f"{web}/github-apps/layerwise", "slug": "layerwise"}
        assert (
            operator.setup._installation(made) == f"{web}/github-apps/layerwise/installations/new"
        )
        made["html_url"] = "https://evil.example/apps/layerwise"
        assert operator.setup._installation(made) == f"{web}/apps/layerwise/installations/new"


@pytest.mark.parametrize("body", ["not what is asked for", [], {}, {"id": 1, "pem": "x"}])
async def test_an_answer_that_is_no_app_is_told(github, operator, body):
    _, state = await operator.chosen()
    github.fail("error", "conversions", status=201, body=body)
    status, text = await operator.get("/setup/created", state=state, code="abc")
    assert status == 502
    assert "answer cannot be used" in text
    assert operator.service is None


async def test_an_answer_that_is_no_json_is_told(operator, monkeypatch):
    async def send(*_):
        return Answer(201, {}, b'{"id": "\xff')

    _, state = await operator.chosen()
    monkeypatch.setattr(Transport, "send", send)
    status, text = await operator.get("/setup/created", state=state, code="abc")
    assert status == 502
    assert "answer cannot be used" in text


async def test_a_form_is_bounded(operator):
    async with operator.client.post("/setup", data={"token": "x" * 20_000}) as answer:
        assert answer.status == 400
    async with operator.client.post("/setup", json={}) as answer:
        assert answer.status == 400


def test_the_app_in_the_file_is_checked():
    for text in ["", "[]", "{}", '{"id": 1, "pem": "x", "webhook_secret": "s"}', '{"id": "x"}']:
        with pytest.raises(ValueError, match="App") as caught:
            read_app(text)
        assert caught.value.__cause__ is None


def test_secrets_that_are_learnt_later_are_hidden_too():
    redactor = Redactor(["first secret"])
    redactor.learn(["second secret"])
    assert redactor.text("first secret, second secret") == "[hidden], [hidden]"


# --- in a browser ---


async def go_through(page, setup: Setup) -> None:
    """From the link on the console to the page where GitHub has made the App."""
    await page.goto(setup.link)
    await picture(page, "setup")
    await page.click("text=Go on to")
    assert "organisation's name" in await page.inner_text("[role=alert]")
    await picture(page, "setup-refused")
    await page.fill("[name=organization]", "octo")


async def confirm(page) -> None:
    await page.click("text=Go on to")
    await page.wait_for_selector("text=Create GitHub App for octo")
    await page.fill("[name=name]", "Layerwise of octo")
    await page.click("button")


async def test_an_operator_sets_up_an_app_in_a_browser(github, operator):
    async with browsing(operator.client.port) as page:
        complaints = []
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(f"{PUBLIC}/")
        await picture(page, "state-before")
        assert "No GitHub App is configured" in await page.inner_text("body")
        await go_through(page, operator.setup)
        assert complaints.pop().endswith("status of 400 (Bad Request)")
        await confirm(page)
        await page.wait_for_selector("text=Install layerwise-of-octo")
        assert page.url == f"{github.url}/apps/layerwise-of-octo/installations/new"
        await page.goto(f"{PUBLIC}/")
        await picture(page, "state-after")
        assert "It is ready." in await page.inner_text("body")
        assert complaints == []
    assert operator.settings.app_file.exists()


async def test_the_credentials_are_shown_in_a_browser(github, operator):
    async with browsing(operator.client.port) as page:
        await page.goto(operator.setup.link)
        await page.fill("[name=organization]", "octo")
        await page.check("[name=keep][value=show]")
        await page.check("[name=commits]")
        await confirm(page)
        await page.wait_for_selector("text=shown once")
        await picture(page, "setup-shown")
        await page.click("text=install the App")
        await page.wait_for_selector("text=Install layerwise-of-octo")
    assert next(iter(github.apps.values())).permissions["contents"] == "write"
    assert not operator.settings.app_file.exists()
