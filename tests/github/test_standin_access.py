"""Who may do what: Apps, installations, tokens, permissions."""

import jwt
import pytest

from tests.github.apps import key_of
from tests.github.conftest import Client, assertion, installed

FILES = "/repos/octo/shop/pulls/1/files"


async def test_an_app_proves_itself_by_a_token_that_it_signs(app_client, app):
    answer = await app_client.get("/app")
    assert (answer.status, answer.body["id"]) == (200, app.id)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iat": +60}, "'Issued at' claim"),
        ({"exp": -1}, "'Expiration time' claim ('exp') must be"),
        ({"exp": 601}, "too far in the future"),
        ({"iss": "7"}, "could not be decoded"),
    ],
)
async def test_a_token_of_an_app_with_wrong_claims_is_refused(
    github, session, app, claims, message
):
    now = int(github.now().timestamp())
    claims = {k: v if k == "iss" else now + v for k, v in claims.items()}
    answer = await Client(github, session, assertion(github, app, **claims)).get("/app")
    assert answer.status == 401
    assert message in answer.body["message"]


@pytest.mark.parametrize("how", ["another key", "HS256", "none"])
async def test_a_token_of_an_app_with_another_signature_is_refused(github, session, app, how):
    now = int(github.now().timestamp())
    claims = {"iat": now, "exp": now + 60, "iss": str(app.id)}
    token = {
        "another key": lambda: jwt.encode(claims, key_of(999), algorithm="RS256"),
        "HS256": lambda: jwt.encode(claims, "x" * 40, algorithm="HS256"),
        "none": lambda: jwt.encode(claims, None, algorithm="none"),
    }[how]()
    answer = await Client(github, session, token).get("/app")
    assert (answer.status, answer.body["message"]) == (401, "A JSON web token could not be decoded")


async def test_an_installation_token_is_long_and_lives_for_an_hour(github, client):
    assert client.credential.startswith("ghs_1000_")
    assert 500 < len(client.credential) < 800
    assert (await client.get("/repos/octo/shop")).status == 200
    github.advance(3601)
    answer = await client.get("/repos/octo/shop")
    assert (answer.status, answer.body["message"]) == (401, "Bad credentials")


async def test_a_token_reaches_the_repositories_it_was_made_for(
    github, app, app_client, repository
):
    other = github.add_repository("octo/private", private=True, installed=app)
    other.commit("main", {"a": "b"})
    scoped = await installed(
        app_client, github.installation(repository).id, {"repository_ids": [repository.id]}
    )
    assert (await scoped.get("/repos/octo/shop")).status == 200
    assert (await scoped.get("/repos/octo/private")).status == 404


async def test_a_token_for_a_repository_without_the_app_is_refused(github, app_client, repository):
    stranger = github.add_repository("someone/else")
    path = f"/app/installations/{github.installation(repository).id}/access_tokens"
    answer = await app_client.post(path, {"repository_ids": [stranger.id]})
    assert answer.status == 422
    assert "not accessible to the parent installation" in answer.body["message"]


@pytest.mark.parametrize("permissions", [{"contents": "write"}, {"issues": "read"}])
async def test_a_token_for_more_than_was_granted_is_refused(
    github, app_client, repository, permissions
):
    path = f"/app/installations/{github.installation(repository).id}/access_tokens"
    answer = await app_client.post(path, {"permissions": permissions})
    message = "The permissions requested are not granted to this installation."
    assert (answer.status, answer.body["message"]) == (422, message)


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        ({"pull_requests": "read"}, 200),
        ({"pull_requests": "write"}, 200),
        ({"contents": "read"}, 403),
    ],
)
async def test_a_permission_is_asked_for_and_named(
    github, app_client, repository, permissions, status
):
    repository.commit("feature", {"a": "b"})
    repository.open_pull_request("feature")
    client = await installed(
        app_client, github.installation(repository).id, {"permissions": permissions}
    )
    answer = await client.get(FILES)
    assert answer.status == status
    assert answer.headers["X-Accepted-GitHub-Permissions"] == "pull_requests=read"
    if status == 403:
        assert answer.body["message"] == "Resource not accessible by integration"


async def test_reading_does_not_give_writing(github, app_client, repository):
    repository.commit("feature", {"a": "b"})
    repository.open_pull_request("feature")
    body = {"permissions": {"pull_requests": "read"}}
    client = await installed(app_client, github.installation(repository).id, body)
    answer = await client.post(
        "/repos/octo/shop/pulls/1/reviews", {"event": "COMMENT", "body": "x"}
    )
    assert answer.status == 403


async def test_what_is_public_may_be_read_without_the_app_but_not_written(github, client):
    github.add_repository("someone/else").commit("main", {"a": "b"})
    assert (await client.get("/repos/someone/else/contents/a")).status == 200
    answer = await client.post(
        "/repos/someone/else/check-runs", {"name": "x", "head_sha": "0" * 40}
    )
    assert answer.status == 403


async def test_what_is_private_does_not_exist_for_others(github, client, nobody):
    github.add_repository("someone/secret", private=True).commit("main", {"a": "b"})
    assert (await client.get("/repos/someone/secret")).status == 404
    assert (await nobody.get("/repos/someone/secret")).status == 404


async def test_a_suspended_installation_gets_and_uses_no_token(
    github, app_client, client, repository
):
    installation = github.installation(repository)
    installation.suspended = github.stamp()
    path = f"/app/installations/{installation.id}/access_tokens"
    assert (await app_client.post(path)).status == 403
    assert (await client.get("/repos/octo/shop")).status == 403


async def test_an_app_that_was_removed_has_no_token(github, app_client, client, repository):
    installation = github.installation(repository)
    del github.installations[installation.id]
    assert (
        await app_client.post(f"/app/installations/{installation.id}/access_tokens")
    ).status == 404
    assert (await client.get("/repos/octo/shop")).status == 401


async def test_a_renamed_repository_redirects_to_its_number(github, client, repository):
    github.rename(repository, "store")
    moved = await client.get("/repos/octo/shop/commits?per_page=1")
    assert moved.status == 301
    assert moved.headers["Location"].endswith(f"/repositories/{repository.id}/commits?per_page=1")
    assert (await client.get(moved.headers["Location"])).status == 200


@pytest.mark.parametrize(
    ("login", "level"),
    [("octo", "admin"), ("writer", "write"), ("maintainer", "write"), ("stranger", "read")],
)
async def test_a_person_has_one_of_four_permissions(github, client, repository, login, level):
    repository.permissions |= {"writer": "write", "maintainer": "maintain"}
    github.account(login)
    answer = await client.get(f"/repos/octo/shop/collaborators/{login}/permission")
    assert answer.body["permission"] == level


async def test_nobody_of_that_name_has_no_permission(client):
    answer = await client.get("/repos/octo/shop/collaborators/nobody-at-all/permission")
    assert answer.status == 404
