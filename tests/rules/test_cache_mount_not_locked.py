import pytest

from rules.cache_mount_not_locked import rule
from tests.rules.tools import check_fixed, check_silent

FILES = {"package.json": "{}", "pom.xml": "<project/>"}
CLEAN = "FROM debian:12\nRUN rm -f /etc/apt/apt.conf.d/docker-clean\n"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


@pytest.mark.parametrize(
    ("head", "before", "after"),
    [
        (CLEAN, "RUN --mount=type=cache,target=/var/cache/apt --mount=type=cache,target=/var/lib/apt,id=x apt-get update && apt-get install -y curl\n",
         "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,id=x,sharing=locked apt-get update && apt-get install -y curl\n"),
        ("FROM maven:3 AS build\nCOPY . .\n", "RUN --mount=type=cache,target=/root/.m2 mvn package\n",
         "RUN --mount=type=cache,target=/root/.m2,sharing=locked mvn package\n"),
        ("FROM centos:7\n", "RUN --mount=target=/var/cache/yum,type=cache yum --setopt=keepcache=1 install -y git\n",
         "RUN --mount=target=/var/cache/yum,type=cache,sharing=locked yum --setopt=keepcache=1 install -y git\n"),
    ],
)  # fmt: skip
def test_a_cache_that_cannot_be_shared_is_locked(head, before, after):
    check_fixed(rule, head + before, head + after, FILES, edit="pom.xml")


@pytest.mark.parametrize(
    "dockerfile",
    [
        CLEAN
        + "RUN --mount=type=cache,target=/var/cache/apt,sharing=private --mount=type=cache,target=/var/lib/apt,sharing=shared apt-get update\n",
        "FROM node:22\nRUN --mount=type=cache,target=/root/.npm npm install -g x\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt ls /var/cache/apt\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/ccache apt-get update\n",
        CLEAN + "RUN --mount=type=tmpfs,target=/var/cache/apt apt-get update\n",
        CLEAN + "ARG TO\nRUN --mount=type=cache,target=$TO apt-get update\n",
    ],
)
def test_silent_where_it_is_locked_or_can_be_shared(dockerfile):
    check_silent(rule, dockerfile, FILES)
