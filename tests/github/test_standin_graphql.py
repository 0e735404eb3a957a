"""The GraphQL API of the stand-in."""

import base64
import json

import pytest

from tests.github import description, graphql
from tests.github.accounts import node_id
from tests.github.reviews import MAX_BODY

BLOB = "... on Blob { oid byteSize isBinary isTruncated text }"
THREADS = """query($first: Int) { repository(owner: "octo", name: "shop") { pullRequest(number: 1) {
  reviewThreads(first: $first) { totalCount pageInfo { hasNextPage endCursor } nodes {
    id isResolved isOutdated viewerCanResolve line comments(first: 10) { nodes {
      id databaseId viewerDidAuthor isMinimized minimizedReason author { __typename login } } } } } } } }"""
RESOLVE = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved resolvedBy { login } } } }"
MINIMIZE = """mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) {
  minimizedComment { isMinimized minimizedReason } } }"""
COMMIT = """mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) {
  commit { oid messageHeadline } } }"""


@pytest.fixture
async def pull(client, repository):
    repository.commit("feature", {"Dockerfile": "RUN x\n" + repository.text("Dockerfile")})
    pull = repository.open_pull_request("feature")
    comments = [{"path": "Dockerfile", "line": line, "body": f"On {line}"} for line in (1, 2)]
    body = {"event": "COMMENT", "body": "x", "comments": comments}
    assert (await client.post("/repos/octo/shop/pulls/1/reviews", body)).status == 200
    return pull


async def test_files_are_read_by_alias_in_one_request(github, client, repository):
    repository.commit("main", {"logo": b"\0", "big": "x" * 512_001, "latin": b"\xe9\n"})
    names = ["README.md", "logo", "big", "latin", "none", "docs/none"]
    objects = "\n".join(f"f{n}: object(expression: $e{n}) {{ {BLOB} }}" for n in range(len(names)))
    arguments = ", ".join(f"$e{n}: String" for n in range(len(names)))
    query = f'query({arguments}) {{ repository(owner: "octo", name: "shop") {{ {objects} }} }}'
    variables = {f"e{n}": f"main:{name}" for n, name in enumerate(names)}
    found = (await client.query(query, **variables))["data"]["repository"]
    assert found["f0"] == {
        "oid": repository.files("main")["README.md"].sha,
        "byteSize": 7, "isBinary": False, "isTruncated": False, "text": "A shop\n",
    }  # fmt: skip
    assert (found["f1"]["isBinary"], found["f1"]["text"]) == (True, None)
    assert (found["f2"]["isTruncated"], len(found["f2"]["text"])) == (True, 512_000)
    assert (found["f3"]["isBinary"], found["f3"]["text"]) == (False, "\ufffd\n")
    assert (found["f4"], found["f5"]) == (None, None)
    assert len(github.asked("/graphql")) == 1


async def test_the_history_of_a_path_is_counted(client, repository):
    for n in range(3):
        repository.commit("main", {"lock": f"{n}\n"})
    repository.commit("main", {"other": "x\n"})
    query = """query($oid: GitObjectID) { repository(owner: "octo", name: "shop") { object(oid: $oid) {
      ... on Commit { history(first: 1, path: "lock", since: "2020-01-01T00:00:00Z") { totalCount nodes { oid } } } } } }"""
    found = await client.query(query, oid=repository.branches["main"])
    history = found["data"]["repository"]["object"]["history"]
    assert (history["totalCount"], len(history["nodes"])) == (3, 1)


async def test_threads_say_who_wrote_and_what_became_of_them(client, pull):
    pull.threads[0].reply("alice", "won't fix")
    pull.threads[0].resolve("alice")
    pull.push({"Dockerfile": "RUN y\n" + "".join(f"RUN step-{n}\n" for n in range(1, 31))})
    found = (await client.query(THREADS, first=10))["data"]["repository"]["pullRequest"][
        "reviewThreads"
    ]
    first, second = found["nodes"]
    assert (first["isResolved"], first["isOutdated"], first["line"]) == (True, True, None)
    assert (second["isResolved"], second["isOutdated"], second["line"]) == (False, False, 2)
    said = [(c["viewerDidAuthor"], c["author"]) for c in first["comments"]["nodes"]]
    bot = {"__typename": "Bot", "login": "layerwise"}
    assert said == [(True, bot), (False, {"__typename": "User", "login": "alice"})]


async def test_a_connection_is_paged(client, pull):
    query = THREADS.replace("first: $first", 'first: $first, after: "1"')
    page = (await client.query(query, first=1))["data"]["repository"]["pullRequest"][
        "reviewThreads"
    ]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (2, False)
    assert page["nodes"][0]["comments"]["nodes"][0]["databaseId"] == pull.comments[1].id


