import io
import json
import logging
import sys

import pytest

from bot.log import Formatter, bound, set_up
from bot.redact import HIDDEN, Redactor

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc/def+ghi=\n-----END RSA PRIVATE KEY-----\n"
TOKENS = [
    "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
    "ghs_1000_" + "A-_.b" * 100,
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
    PEM,
    PEM.replace("\n", "\\n"),
    PEM[:60],
]


@pytest.mark.parametrize("secret", TOKENS)
def test_what_looks_like_a_secret_is_hidden(secret):
    text = Redactor().text(f"before {secret} after")
    assert text.startswith(f"before {HIDDEN}")
    for piece in (secret[8:40], secret[-12:-2]):
        assert piece not in text


def test_a_password_in_a_url_is_hidden():
    text = Redactor().text("postgresql://layerwise:hunter2@db:5432/x failed")
    assert text == f"postgresql://{HIDDEN}@db:5432/x failed"


def test_values_that_are_known_are_hidden_wherever_they_are():
    redactor = Redactor(["It's a Secret", "ab"])
    value = {"a": ["x It's a Secret y", ("It's a Secret",)], "It's a Secret": 1, "ab": None}
    assert redactor.value(value) == {"a": [f"x {HIDDEN} y", [HIDDEN]], HIDDEN: 1, "ab": None}


@pytest.mark.parametrize("text", ["ghs_short", "sha256:" + "ab" * 32, "https://github.com/a/b", "eyJ"])  # fmt: skip
def test_what_is_no_secret_is_left(text):
    assert Redactor().text(text) == text


@pytest.mark.parametrize("text", ["-----BEGIN " * 20_000, "eyJ" * 60_000, "://" * 60_000, "://" + "a:" * 60_000])  # fmt: skip
def test_a_hostile_text_takes_no_longer(text):
    Redactor().text(text)  # a test that hangs has failed


def line(as_json: bool, message: str = "stored %d", *args, **extra) -> str:
    record = logging.LogRecord("bot.x", logging.WARNING, "x.py", 1, message, args or (3,), None)
    record.__dict__.update(extra)
    return Formatter(Redactor(), as_json=as_json).format(record)


def test_a_line_is_json_with_what_is_bound():
    with bound(delivery="d1", installation=1), bound(installation=2):
        found = json.loads(line(True, fields={"seconds": 0.5}))
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "warning",
        "logger": "bot.x",
        "message": "stored 3",
        "delivery": "d1",
        "installation": 2,
        "seconds": 0.5,
    }
    assert "delivery" not in line(True)


def test_a_line_for_a_terminal_is_one_line():
    with bound(delivery="d1"):
        text = line(False, "two\nlines %d")
    assert text.count("\n") == 0
    assert text.endswith("WARNING two\\nlines 3 delivery=d1")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_secret_is_in_no_line_and_no_traceback(as_json):
    try:
        int(TOKENS[0])
    except ValueError:
        trace = sys.exc_info()
    with bound(token=TOKENS[1]):
        text = line(as_json, "sent %s", TOKENS[2], exc_info=trace)
    assert "ValueError" in text
    for token in TOKENS[:3]:
        assert token not in text


def test_logs_are_json_where_nobody_watches():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    try:
        set_up(Redactor(), stream)
        logging.getLogger("bot").info("hello")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert json.loads(stream.getvalue())["message"] == "hello"
