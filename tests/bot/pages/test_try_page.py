import asyncio
import re
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.pages import try_page
from bot.pages.trial import EXAMPLES, Attempt, try_out
from bot.pages.try_page import TryPage, said
from bot.server import make_app
from bot.service import Part, Runner
from bot.settings import Settings, SettingsError, read
from tests.bot.browser import PUBLIC, browsing, picture
from tests.bot.desk import NAIVE


@pytest.fixture
async def client():
    app = web.Application(client_max_size=2**22)
    TryPage().add_routes(app.router)
    async with TestClient(TestServer(app)) as client:
        yield client


def form(dockerfile=NAIVE, ignore="", files="main.py\nrequirements.txt", **more):
    return {"dockerfile": dockerfile, "ignore": ignore, "files": files, **more}


async def post(client, **values):
    answer = await client.post("/try", data=form(**values))
    return answer, await answer.text()


async def test_the_page_opens_with_an_example_and_what_is_said_of_it(client):
    answer = await client.get("/try")
    text = await answer.text()
    assert answer.status == 200
    assert "Now: 3 steps" in text
    assert "With all fixes: 1 step" in text
    for name in EXAMPLES:
        assert f">{name}</a>" in text


@pytest.mark.parametrize("name", EXAMPLES)
async def test_every_example_is_looked_at(client, name):
    text = await (await client.get("/try", params={"example": name})).text()
    assert "No result" not in text
    assert ("there is nothing to gain" in text) == (name == "Nothing to gain")


async def test_what_is_pasted_is_looked_at(client):
    answer, text = await post(client, dockerfile=NAIVE.replace("\n", "\r\n"))
    assert answer.status == 200
    assert "An edit to any file that <code>COPY . .</code> takes" in text
    assert "<td>+</td><td>COPY requirements.txt ./</td>" in text


async def test_the_file_that_is_edited_can_be_chosen(client):
    _, text = await post(client, edit="requirements.txt")
    assert "<option selected>requirements.txt</option>" in text
    assert "With all fixes: 3 steps" in text
    _, text = await post(client, edit="not/there.py")
    assert "<option selected>main.py</option>" in text


async def test_markup_stays_text(client):
    hostile = "<script>alert(1)</script>"
    _, text = await post(
        client,
        dockerfile=NAIVE + f"RUN echo '{hostile}'\nRUN `{hostile}`\n",
        files=f"requirements.txt\n{hostile}\nmain.py",
        edit=hostile,
    )
    assert hostile not in text
    assert "&lt;script&gt;" in text


async def test_the_page_may_do_nothing_but_its_work(client):
    answer, text = await post(client)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r' (style|on\w+)="', text)


async def test_nothing_that_is_pasted_is_logged(client, caplog, capfd):
    caplog.set_level(0)
    await post(client, dockerfile="FROM secret-base\nRUN secret-command\n", files="secret-file")
    assert "secret" not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("dockerfile", "says"),
    [
        ("", "There is no Dockerfile yet."),
        ("not a dockerfile", "Not looked at"),
        ("FROM a\n" + "RUN x\n" * 5000, "too large"),
        ("# layerwise: ignore-file\n" + NAIVE, "stands in it"),
    ],
)
async def test_what_cannot_be_looked_at_says_why(client, dockerfile, says):
    answer, text = await post(client, dockerfile=dockerfile)
    assert answer.status == 200
    assert says in text
    assert "What an edit re-runs" not in text


async def test_input_is_bounded(client):
    answer, text = await post(client, dockerfile="x" * try_page.MAX_FORM)
    assert answer.status == 400
    assert "too much for this form" in text
    files = "\n".join(f"a/{n}.py" for n in range(3000))
    assert "a/1999.py" in (await post(client, files=files))[1]
    assert "a/2000.py" not in (await post(client, files=files))[1]


async def test_paths_that_lead_out_are_no_files(client):
    _, text = await post(client, files="../../etc/passwd\n./main.py\n/srv/x.py\n\nrequirements.txt")
    assert "passwd" not in text
    assert ">\nmain.py\nsrv/x.py\nrequirements.txt</textarea>" in text