@pytest.mark.parametrize(
    ("first", "kind"), [(None, "MISSING_PAGINATION_BOUNDARIES"), (101, "EXCESSIVE_PAGINATION")]
)
async def test_a_connection_needs_a_size_of_at_most_100(client, pull, first, kind):
    answer = await client.query(THREADS, first=first)
    assert answer["errors"][0]["type"] == kind
    assert answer["errors"][0]["path"] == ["repository", "pullRequest", "reviewThreads"]


async def test_resolving_needs_write_access_to_the_contents(
    github, client, app_client, repository, pull
):
    identity = (await client.query(THREADS, first=1))["data"]["repository"]["pullRequest"][
        "reviewThreads"
    ]["nodes"][0]
    assert identity["viewerCanResolve"] is False
    refused = await client.query(RESOLVE, id=identity["id"])
    assert refused["data"] == {"resolveReviewThread": None}
    assert refused["errors"][0]["type"] == "FORBIDDEN"
    assert refused["errors"][0]["message"] == "Resource not accessible by integration"
    github.installation(repository).permissions["contents"] = "write"
    writer = await writing(github, client)
    resolved = await writer.query(RESOLVE, id=identity["id"])
    thread = resolved["data"]["resolveReviewThread"]["thread"]
    assert thread == {"isResolved": True, "resolvedBy": {"login": "layerwise"}}
    assert pull.threads[0].resolved


async def writing(github, client):
    """A client whose token was made after more was granted."""
    from tests.github.conftest import Client, assertion, installed  # noqa: PLC0415

    app = next(iter(github.apps.values()))
    speaker = Client(github, client.session, assertion(github, app))
    return await installed(speaker, next(iter(github.installations)))


async def test_an_own_comment_is_minimised(client, pull):
    nodes = (await client.query(THREADS, first=1))["data"]["repository"]["pullRequest"][
        "reviewThreads"
    ]["nodes"]
    comment = nodes[0]["comments"]["nodes"][0]
    assert comment["isMinimized"] is False
    answer = await client.query(MINIMIZE, id=comment["id"])
    minimized = answer["data"]["minimizeComment"]["minimizedComment"]
    assert minimized == {"isMinimized": True, "minimizedReason": "outdated"}
    assert pull.comments[0].minimized == "OUTDATED"


EDIT = """mutation($input: UpdatePullRequestReviewCommentInput!) {
  updatePullRequestReviewComment(input: $input) { pullRequestReviewComment { body } } }"""
EDIT_REVIEW = """mutation($input: UpdatePullRequestReviewInput!) {
  updatePullRequestReview(input: $input) { pullRequestReview { body } } }"""
DELETE = """mutation($input: DeletePullRequestReviewCommentInput!) {
  deletePullRequestReviewComment(input: $input) { pullRequestReviewComment { body } } }"""


def wording(pull, body):
    """The mutations on the newest comment and the newest review, each with its input."""
    comment = node_id("PullRequestReviewComment", pull.comments[-1].id)
    review = node_id("PullRequestReview", pull.reviews[-1].id)
    return [
        (EDIT, {"pullRequestReviewCommentId": comment, "body": body}),
        (EDIT_REVIEW, {"pullRequestReviewId": review, "body": body}),
        (DELETE, {"id": comment}),
    ]


async def test_an_own_review_and_its_comments_are_reworded_and_deleted(client, pull):
    edit, edit_review, delete = wording(pull, "said better")
    for mutation, given in (edit, edit_review):
        assert "errors" not in await client.query(mutation, input=given)
    assert pull.comments[-1].body == pull.reviews[-1].body == "said better"
    assert "errors" not in await client.query(delete[0], input=delete[1])
    assert [comment.body for comment in pull.comments] == ["On 1"]


async def test_what_another_wrote_is_neither_reworded_nor_deleted(client, pull):
    pull.threads[0].reply("alice", "won't fix")
    for mutation, given in wording(pull, "said better"):
        answer = await client.query(mutation, input=given)
        assert answer["errors"][0]["type"] == "FORBIDDEN"
    assert pull.comments[-1].body == "won't fix"


@pytest.mark.parametrize("body", ["", "x" * (MAX_BODY + 1)])
async def test_a_comment_is_not_reworded_to_nothing_or_to_more_than_is_kept(client, pull, body):
    for mutation, given in wording(pull, body)[:2]:
        answer = await client.query(mutation, input=given)
        assert answer["errors"][0]["type"] == "UNPROCESSABLE"
    assert pull.comments[-1].body == "On 2"


