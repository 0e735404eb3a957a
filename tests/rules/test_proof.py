"""A fix that is wrong is refused, whichever rule offers it; the rules' tests say that others pass."""

import pytest

from rules import BY_NAME
from rules.model.dockerfile import Span
from rules.model.finding import Edit, Finding, Fix
from rules.proof import flaw
from tests.rules.tools import build

FILES = {"requirements.txt": "flask\n", "main.py": "import flask\n", "docs/a.md": ""}
PY = "FROM python:3\nWORKDIR /app\n"
PIP = "RUN pip install -r requirements.txt\n"


def finding(rule, fix, path="Dockerfile"):
    return Finding(rule, path, Span(1, 1), "x", "x", fix=fix)


def wrong(rule, before, after, path="Dockerfile", files=FILES, look=lambda _: []):
    """What is wrong with `after` as the fix of a rule."""
    fix = Fix((Edit(path, 0, len(before), after),))
    whole = build({**files, path: before})
    return flaw(whole, finding(rule, fix, path), BY_NAME[rule], look)


ORDER = "copy-source-before-install"
BAD_ORDER = f"{PY}COPY . .\n{PIP}RUN make\n"


def test_a_better_order_has_no_flaw():
    good = f"{PY}COPY requirements.txt ./\n{PIP}COPY . .\nRUN make\n"
    assert wrong(ORDER, BAD_ORDER, good) is None


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (f"{PY}COPY requirements.txt ./\n{PIP}COPY . .\n", "the commands that run"),
        (f"{PY}COPY requirements.txt ./\nRUN pip install flask\nCOPY . .\nRUN make\n", "the commands that run"),
        (f"{PY}COPY requirements.txt ./\n{PIP}COPY . .\nRUN make\nRUN ls\n", "the commands that run"),
        (f"{PY}COPY requirements.txt ./\nUSER app\n{PIP}COPY . .\nRUN make\n", "the commands that run"),
        (f"{PY}COPY requirements.txt ./\n{PIP}COPY . .\nRUN make\nENV A=1\n", "another instruction"),
        (f"{PY}COPY requirements.txt ./\n{PIP}RUN make\n", "a COPY would be lost"),
        (f"{PY}COPY . .\n{PIP}\nRUN make\n", "no edit would re-run less"),
        (f"{PY}COPY . .\n{PIP}RUN make\nNONSENSE\n", "could not be read"),
    ],
)  # fmt: skip
def test_an_order_must_keep_the_work_and_save_some(after, reason):
    assert reason in (wrong(ORDER, BAD_ORDER, after) or "")


def test_an_order_must_make_no_edit_dearer():
    before = f"{PY}COPY docs docs\nRUN ls\nCOPY main.py ./\nRUN make\n"
    after = f"{PY}COPY main.py ./\nRUN ls\nCOPY docs docs\nRUN make\n"
    assert wrong(ORDER, before, after) == "an edit to main.py would re-run more"


ARGUMENT = "early-volatile-argument"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("ARG SHA\nRUN ls\n", "RUN ls\n", "an instruction would be lost"),
        ("ARG SHA\nRUN ls\n", "RUN pwd\nARG SHA\n", "the commands that run"),
        ("ARG SHA\nRUN ls\nRUN pwd\n", "RUN ls && pwd\nARG SHA\n", "the commands that run"),
        ("ARG SHA\nRUN ls\nUSER a\n", "RUN ls\nARG SHA\nUSER b\n", "another instruction"),
        ("ENV A=1\nENV A=2\nRUN ls\n", "ENV A=1\nRUN ls\nENV A=2\n", "another value"),
        ("ENV A=1\nENV A=2\nRUN ls\n", "ENV A=2\nENV A=1\nRUN ls\n", "an image would hold other"),
        ("ARG SHA\nRUN ls\nCOPY . .\n", "COPY . .\nRUN ls\nARG SHA\n", "would re-run more"),
        ("RUN ls\nARG SHA\n", "ARG SHA\nRUN ls\n", "a new value of SHA would re-run more"),
        ("ARG SHA\nEXPOSE 1\nRUN ls\n", "EXPOSE 1\nARG SHA\nRUN ls\n", "no argument"),
    ],
)
def test_an_argument_that_moves_must_change_nothing_but_what_runs_again(before, after, reason):
    assert reason in (wrong(ARGUMENT, PY + before, PY + after) or "")


