import pytest

import rules
from rules.copy_source_before_install import rule as order
from rules.setup_after_source import rule
from tests.rules.tools import build, check_fixed, check_silent, findings

FILES = {"main.py": "", "requirements.txt": "flask\n", "setup.sh": "", ".dockerignore": ".git\n"}
APP = "FROM python:3.12-bookworm\nWORKDIR /app\n"
APT = "RUN apt-get update && apt-get install -y libpq-dev\n"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


@pytest.mark.parametrize(
    "step",
    [
        "RUN useradd --create-home appuser\n",
        "RUN pip install --upgrade pip\n",
        "RUN apk add --no-cache curl\n",
        "RUN set -eux; apt-get update; apt-get install -y curl; rm -rf /var/lib/apt/lists/*\n",
        "RUN groupadd -r app && useradd -r -g app app\n",
    ],
)
def test_what_reads_nothing_of_the_source_goes_before_it(step):
    check_fixed(rule, APP + "COPY . .\n" + step, APP + step + "COPY . .\n", FILES, edit="main.py")


@pytest.mark.parametrize(
    "rest",
    [
        "RUN ./setup.sh\n",
        "RUN make\n",
        "RUN mkdir -p /app/logs\n",
        "RUN mkdir -p /data && chown 1000 /data\n",
        "RUN git config --global --add safe.directory /app\n",
        "RUN npm config set fund false && pip config set global.timeout 60\n",
        "WORKDIR /srv\nRUN git init && poetry config virtualenvs.create false\n",
        "RUN sed -i s/http:/https:/ /etc/apt/sources.list && touch /etc/stamp\n",
        "RUN apt-get update && apt-get install -y ./local.deb\n",
        "RUN apt-get update && apt-get install -y $PACKAGES\n",
        "RUN xargs apt-get install -y < packages.txt\n",
        "RUN --mount=type=bind,target=/src apt-get install -y curl\n",
    ],
)
def test_what_may_read_the_source_or_takes_no_time_stays(rest):
    check_silent(rule, APP + "COPY . .\n" + rest, FILES)


@pytest.mark.parametrize("target", ["/", "/etc", "/usr/local/bin/", "/root/", "/home/app"])
def test_copies_to_places_that_are_read_unseen_are_not_crossed(target):
    check_silent(rule, f"FROM debian:12\nCOPY . {target}\n{APT}", FILES)


def test_a_step_before_the_source_is_left_alone():
    check_silent(rule, APP + APT + "COPY . .\n", FILES)


def test_the_naive_file_reaches_a_good_order_by_its_own_suggestions():
    text = (
        APP
        + "COPY . .\n"
        + APT
        + "RUN pip install --upgrade pip && pip install -r requirements.txt\n"
        + "RUN useradd --create-home --shell /bin/bash appuser\n"
        + "USER appuser\n"
        + 'CMD ["uvicorn", "main:app"]\n'
    )
    whole = build({**FILES, "Dockerfile": text})
    found, _ = rules.check(whole)
    mine = [f for f in found if f.rule in (order.name, rule.name)]
    assert len(mine) == 3
    assert all(f.fix for f in mine)
    fixed, done = rules.combine(whole, mine)
    assert len(done) == 3
    assert fixed.dockerfile.text == (
        APP
        + "COPY requirements.txt ./\n"
        + APT
        + "RUN pip install --upgrade pip && pip install -r requirements.txt\n"
        + "RUN useradd --create-home --shell /bin/bash appuser\n"
        + "COPY . .\n"
        + "USER appuser\n"
        + 'CMD ["uvicorn", "main:app"]\n'
    )
    assert [f for f in rules.check(fixed)[0] if f.rule in (order.name, rule.name)] == []


def test_two_set_up_steps_are_two_findings():
    text = APP + "COPY . .\n" + APT + "RUN useradd app\n"
    assert len(findings(rule, {**FILES, "Dockerfile": text})) == 2


def test_settings_beside_an_install_move_with_it_unsaid():
    step = "RUN npm config set fund false && apt-get update && apt-get install -y git\n"
    check_fixed(rule, APP + "COPY . .\n" + step, APP + step + "COPY . .\n", FILES, edit="main.py")
    (found,) = findings(rule, {**FILES, "Dockerfile": APP + "COPY . .\n" + step})
    assert "config" not in found.message