def change(head, *, path="Dockerfile", branch="feature", **more):
    contents = base64.b64encode(b"FROM fixed\n").decode()
    return {
        "branch": {"repositoryNameWithOwner": "octo/shop", "branchName": branch},
        "expectedHeadOid": head,
        "message": {"headline": "Fix"},
        "fileChanges": {"additions": [{"path": path, "contents": contents}], **more},
    }


async def test_a_commit_is_made_by_whoever_may_write_and_moves_the_pull_request(
    github, client, repository, pull
):
    refused = await client.query(COMMIT, input=change(pull.head_sha))
    assert refused["errors"][0]["type"] == "FORBIDDEN"
    github.installation(repository).permissions["contents"] = "write"
    writer = await writing(github, client)
    deleted = {"deletions": [{"path": "README.md"}]}
    answer = await writer.query(COMMIT, input=change(pull.head_sha, **deleted))
    oid = answer["data"]["createCommitOnBranch"]["commit"]["oid"]
    assert pull.head_sha == oid
    assert pull.text("Dockerfile") == "FROM fixed\n"
    assert "README.md" not in repository.files("feature")
    commit = (await client.get(f"/repos/octo/shop/commits/{oid}")).body
    assert commit["author"]["login"] == "layerwise[bot]"
    assert commit["commit"]["verification"]["verified"] is True


async def test_a_commit_on_a_head_that_moved_is_refused(github, client, repository, pull):
    github.installation(repository).permissions["contents"] = "write"
    writer, head = await writing(github, client), pull.head_sha
    pull.push({"x": "x\n"})
    answer = await writer.query(COMMIT, input=change(head))
    error = answer["errors"][0]
    message = f'Expected branch to point to "{head}" but it did not.  Pull and try again.'
    assert (error["type"], error["message"]) == ("STALE_DATA", message)
    workflow = change(pull.head_sha, path=".github/workflows/ci.yml")
    assert (await writer.query(COMMIT, input=workflow))["errors"][0]["type"] == "FORBIDDEN"


async def test_what_is_not_there_is_not_found(github, client):
    github.add_repository("someone/secret", private=True)
    for owner, name in (("octo", "none"), ("someone", "secret")):
        query = f'{{ repository(owner: "{owner}", name: "{name}") {{ id }} }}'
        answer = await client.query(query)
        assert answer["data"] == {"repository": None}
        assert answer["errors"][0]["type"] == "NOT_FOUND"
        assert f"'{owner}/{name}'" in answer["errors"][0]["message"]


async def test_a_query_costs_a_point_at_least(client):
    query = "{ rateLimit { cost remaining limit } }"
    first, second = [(await client.query(query))["data"]["rateLimit"] for _ in range(2)]
    assert (first["cost"], first["limit"]) == (1, 5000)
    assert second["remaining"] == first["remaining"] - 1


@pytest.mark.parametrize("query", ["{ repository(owner: 1) { id } }", "{ nothing }", "{ "])
async def test_a_query_that_the_schema_forbids_is_a_violation(github, client, query):
    answer = await client.query(query)
    assert "data" not in answer
    assert answer["errors"]
    assert github.violations
    github.violations.clear()


def test_the_schema_here_is_a_part_of_githubs():
    published = description.schema_file("graphql-schema/schema.json")
    if published is None:
        pytest.skip(description.why_no_schemas("@octokit/graphql-schema"))
    from graphql import build_client_schema  # noqa: PLC0415

    document = json.loads(published.read_text())
    theirs = build_client_schema(document.get("data", document)).type_map
    ours = {n: t for n, t in graphql.schema().type_map.items() if not n.startswith("__")}
    assert sorted(set(ours) - set(theirs)) == []
    for name, kind in ours.items():
        other = theirs[name]
        assert type(kind).__name__ == type(other).__name__, name
        for value in getattr(kind, "values", {}):
            assert value in other.values, f"{name}.{value}"
        for interface in getattr(kind, "interfaces", ()):
            assert interface.name in [i.name for i in other.interfaces], name
        for field, ours_field in getattr(kind, "fields", {}).items():
            place, theirs_field = f"{name}.{field}", other.fields[field]
            assert str(ours_field.type) == str(theirs_field.type), place
            for argument, value in getattr(ours_field, "args", {}).items():
                assert str(value.type) == str(theirs_field.args[argument].type), (
                    f"{place}.{argument}"
                )
        if hasattr(kind, "values"):
            assert set(kind.values) == set(other.values), name
        if type(kind).__name__ == "GraphQLInputObjectType":
            assert set(kind.fields) == set(other.fields), name
