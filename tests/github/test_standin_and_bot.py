"""The stand-in and the bot, which read the same patch by code of their own, come to one verdict."""

from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.diff import read_patch
from rules.model.dockerfile import Span
from tests.github import StandIn
from tests.github.reviews import Misplaced, add_review, place
from tests.github.suggestions import SuggestionRefused

LINES = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=25)


@settings(max_examples=30)
@given(before=LINES, after=LINES, data=st.data())
def test_the_bot_and_the_page_agree_on_what_can_be_committed(before, after, data):
    start = data.draw(st.integers(1, len(after)))
    end = data.draw(st.integers(start, min(start + 4, len(after))))
    with closing(StandIn()) as github:
        repository = github.add_repository("octo/shop")
        repository.commit("main", {"f": "\n".join([*before, ""]), "g": "g\n"})
        repository.commit("feature", {"f": "\n".join([*after, ""]), "g": "h\n"})
        pull = repository.open_pull_request("feature", author="alice")
        patch = next((change.patch for change in pull.files() if change.path == "f"), "")
        ours = any(hunk.replaceable(Span(start, end)) for hunk in read_patch(patch or ""))
        try:
            commit_suggestion(pull, start, end, "new")
        except (Misplaced, SuggestionRefused):
            assert not ours
        else:
            assert ours
            assert pull.text("f") == "\n".join([*after[: start - 1], "new", *after[end:], ""])


def commit_suggestion(pull, start, end, line):
    asked = {"path": "f", "line": end, **({} if start == end else {"start_line": start})}
    said = (place(pull, pull.head_sha, asked), f"```suggestion\n{line}\n```")
    bot = pull.repository.github.account("bot")
    review = add_review(pull, bot, "COMMENTED", "", pull.head_sha, [said])
    pull.apply_suggestions([review.comments[0].id])
