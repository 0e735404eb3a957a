import pytest

from rules.model.accounts import ROOT, Account, account_of
from rules.model.lineage import base_image, seen_by
from tests.rules.tools import build


def asked(before, user, image="debian:12"):
    whole = build({"Dockerfile": f"FROM {image} AS a\n{before}FROM a\nRUN id\n"})
    return account_of(whole, whole.layers[-1], user)


@pytest.mark.parametrize(
    ("call", "account"),
    [
        ("useradd -m -u 1001 app", Account("app", 1001, None, "/home/app")),
        ("useradd -rm -u 1001 app", None),
        ("useradd --create-home --uid=1001 --gid 5 --shell /bin/sh app", Account("app", 1001, 5, "/home/app")),
        ("useradd -ms /bin/bash -d /srv/app -u1001 app", Account("app", 1001, None, "/srv/app")),
        ("useradd -m app", None),
        ("useradd -u 1001 app", None),
        ("useradd -m -u $UID app", None),
        ("adduser -D -u 1001 app", Account("app", 1001, None, "/home/app")),
        ("adduser --disabled-password --gecos '' --uid 1001 app", Account("app", 1001, None, "/home/app")),
        ("adduser -D -H -u 1001 app", None),
        ("adduser -S -u 1001 app", None),
        ("id app || useradd -m -u 1001 app", None),
        ("if id app; then useradd -m -u 1 app; else useradd -m -u 1001 app; fi", None),
        ("useradd -m -u 1001 app && usermod -u 1002 app", None),
        ("adduser -D -h /data -s /bin/sh -u 1001 app", Account("app", 1001, None, "/data")),
    ],
)  # fmt: skip
def test_an_account_is_known_by_the_call_that_makes_it(call, account):
    assert asked(f"RUN {call}\n", "app") == account
    assert asked(f"RUN {call}\n", "1001") == account


@pytest.mark.parametrize(
    ("image", "user", "account"),
    [
        ("debian:12", "root", ROOT),
        ("debian:12", "0", ROOT),
        ("debian:12", "app", None),
        ("debian:12", None, None),
        ("node:22-slim", "node", Account("node", 1000, 1000, "/home/node")),
        ("docker.io/library/node", "1000:1000", Account("node", 1000, 1000, "/home/node")),
        ("node", "node:5", Account("node", 1000, 5, "/home/node")),
        ("node", "node:staff", Account("node", 1000, None, "/home/node")),
    ],
)
def test_images_come_with_accounts(image, user, account):
    assert asked("", user, image) == account


def test_an_account_of_the_image_may_be_given_another_number():
    assert asked("RUN groupmod -g 1001 node && usermod -u 1001 node\n", "node", "node:22") is None
    assert asked("RUN usermod -u 1001 node\n", "root", "node:22") == ROOT


def test_a_step_sees_its_own_stage_and_those_that_it_is_built_on():
    text = "FROM a AS a\nRUN 1\nFROM b AS b\nRUN 2\nFROM a\nRUN 3\nRUN 4\n"
    whole = build({"Dockerfile": text})
    lines = [layer.instruction.span.start for layer in seen_by(whole, whole.layers[-1])]
    assert lines == [1, 2, 5, 6]


def test_the_base_is_found_through_the_stages_between():
    whole = build({"Dockerfile": "ARG V=3\nFROM python:$V AS a\nFROM a AS b\nFROM b\n"})
    assert (base_image(whole, 2).name, base_image(whole, 2).tag) == ("python", "3")