async def test_the_server_answers_others_meanwhile_and_refuses_a_crowd(client, monkeypatch):
    def slow(attempt):
        time.sleep(0.2)
        return try_out(attempt)

    monkeypatch.setattr(try_page, "try_out", slow)
    crowd = [asyncio.create_task(post(client)) for _ in range(try_page.MOST_WAITING + 3)]
    began = time.monotonic()
    await asyncio.sleep(0.01)
    assert time.monotonic() - began < 0.1
    statuses = [answer.status for answer, _ in await asyncio.gather(*crowd)]
    assert sorted(statuses) == [200] * try_page.MOST_WAITING + [503] * 3


def test_the_whole_of_a_hostile_attempt_takes_a_second_or_two():
    lines = "FROM a\nCOPY . .\n" + "RUN pip install -r requirements.txt && " * 300 + "true\n"
    paths = tuple(f"{n}/{n}/requirements.txt" for n in range(2000))
    began = time.process_time()
    try_out(Attempt(lines, "**/*a*b*c\n" * 500, paths))
    assert time.process_time() - began < 5


def test_only_code_spans_become_markup():
    assert said("a `b <c>` & ``d ` e``") == ("a <code>b &lt;c&gt;</code> &amp; <code>d ` e</code>")


async def test_a_setting_takes_the_page_away():
    assert read({}).try_page
    assert not read({"TRY_PAGE": "off"}).try_page
    with pytest.raises(SettingsError, match="TRY_PAGE must be on or off"):
        read({"TRY_PAGE": "no"})
    for wanted, status in ((True, 200), (False, 404)):
        settings = Settings(try_page=wanted)
        app = make_app(settings, Runner(settings, Part.WEB))
        async with TestClient(TestServer(app)) as client:
            assert (await client.get("/try")).status == status


@pytest.mark.parametrize(
    ("width", "scheme", "example"),
    [(1280, "light", "Python"), (800, "dark", "Node.js"), (360, "dark", "Go")],
)
async def test_a_browser_shows_it_at_any_width(client, width, scheme, example):
    async with browsing(client.port, color_scheme=scheme) as page:
        faults = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(f"{PUBLIC}/try?example={example}")
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        await picture(page, f"try-{width}")
        block = page.locator(".layers li.reruns").first
        colour = await block.evaluate("e => getComputedStyle(e).backgroundColor")
        assert colour != "rgba(0, 0, 0, 0)"
        assert faults == []


async def test_choosing_a_file_shows_its_steps_at_once(client):
    async with browsing(client.port) as page:
        await page.goto(f"{PUBLIC}/try")
        await page.get_by_label("An edit to").select_option("requirements.txt")
        await page.wait_for_url(f"{PUBLIC}/try#result")
        assert await page.get_by_label("An edit to").input_value() == "requirements.txt"


async def test_it_works_without_javascript_and_with_the_keyboard_alone(client):
    async with browsing(client.port, java_script_enabled=False) as page:
        await page.goto(f"{PUBLIC}/try")
        await page.get_by_label("Dockerfile", exact=True).fill(
            "FROM a\nCOPY . .\nRUN npm install\n"
        )
        await page.get_by_label("Files, one path a line").fill("package.json\nx.js\n")
        await page.get_by_role("button", name="Look at it").focus()
        await page.keyboard.press("Enter")
        await page.get_by_text("RUN npm install").first.wait_for()
        await page.get_by_label("An edit to").select_option("package.json")
        await page.get_by_role("button", name="Show").press("Enter")
        await page.get_by_role("heading", name="Now: 2 steps").wait_for()


async def test_what_is_shown_has_names_for_those_who_cannot_see_it(client):
    async with browsing(client.port) as page:
        await page.goto(f"{PUBLIC}/try")
        steps = page.get_by_role("list", name="Steps now").get_by_role("listitem")
        assert "re-runs" in await steps.nth(2).inner_text()
        assert await page.get_by_role("main").count() == 1
        unnamed = "[...document.querySelectorAll('textarea, select')].filter(e => !e.labels.length)"
        assert await page.evaluate(f"{unnamed}.length") == 0
