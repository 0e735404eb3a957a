import pytest

from rules.update_apart_from_install import rule
from tests.rules.tools import check_fixed, check_silent, check_words

FILES = {"main.py": ""}


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "FROM debian:12\nRUN apt-get update -qq\n\n# tools\nRUN apt-get install -y \\\n    curl \\\n    git\n",
            "FROM debian:12\n\n# tools\nRUN apt-get update -qq && apt-get install -y \\\n    curl \\\n    git\n",
        ),
        (
            "FROM alpine\nRUN apk update\nRUN apk add curl\n",
            "FROM alpine\nRUN apk update && apk add curl\n",
        ),
        (
            "FROM debian:12\nRUN apt update\nENV A=1\nRUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
            "FROM debian:12\nENV A=1\nRUN apt update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
        ),
    ],
)
def test_the_two_become_one_run(before, after):
    check_fixed(rule, before, after, FILES, edit="main.py")


@pytest.mark.parametrize(
    "rest",
    [
        "RUN apt-get update && apt-get install -y curl\n",
        "RUN apt-get update && apt-get upgrade -y\nRUN apt-get install -y curl\n",
        "RUN apt-get update\nRUN apt-get update && apt-get install -y curl\n",
        "RUN apt-get update\nCOPY main.py /\nRUN apt-get install -y curl\n",
        "RUN apt-get update\nRUN make\n",
        "RUN apt-get update\nRUN apk add curl\n",
        "RUN apt-get update\nFROM debian:12\nRUN apt-get install -y curl\n",
    ],
)
def test_silent_where_it_is_one_run_or_something_else(rest):
    check_silent(rule, "FROM debian:12\n" + rest, FILES)


@pytest.mark.parametrize(
    "rest",
    [
        "RUN --mount=type=cache,target=/var/cache/apt apt-get update\nRUN apt-get install -y curl\n",
        'RUN ["apt-get", "update"]\nRUN apt-get install -y curl\n',
    ],
)
def test_runs_of_different_kinds_get_words(rest):
    check_words(rule, "FROM debian:12\n" + rest, FILES, "different ways")
