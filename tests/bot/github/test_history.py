"""Evidence on a pull request: what the default branch's commits touched, in two requests at most."""

import pytest

from bot.github import history
from tests.bot.ears import naive
from tests.github.faults import Fault

QUERIES = "POST /graphql"


@pytest.fixture
def pull(repository):
    for n in range(3):
        repository.commit("main", {"main.py": f"print({n})\n"})
    repository.commit("main", {"requirements.txt": "flask==3\n"})
    return naive(repository)


async def test_a_comment_counts_the_commits_of_the_default_branch(bot, pull):
    await bot.opened(pull)
    (comment,) = pull.comments
    assert "5 recent commits" in comment.body
    assert "2 would have" in comment.body


async def test_a_history_costs_one_request_more(bot, github, pull):
    await bot.opened(pull)
    queries = [str(request.body) for request in github.asked("/graphql")]
    assert sum("history(" in query for query in queries) == 1


@pytest.mark.parametrize("kind", ["error", "wrong JSON", "rate limit", "cut"])
async def test_a_history_that_fails_does_not_fail_the_review(bot, github, pull, monkeypatch, kind):
    read = history.read_history

    async def failing(client, repository, paths):
        github.faults.append(Fault(kind, QUERIES))
        return await read(client, repository, paths)

    monkeypatch.setattr("bot.github.read_history", failing)
    await bot.opened(pull)
    (comment,) = pull.comments
    assert "copy-source-before-install" in comment.body
    assert "recent commits" not in comment.body


async def test_an_empty_path_is_the_whole_repository_and_ten_go_into_a_query(bot, github, pull):
    client = bot.worker._client.repository(github.installation(pull.repository).id, "shop")
    paths = ["", "main.py", "none", *(f"{n}.py" for n in range(9))]
    found = await history.read_history(client, "octo/shop", paths)
    assert [len(found[path]) for path in paths[:3]] == [5, 4, 0]
    assert found.keys() == set(paths)
    assert len(github.asked("/graphql")) == 2
    assert github.violations == []
