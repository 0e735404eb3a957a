import pytest

from rules.early_volatile_argument import rule
from tests.rules.tools import check_fixed, check_silent, findings

FILES = {"main.py": "", "requirements.txt": "flask\n"}
PY = "FROM python:3.12-slim\n"
INSTALL = "RUN pip install -r requirements.txt\n"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


def test_it_stops_above_the_first_step_that_may_read_it():
    tail = "RUN make version\n"
    check_fixed(
        rule,
        PY + "ARG BUILD_DATE=unknown\nRUN apt-get update && apt-get install -y curl\n" + tail,
        PY + "RUN apt-get update && apt-get install -y curl\nARG BUILD_DATE=unknown\n" + tail,
        FILES,
        edit="main.py",
    )


APT = "RUN apt-get update && apt-get install -y curl\n"


@pytest.mark.parametrize(
    ("moved", "between"),
    [
        ("ARG COMMIT\nENV GIT_COMMIT_HASH=$COMMIT\n", ""),
        ("ARG COMMIT\nENV COMMIT=$COMMIT\n", ""),
        ("ARG COMMIT\nENV COMMIT=${COMMIT}\nENV GIT_SHA ${COMMIT}\n", ""),
        ("ARG GIT_DESCRIBE=none\nENV GIT_DESCRIBE=${GIT_DESCRIBE:-none}\n", ""),
        ("ARG COMMIT\nENV \\\n  GIT_SHA=$COMMIT \\\n  REVISION=$COMMIT\n", ""),
        ("ARG COMMIT\nENV GIT_SHA=$COMMIT\n", "ENV PORT=80\nUSER root\n"),
    ],
)
def test_an_env_that_takes_its_value_moves_with_it(moved, between):
    tail = "COPY . .\nRUN make\n"
    check_fixed(
        rule,
        f"{PY}{moved}{between}{APT}{tail}",
        f"{PY}{between}{APT}{moved}{tail}",
        FILES,
        edit="main.py",
    )


def test_an_env_below_the_last_step_stays_there():
    check_fixed(
        rule,
        f"{PY}ARG COMMIT\n{APT}ENV GIT_SHA=$COMMIT\n",
        f"{PY}{APT}ARG COMMIT\nENV GIT_SHA=$COMMIT\n",
        FILES,
        edit="main.py",
    )


def test_a_stage_built_on_it_gets_the_env_all_the_same():
    tail = "FROM base\nRUN echo $GIT_SHA > /version\n"
    check_fixed(
        rule,
        f"{PY[:-1]} AS base\nARG COMMIT\nENV GIT_SHA=$COMMIT\n{APT}{tail}",
        f"{PY[:-1]} AS base\n{APT}ARG COMMIT\nENV GIT_SHA=$COMMIT\n{tail}",
        FILES,
        edit="main.py",
    )


def test_an_older_value_does_not_come_to_light_in_the_steps_that_are_passed():
    text = f"{PY}ENV GIT_SHA=none\nARG COMMIT\nENV GIT_SHA=$COMMIT\n{APT}"
    (found,) = findings(rule, {**FILES, "Dockerfile": text})
    assert found.fix is None
    assert "another value" in (found.no_fix or "")


@pytest.mark.parametrize(
    "text",
    [
        PY + "ARG GIT_SHA\nRUN make\n",
        PY + "ARG GIT_SHA\nRUN echo $GIT_SHA > /version && apt-get update\n",
        PY + "ARG GIT_SHA\nENV PIP_INDEX_URL=$GIT_SHA\nRUN apt-get update\n",
        PY + "ARG GIT_SHA\nENV SHA=$GIT_SHA PORT=80\nRUN apt-get update\n",
        PY + "ARG GIT_SHA\nENV SHA=$GIT_SHA-$TARGETARCH\nRUN apt-get update\n",
        PY + "ARG GIT_SHA\nENV SHA=$GIT_SHA\nRUN echo $SHA > /version && apt-get update\n",
        PY + "ARG GIT_SHA\nENV SHA=$GIT_SHA\nENV SHA=1\nRUN apt-get update\n",
        PY + "ARG GIT_SHA\nENV SHA=$GIT_SHA\nENV NEXT=$SHA\nRUN apt-get update\n",
        PY + "ARG GIT_SHA\nENV SHA=$GIT_SHA\nRUN make\n",
        PY + "ARG PYTHON_VERSION\nRUN apt-get update\n",
        PY + "ENV VERSION=1.2.3\nRUN apt-get update\n",
        PY + "RUN apt-get update\nARG GIT_SHA\nLABEL r=$GIT_SHA\n",
        "ARG GIT_SHA\n" + PY + "RUN apt-get update\n",
        PY + "ARG CACHEBUST\nRUN apt-get update\n",
        PY + "ARG GIT_SHA\nRUN ./configure\n" + INSTALL,
        PY + "ARG GIT_SHA\nCOPY build-$GIT_SHA /x\nRUN apt-get update\n",
        PY + "ARG GIT_SHA\nRUN --mount=type=bind,target=/s apt-get update\n",
    ],
)
def test_silent_where_it_may_be_read_or_does_not_change(text):
    check_silent(rule, text, {**FILES, "build-": ""})


def test_the_message_counts_the_steps():
    text = PY + "ARG GIT_SHA\nRUN apt-get update\nRUN useradd app\n"
    (found,) = findings(rule, {**FILES, "Dockerfile": text})
    assert "2 RUN steps below it" in found.message
