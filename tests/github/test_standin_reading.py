"""What the stand-in says of pull requests and of what a repository holds."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

REPO = "/repos/octo/shop"


@pytest.fixture
def pull(repository):
    repository.commit(
        "feature", {"src/a.py": "a\n", "Dockerfile": "RUN x\n" + repository.text("Dockerfile")}
    )
    return repository.open_pull_request("feature")


async def test_a_pull_request_names_both_ends(client, repository, pull):
    body = (await client.get(f"{REPO}/pulls/1")).body
    assert body["head"]["sha"] == repository.branches["feature"]
    assert body["base"]["sha"] == repository.branches["main"]
    assert (body["changed_files"], body["additions"], body["commits"]) == (2, 2, 1)


async def test_files_are_those_changed_since_the_branch_left_its_base(client, repository, pull):
    repository.commit("main", {"Dockerfile": "FROM other\n"})
    pull.push({"b": "b\n"})
    files = (await client.get(f"{REPO}/pulls/1/files")).body
    assert [(f["filename"], f["status"]) for f in files] == [
        ("Dockerfile", "modified"), ("b", "added"), ("src/a.py", "added"),
    ]  # fmt: skip
    assert files[0]["patch"].startswith("@@ -1,3 +1,4 @@\n+RUN x\n RUN step-1")


async def test_a_push_moves_the_head_and_a_closed_pull_request_stays(repository, pull):
    first = pull.head_sha
    second = pull.push({"b": "b\n"})
    assert (pull.before, pull.after) == (first, second)
    assert repository.resolve("refs/pull/1/head") == second
    pull.close()
    repository.commit("feature", {"c": "c\n"})
    assert pull.synchronize() == second


async def test_a_rebase_keeps_the_changes(client, repository, pull):
    repository.commit("main", {"README.md": "Another shop\n"})
    pull.rebase()
    assert pull.merge_base() == repository.branches["main"]
    assert [f.path for f in pull.files()] == ["Dockerfile", "src/a.py"]
    assert pull.text("README.md") == "Another shop\n"


async def test_a_forks_commits_are_read_through_the_base(github, client, repository):
    fork = github.fork(repository, "alice")
    fork.commit("patch", {"Dockerfile": "FROM fork\n"})
    pull = repository.open_pull_request("patch", fork=fork, author="alice")
    body = (await client.get(f"{REPO}/pulls/1")).body
    assert body["head"]["repo"]["full_name"] == "alice/shop"
    answer = await client.get(
        f"{REPO}/contents/Dockerfile?ref={pull.head_sha}", Accept="application/vnd.github.raw+json"
    )
    assert answer.body == b"FROM fork\n"
    assert (await client.get(f"{REPO}/commits/{pull.head_sha}/pulls")).body == []


async def test_a_listing_is_paged_with_links(client, repository):
    repository.commit("feature", {f"f{n:03}": "x\n" for n in range(250)})
    repository.open_pull_request("feature")
    url, names = f"{REPO}/pulls/1/files?per_page=100", []
    for _ in range(3):
        answer = await client.get(url)
        names += [file["filename"] for file in answer.body]
        links = {
            rel: url
            for url, rel in (part.split("; ") for part in answer.headers["Link"].split(", "))
        }
        url = links.get('rel="next"', "").strip("<>")
    assert len(set(names)) == 250
    assert 'rel="first"' in links
    assert 'rel="next"' not in links


async def test_a_page_has_no_more_than_100(client, repository):
    repository.commit("feature", {f"f{n:03}": "x\n" for n in range(120)})
    repository.open_pull_request("feature")
    assert len((await client.get(f"{REPO}/pulls/1/files?per_page=500")).body) == 100


async def test_files_stop_at_the_limit(github, client, repository):
    github.limits.files = 5
    repository.commit("feature", {f"f{n}": "x\n" for n in range(9)})
    pull = repository.open_pull_request("feature")
    assert len((await client.get(f"{REPO}/pulls/1/files?per_page=100")).body) == 5
    assert pull.json()["changed_files"] == 9


@pytest.mark.parametrize("limit", ["patch_lines", "patch_bytes", "diff_lines", "diff_bytes"])
async def test_a_large_diff_has_no_patch(github, client, pull, limit):
    setattr(github.limits, limit, 4 if "lines" in limit else 40)
    files = (await client.get(f"{REPO}/pulls/1/files")).body
    assert "patch" not in files[0]
    assert ("patch" in files[1]) == limit.startswith("patch")


async def test_a_binary_file_has_no_patch(client, repository):
    repository.commit("feature", {"logo.png": b"\x89PNG\0"})
    repository.open_pull_request("feature")
    (file,) = (await client.get(f"{REPO}/pulls/1/files")).body
    assert "patch" not in file
    assert file["status"] == "added"


async def test_the_whole_diff_comes_in_its_media_type_unless_it_is_large(github, client, pull):
    accept = "application/vnd.github.diff"
    answer = await client.get(f"{REPO}/pulls/1", Accept=accept)
    assert answer.body.startswith(b"diff --git a/Dockerfile b/Dockerfile\n")
    github.limits.diff_lines = 5
    assert (await client.get(f"{REPO}/pulls/1", Accept=accept)).status == 406


async def test_a_tree_lists_every_file_with_mode_and_size(client, repository, pull):
    repository.commit("feature", {"run": "#!x"}, executable=["run"])
    body = (await client.get(f"{REPO}/git/trees/{repository.branches['feature']}?recursive=1")).body
    found = {row["path"]: (row["mode"], row["type"], row.get("size")) for row in body["tree"]}
    assert found["run"] == ("100755", "blob", 3)
    assert found["src"] == ("040000", "tree", None)
    assert found["src/a.py"] == ("100644", "blob", 2)
    assert body["truncated"] is False


async def test_a_tree_without_recursion_is_one_folder(client, pull):
    body = (await client.get(f"{REPO}/git/trees/{pull.head_sha}")).body
    assert [row["path"] for row in body["tree"]] == ["Dockerfile", "README.md", "src"]
    inside = (await client.get(f"{REPO}/git/trees/{body['tree'][2]['sha']}")).body
    assert [row["path"] for row in inside["tree"]] == ["a.py"]


async def test_a_large_tree_is_truncated(github, client, pull):
    github.limits.tree_entries = 2
    body = (await client.get(f"{REPO}/git/trees/{pull.head_sha}?recursive=0")).body
    assert (len(body["tree"]), body["truncated"]) == (2, True)


async def test_a_blob_comes_in_base64_or_raw(client, repository):
    repository.commit("main", {"f": b"\xff\0\n"})
    sha = repository.files("main")["f"].sha
    body = (await client.get(f"{REPO}/git/blobs/{sha}")).body
    assert base64.b64decode(body["content"]) == b"\xff\0\n"
    raw = await client.get(f"{REPO}/git/blobs/{sha}", Accept="application/vnd.github.raw")
    assert raw.body == b"\xff\0\n"
    assert (await client.get(f"{REPO}/git/blobs/{'0' * 40}")).status == 404


async def test_contents_are_files_folders_and_links(client, repository, pull):
    repository.commit(
        "main", {"docs/a.md": "A\n", "link": "README.md", "out": "/etc"}, symlinks=["link", "out"]
    )
    file = (await client.get(f"{REPO}/contents/docs/a.md")).body
    assert base64.b64decode(file["content"]) == b"A\n"
    folder = (await client.get(f"{REPO}/contents/docs")).body
    assert [(row["type"], row["name"]) for row in folder] == [("file", "a.md")]
    followed = (await client.get(f"{REPO}/contents/link")).body
    assert base64.b64decode(followed["content"]) == b"A shop\n"
    assert (await client.get(f"{REPO}/contents/out")).body["target"] == "/etc"
    assert (await client.get(f"{REPO}/contents/none")).status == 404
    assert (await client.get(f"{REPO}/contents/src/a.py?ref=feature")).status == 200
    assert (await client.get(f"{REPO}/contents/src/a.py")).status == 404


async def test_contents_beyond_a_megabyte_come_raw_only(client, repository):
    repository.commit("main", {"big": "x" * 1_000_001})
    body = (await client.get(f"{REPO}/contents/big")).body
    assert (body["encoding"], body["content"]) == ("none", "")
    raw = await client.get(f"{REPO}/contents/big", Accept="application/vnd.github.raw+json")
    assert len(raw.body) == 1_000_001


async def test_commits_are_counted_by_path_and_date_through_the_last_page(client, repository):
    now = datetime.now(UTC)
    for days in (200, 60, 30, 1):
        repository.commit("main", {"lock": f"{days}\n"}, date=now - timedelta(days=days))
    repository.commit("main", {"other": "x\n"})
    since = (now - timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = await client.get(f"{REPO}/commits?path=lock&since={since}&per_page=1")
    assert len(answer.body) == 1
    assert "page=3" in answer.headers["Link"].split(", ")[1]
    assert 'rel="last"' in answer.headers["Link"].split(", ")[1]


async def test_a_comparison_has_its_files_on_the_first_page_only(client, repository, pull):
    repository.commit("main", {"README.md": "B\n"})
    pull.push({"b": "b\n"})
    body = (await client.get(f"{REPO}/compare/main...feature?per_page=1")).body
    assert (body["status"], body["ahead_by"], body["behind_by"]) == ("diverged", 2, 1)
    assert [file["filename"] for file in body["files"]] == ["Dockerfile", "b", "src/a.py"]
    second = (await client.get(f"{REPO}/compare/main...feature?per_page=1&page=2")).body
    assert (len(second["commits"]), second["files"]) == (1, [])


async def test_a_comparison_reaches_into_a_fork(github, client, repository):
    github.fork(repository, "alice").commit("patch", {"x": "x\n"})
    body = (await client.get(f"{REPO}/compare/main...alice:patch")).body
    assert [file["filename"] for file in body["files"]] == ["x"]


async def test_what_did_not_change_is_not_sent_again_and_is_free(github, client, pull):
    first = await client.get(f"{REPO}/pulls/1")
    again = await client.get(f"{REPO}/pulls/1", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["X-RateLimit-Used"] == first.headers["X-RateLimit-Used"]
    pull.push({"b": "b\n"})
    assert (await client.get(f"{REPO}/pulls/1", If_None_Match=first.headers["ETag"])).status == 200


async def test_the_newer_version_of_the_api_lacks_some_keys(client, pull):
    old = (await client.get(f"{REPO}/pulls/1")).body
    new = (await client.get(f"{REPO}/pulls/1", X_GitHub_Api_Version="2026-03-10")).body
    assert set(old) - set(new) == {"assignee", "merge_commit_sha"}


async def test_a_version_that_does_not_exist_is_refused(client):
    assert (await client.get(REPO, X_GitHub_Api_Version="2020-01-01")).status == 400
