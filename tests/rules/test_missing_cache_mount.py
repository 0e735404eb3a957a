import pytest

from rules.missing_cache_mount import rule
from tests.rules.tools import check_fixed, check_silent

FILES = {"requirements.txt": "flask\n", "package.json": "{}", "package-lock.json": "{}"}
PY = "FROM python:3\nWORKDIR /app\nCOPY requirements.txt ./\n"
JS = "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\n"
PIP = "--mount=type=cache,target=/root/.cache/pip"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


@pytest.mark.parametrize(
    ("before", "after", "edit"),
    [
        (
            JS + "RUN npm ci\n",
            JS + "RUN --mount=type=cache,target=/root/.npm npm ci\n",
            "package.json",
        ),
        (
            PY + "RUN --network=host python -m pip install -r requirements.txt\n",
            PY + f"RUN --network=host {PIP} python -m pip install -r requirements.txt\n",
            "requirements.txt",
        ),
        (
            PY
            + "RUN pip install --upgrade pip && \\\n    pip install \\\n      --no-cache-dir \\\n      -r requirements.txt\n",
            PY
            + f"RUN {PIP} pip install --upgrade pip && \\\n    pip install \\\n      -r requirements.txt\n",
            "requirements.txt",
        ),
        (
            PY + "ENV PIP_CACHE_DIR=/var/cache/pip\nRUN pip install -r requirements.txt\n",
            PY
            + "ENV PIP_CACHE_DIR=/var/cache/pip\nRUN --mount=type=cache,target=/var/cache/pip pip install -r requirements.txt\n",
            "requirements.txt",
        ),
        (
            PY + "ENV HOME=/srv\nRUN pip install -r requirements.txt\n",
            PY
            + "ENV HOME=/srv\nRUN --mount=type=cache,target=/srv/.cache/pip pip install -r requirements.txt\n",
            "requirements.txt",
        ),
        (
            "# syntax=docker/dockerfile:1.4\n"
            + PY
            + "RUN <<EOF\npip install -r requirements.txt\nEOF\n",
            "# syntax=docker/dockerfile:1.4\n"
            + PY
            + f"RUN {PIP} <<EOF\npip install -r requirements.txt\nEOF\n",
            "requirements.txt",
        ),
    ],
)
def test_the_mount_lies_where_this_tool_and_user_keep_the_cache(before, after, edit):
    check_fixed(rule, before, after, FILES, edit=edit)


@pytest.mark.parametrize(
    ("dockerfile", "reason"),
    [
        (PY + f"RUN {PIP} pip install -r requirements.txt\n", None),
        (PY + "RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt\n", None),
        (PY + "CMD pip install -r requirements.txt\n", None),
        (PY + "RUN pip install --upgrade pip\n", None),
        (JS + "RUN npm install -g pnpm@9\n", None),
        (
            PY + "ENV HOME=/app\nUSER 1000\nRUN pip install -r requirements.txt\n",
            "may be elsewhere",
        ),
        (PY + "USER app\nRUN pip install -r requirements.txt\n", "may be elsewhere"),
        (
            "FROM registry.example.com/base\nRUN pip install flask gunicorn redis\n",
            "may be elsewhere",
        ),
        (PY + "ENV PIP_NO_CACHE_DIR=1\nRUN pip install -r requirements.txt\n", "PIP_NO_CACHE_DIR"),
        (
            PY + "RUN pip install -r requirements.txt && rm -rf /root/.cache/pip\n",
            "names the cache",
        ),
        (PY + "RUN pip install -r requirements.txt && pip cache purge\n", "empties the cache"),
        (
            "# syntax=docker/dockerfile:1.0\n" + PY + "RUN pip install flask gunicorn redis\n",
            "frontend 1.0",
        ),
        (
            "# syntax=example/frontend\n" + PY + "RUN pip install flask gunicorn redis\n",
            "another frontend",
        ),
        ("# escape=`\n" + PY + "RUN pip install flask gunicorn redis\n", "Windows"),
        (
            PY + "COPY requirements.txt /root/.cache/pip/\nRUN pip install flask gunicorn redis\n",
            "where the cache is",
        ),
    ],
)
def test_silent_where_a_mount_is_there_or_could_do_harm(dockerfile, reason):
    check_silent(rule, dockerfile, FILES, reason)
