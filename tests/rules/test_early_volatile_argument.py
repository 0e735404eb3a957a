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


@pytest.mark.parametrize(
    "text",
    [
        PY + "ARG GIT_SHA\nRUN make\n",
        PY + "ARG GIT_SHA\nRUN echo $GIT_SHA > /version && apt-get update\n",
        PY + "ARG GIT_SHA\nENV SHA=$GIT_SHA\nRUN apt-get update\n",
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
