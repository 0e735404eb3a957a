import pytest

from rules.chown_after_copy import rule
from tests.rules.tools import check_fixed, check_silent, check_words

FILES = {"main.py": "", "app/a.py": "", "start.sh": ""}
BASE = "FROM python:3.12-slim\nRUN groupadd app && useradd -g app app\n"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            BASE + "WORKDIR /app\nCOPY . .\nRUN chown -R app:app /app\nUSER app\n",
            BASE + "WORKDIR /app\nRUN chown app:app /app\nCOPY --chown=app:app . .\nUSER app\n",
        ),
        (
            "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN chown -R 1000:1000 .\n",
            "FROM node:22\nWORKDIR /app\nRUN chown 1000:1000 /app\nCOPY --chown=1000:1000 . .\n",
        ),
        (
            "FROM node:22\nCOPY app /app/a\nCOPY main.py /app/\nRUN chown -R node:node /app && ls\n",
            "FROM node:22\nCOPY --chown=node:node app /app/a\nCOPY --chown=node:node main.py /app/\nRUN ls\n",
        ),
        (
            "FROM node:22\nCOPY app /app/a\nRUN echo a && \\\n  chown -R 1:1 /app && \\\n  ls /\n",
            "FROM node:22\nCOPY --chown=1:1 app /app/a\nRUN echo a && \\\n  ls /\n",
        ),
        (
            "FROM node:22\nCOPY app /app/a\nRUN echo a \\\n  && chown -R 1:1 /app\n",
            "FROM node:22\nCOPY --chown=1:1 app /app/a\nRUN echo a\n",
        ),
        (
            "FROM debian:12\nCOPY start.sh /opt/start.sh\nRUN chmod 755 /opt/start.sh\n",
            "FROM debian:12\nCOPY --chmod=755 start.sh /opt/start.sh\n",
        ),
    ],
)
def test_the_copies_bring_the_files_as_they_have_to_be(before, after):
    edit = "start.sh" if "start.sh" in before else "main.py"
    check_fixed(rule, before, after, FILES, edit=edit)


@pytest.mark.parametrize(
    ("dockerfile", "reason"),
    [
        (BASE + "COPY . /app\nRUN chown -R app /app\n", "a user and a group"),
        ("FROM debian:12\nCOPY . /app\nRUN chown -R app:app /app\n", "not known to be there"),
        (
            "FROM debian:12\nCOPY . /app\nRUN useradd app && chown -R app:app /app\n",
            "not known to be there",
        ),
        (BASE + "COPY . /app\nRUN make\nRUN chown -R app:app /app\n", "a step before"),
        (BASE + "RUN mkdir /app/x\nCOPY . /app\nRUN chown -R app:app /app\n", "a step before"),
        (
            BASE + "COPY . /app\nCOPY --from=busybox /bin/sh /app/sh\nRUN chown -R app:app /app\n",
            "do not come from a COPY",
        ),
        (BASE + "COPY . /opt/a/b\nRUN chown -R app:app /opt/a/b\n", "folders around"),
        (BASE + "COPY . /app\nRUN chown -R app:app /app /data\n", "one whole folder"),
        (BASE + "COPY --link . /app\nRUN chown -R app:app /app\n", "flags of its own"),
        ("FROM example/base\nCOPY . /app\nRUN chown -R 1:1 /app\n", "base image may have files"),
        (BASE + "COPY . /app\nWORKDIR /app/new\nRUN chown -R app:app /app\n", "a WORKDIR makes"),
        (BASE + "COPY . /etc/app\nRUN chown -R app:app /etc/app\n", "other things lie"),
        (BASE + "COPY . /app\nUSER app\nRUN chown -R app:app /app\n", "another user than root"),
        ("FROM debian:12\nCOPY . /app\nRUN chmod -R 755 /app\n", "folders, too"),
        (BASE + "VOLUME /app\nCOPY . /app\nRUN chown -R app:app /app\n", "a VOLUME"),
        (
            "FROM debian:12\nRUN useradd -g users app\nCOPY . /app\nRUN chown -R app:app /app\n",
            "not known to be there",
        ),
        (
            "FROM debian:12\nRUN adduser --system app\nCOPY . /app\nRUN chown -R app:app /app\n",
            "not known to be there",
        ),
        *(
            (
                BASE + f"WORKDIR /app\nCOPY . /app\nRUN {command} && chown -R app:app /app\n",
                "before",
            )
            for command in ("npm ci", "touch x", "mkdir data", "python3 -m venv venv", "make")
        ),
        (BASE + "COPY . /app\nRUN chown -R app:app /app; ls\n", "cannot be taken out"),
        (
            BASE + "COPY . /app\nRUN <<EOF\necho a && chown -R app:app /app\nEOF\n",
            "cannot be taken out",
        ),
    ],
)
def test_where_the_tree_might_differ_there_are_only_words(dockerfile, reason):
    check_words(rule, dockerfile, FILES, reason)


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM debian:12\nRUN chown -R 1:1 /data\nCOPY . /app\n",
        "FROM debian:12\nCOPY . /app\nRUN chown -R 1:1 /data\n",
        "FROM debian:12\nCOPY start.sh /opt/start.sh\nRUN chmod +x /opt/start.sh\n",
        "FROM debian:12\nCOPY start.sh /opt/new/start.sh\nRUN chmod 755 /opt/new/start.sh\n",
        "FROM debian:12\nCOPY --chown=1:1 . /app\n",
    ],
)
def test_what_changes_no_copied_file_is_left_alone(dockerfile):
    check_silent(rule, dockerfile, FILES)