OWNER = "chown-after-copy"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("COPY . .\nRUN chown -R 1:1 .\n", "COPY --chown=1:1 . .\nRUN ls\n", "the commands"),
        ("COPY . .\nRUN ls\nRUN chown -R 1:1 .\n", "COPY --chown=1:1 . .\n", "the commands"),
        ("COPY . .\nRUN chown -R 1:1 .\n", "COPY . .\nRUN chown -R 1:1 . /srv\n", "the commands"),
        ("COPY . .\nRUN ls\n", "COPY --chown=1:1 . .\nRUN ls\n", "the commands"),
        ("COPY . .\nRUN chown -R 1:1 .\n", "COPY --chown=1:1 . .\nUSER 1\n", "another instruction"),
        ("COPY . .\nRUN chown -R 1:1 .\n", "COPY --chown=1:1 docs .\n", "change a COPY"),
        ("RUN chown -R 1:1 .\nCOPY . .\n", "COPY --chown=1:1 . .\n", "no edit would re-run less"),
    ],
)
def test_owners_that_copies_bring_must_replace_that_command_alone(before, after, reason):
    assert reason in (wrong(OWNER, PY + before, PY + after) or "")


CONTEXT = "git-directory-in-context"
COPIED = {**FILES, "Dockerfile": f"{PY}COPY . .\n"}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (".git\n", "[\n", "builds would fail"),
        ("docs\n", ".git\n", "more files would be sent"),
        (".git\n", ".git\nmain.py\n", "main.py would not be sent"),
        (".git\n", ".git\n.git/hooks\n", "no file less is sent"),
    ],
)
def test_an_ignore_file_must_keep_back_something_that_nothing_reads(before, after, reason):
    assert reason in (wrong(CONTEXT, before, after, ".dockerignore", COPIED) or "")


@pytest.mark.parametrize("after", [".git\ndocs\n", ".git\nnot-there-yet/\n"])
def test_an_ignore_file_that_keeps_back_more_has_no_flaw(after):
    assert wrong(CONTEXT, ".git\n", after, ".dockerignore", COPIED) is None


JOINED = "update-apart-from-install"
MOUNT = "missing-cache-mount"
APT = "RUN apt-get update\n"


@pytest.mark.parametrize(
    ("rule", "before", "after", "reason"),
    [
        (JOINED, f"{APT}RUN apt-get install x\n", "RUN apt-get update && ls\n", "the commands"),
        (JOINED, f"{APT}COPY . .\nRUN ls\n", "COPY . .\nRUN apt-get update && ls\n", "other steps"),
        (MOUNT, "RUN ls\nCOPY . .\n", "COPY . .\nRUN ls\n", "other steps"),
        (MOUNT, "RUN ls\n", "RUN pwd\n", "the commands"),
    ],
)
def test_a_mount_or_a_joined_run_must_re_run_as_often(rule, before, after, reason):
    assert reason in (wrong(rule, PY + before, PY + after) or "")


def test_what_is_found_after_the_fix_decides():
    good = f"{PY}COPY requirements.txt ./\n{PIP}COPY . .\nRUN make\n"
    mine, other = finding(ORDER, None), finding(OWNER, None)

    def wrong_with(before, after):
        found = {BAD_ORDER: before, good: after}
        return wrong(ORDER, BAD_ORDER, good, look=lambda of: found[of.dockerfile.text])

    assert wrong_with([mine], []) is None
    assert wrong_with([mine], [mine]) == "the fault is still there after it"
    assert wrong_with([mine], [other]) == "it would set off another finding"
    assert wrong_with([mine, other], [other]) is None


@pytest.mark.parametrize(
    ("text", "fix", "reason"),
    [
        (BAD_ORDER, None, "there is none"),
        (BAD_ORDER, Fix((Edit("Dockerfile", 0, 9, ""), Edit("Dockerfile", 5, 9, "x"))), "overlap"),
        (f"{PY}RUN ls\r\n", Fix((Edit("Dockerfile", 0, 0, "# x\n"),)), "mixes line endings"),
    ],
)
def test_what_cannot_be_applied_is_refused(text, fix, reason):
    whole = build({**FILES, "Dockerfile": text})
    assert reason in (flaw(whole, finding(ORDER, fix), BY_NAME[ORDER], lambda _: []) or "")
