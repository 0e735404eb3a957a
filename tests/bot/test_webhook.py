import asyncio
import hashlib
import hmac
import json

import pytest
from multidict import CIMultiDict

from bot.job import Job
from bot.webhook import MAX_BODY, Refused, read_job, receive
from tests.github import StandIn

SECRET = "It's a Secret to Everybody"


def sign(body: bytes, secret: str = SECRET, algorithm: str = "sha256") -> str:
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def headers(body: bytes, **changes: str | None) -> CIMultiDict[str]:
    named = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": sign(body),
    }
    named |= {name.replace("_", "-"): value for name, value in changes.items()}
    return CIMultiDict({name: value for name, value in named.items() if value is not None})


def refusal(body: bytes, sent: CIMultiDict[str], secret: str = SECRET) -> int:
    with pytest.raises(Refused) as caught:
        receive(sent, body, secret)
    return caught.value.status


def test_githubs_own_example_of_a_signature_is_accepted():
    # docs.github.com, "Validating webhook deliveries": secret, payload and result
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    body = b"Hello, World!"
    assert sign(body) == signature
    assert refusal(body, headers(body, X_Hub_Signature_256=signature)) == 400  # signed, but no JSON


BODY = b'{"action": "opened"}'


@pytest.mark.parametrize("signature", [
    None,
    "",
    "sha256=",
    sign(BODY, "another secret"),
    sign(BODY + b" "),
    sign(BODY).upper(),
    sign(BODY)[:-1],
    sign(BODY) + "0",
    sign(BODY).removeprefix("sha256="),
    sign(BODY, algorithm="sha1"),
    "sha256=" + "é" * 64,
    "sha256=" + "\udce9" * 64,
])  # fmt: skip
def test_a_signature_that_is_not_exactly_ours_is_refused(signature):
    assert refusal(BODY, headers(BODY, X_Hub_Signature_256=signature)) == 401


def test_sha_1_is_not_enough():
    sent = headers(BODY, X_Hub_Signature_256=None, X_Hub_Signature=sign(BODY, algorithm="sha1"))
    assert refusal(BODY, sent) == 401


def test_two_signatures_are_refused():
    sent = headers(BODY)
    sent.add("X-Hub-Signature-256", sign(BODY))
    assert refusal(BODY, sent) == 401


def test_without_a_secret_nothing_is_accepted():
    assert refusal(BODY, headers(BODY, X_Hub_Signature_256=sign(BODY, "")), secret="") == 401


@pytest.mark.parametrize(("changes", "status"), [
    ({"Content_Type": None}, 415),
    ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
    ({"Content_Type": "text/plain"}, 415),
    ({"X_GitHub_Event": None}, 400),
    ({"X_GitHub_Event": "pull request"}, 400),
    ({"X_GitHub_Event": "p" * 65}, 400),
    ({"X_GitHub_Delivery": None}, 400),
    ({"X_GitHub_Delivery": "../x"}, 400),
])  # fmt: skip
def test_headers_must_be_as_github_sends_them(changes, status):
    assert refusal(BODY, headers(BODY, **changes)) == status


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"x"', b"1", b"\xff{}", b"[" * 100_000,
])  # fmt: skip
def test_a_body_must_be_a_json_object(body):
    assert refusal(body, headers(body)) == 400


def test_a_body_larger_than_github_sends_is_refused_before_it_is_hashed():
    body = bytes(MAX_BODY + 1)
    assert refusal(body, headers(b"")) == 413


def test_a_charset_in_the_content_type_does_no_harm():
    sent = headers(BODY, Content_Type="application/json; charset=utf-8")
    assert receive(sent, BODY, SECRET).data == {"action": "opened"}


# --- the job that an event asks for ---


@pytest.fixture(scope="module")
def opened() -> bytes:
    """What the stand-in sends when a pull request is opened."""
    github = StandIn()
    app = github.add_app(webhook_secret=SECRET)
    repository = github.add_repository("octo/shop", installed=app)
    repository.commit("main", {"README.md": "A shop"})
    repository.commit("feature", {"Dockerfile": "FROM scratch"})
    pull = repository.open_pull_request("feature")
    delivery = github.delivery("pull_request", pull, action="opened")
    asyncio.run(github.stop())
    assert receive(CIMultiDict(delivery.headers), delivery.body, SECRET).event == "pull_request"
    return delivery.body


