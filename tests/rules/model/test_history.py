from rules.model.history import MOST_PATHS, History


def test_what_is_not_known_by_path_is_asked_for_once_for_all():
    history = History()
    assert history.touching(["a", "b"]) is None
    assert history.touching(["b", "c"]) is None
    assert list(history.missing) == ["a", "b", "c"]


def test_commits_that_touched_one_of_the_paths_are_counted_once():
    history = History(by_path={"a": frozenset("12"), "b": frozenset("23")})
    assert history.touching(["a", "b"]) == frozenset("123")
    assert history.touching(["a", "c"]) is None
    assert history.missing == {}


def test_no_more_paths_are_asked_for_than_two_queries_take():
    history = History()
    history.touching(str(n) for n in range(MOST_PATHS))
    assert history.touching(["one more"]) is None
    assert "one more" not in history.missing