def ask(data: dict, event: str = "pull_request") -> Job | None:
    body = json.dumps(data).encode()
    return read_job(receive(headers(body, X_GitHub_Event=event), body, SECRET))


def test_an_opened_pull_request_is_a_job(opened):
    data = json.loads(opened)
    assert ask(data) == Job(
        installation=data["installation"]["id"],
        repository="octo/shop",
        repository_id=data["repository"]["id"],
        pull_request=1,
        head=data["pull_request"]["head"]["sha"],
        reason="opened",
        delivery="72d3162e-cc78-11e3-81ab-4c9367dc0958",
        updated_at=data["pull_request"]["updated_at"],
    )


def test_a_job_is_the_same_after_json(opened):
    job = ask(json.loads(opened))
    assert Job.from_json(job.to_json()) == job
    later = json.dumps({**json.loads(job.to_json()), "added_later": 1})
    assert Job.from_json(later) == job


@pytest.mark.parametrize(
    "action", ["opened", "reopened", "synchronize", "ready_for_review", "closed"]
)
def test_what_changes_what_there_is_to_say_is_a_job(opened, action):
    assert ask({**json.loads(opened), "action": action}).reason == action


@pytest.mark.parametrize("action", ["labeled", "assigned", "edited", "converted_to_draft", None, {}, []])  # fmt: skip
def test_other_actions_ask_for_nothing(opened, action):
    assert ask({**json.loads(opened), "action": action}) is None


def test_an_edited_pull_request_asks_for_a_review_when_its_base_is_another(opened):
    data = {**json.loads(opened), "action": "edited"}
    assert ask({**data, "changes": {"title": {"from": "x"}}}) is None
    assert ask({**data, "changes": {"base": {"ref": {"from": "x"}}}}).reason == "edited"


@pytest.mark.parametrize("event", ["ping", "push", "installation", "pull_request_review"])
def test_other_events_ask_for_nothing(opened, event):
    assert ask(json.loads(opened), event) is None


@pytest.mark.parametrize(("path", "value"), [
    ("installation.id", None), ("installation.id", "1"), ("installation.id", True),
    ("installation.id", -1), ("installation.id", 1.0), ("installation.id", 2**63),
    ("repository.full_name", "../../x"), ("repository.full_name", "a/b/c"),
    ("repository.full_name", "a/b\n"), ("repository.full_name", "é/b"),
    ("repository.id", None),
    ("pull_request.number", 0),
    ("pull_request.head", None), ("pull_request.head.sha", "main"),
    ("pull_request.head.sha", "A" * 40), ("pull_request.head.sha", "a" * 41),
    ("pull_request.updated_at", "yesterday"), ("pull_request.updated_at", 5),
    ("installation", None), ("repository", []), ("pull_request", "x"),
])  # fmt: skip
def test_a_field_that_is_not_as_github_sends_it_is_refused(opened, path, value):
    data = json.loads(opened)
    *parents, name = path.split(".")
    inner = data
    for parent in parents:
        inner = inner[parent]
    inner[name] = value
    with pytest.raises(Refused) as caught:
        ask(data)
    assert caught.value.status == 400


@pytest.mark.parametrize("text", ["2026-03-04T05:06:07Z", "2026-03-04T05:06:07.250Z", "2026-03-04T07:06:07+02:00"])  # fmt: skip
def test_times_are_written_in_one_form_so_that_they_can_be_compared(opened, text):
    data = json.loads(opened)
    data["pull_request"]["updated_at"] = text
    assert ask(data).updated_at == "2026-03-04T05:06:07Z"


def test_the_signature_is_compared_in_constant_time(monkeypatch):
    compared = []
    original = hmac.compare_digest
    monkeypatch.setattr(
        hmac, "compare_digest", lambda a, b: compared.append((a, b)) or original(a, b)
    )
    receive(headers(BODY), BODY, SECRET)
    assert len(compared) == 1
    assert (
        compared[0][1]
        == b"sha256=" + hmac.digest(SECRET.encode(), BODY, hashlib.sha256).hex().encode()
    )
