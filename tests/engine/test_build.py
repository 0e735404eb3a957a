"""The harness itself: what it sees of a build, and contexts that come from git."""

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.engine.build import Case, build, compare, rebuild
from tests.engine.images import load
from tests.engine.plan import read
from tests.engine.table import DATA

pytestmark = pytest.mark.engine

OWN = json.loads((DATA / "engine_rows.json").read_text())


def test_an_edit_re_runs_the_copy_and_what_follows(engine):
    text = "FROM any.host/name:tag\nRUN echo before\nCOPY a.txt /\nRUN echo after\nLABEL a=1\n"
    result = rebuild(
        engine, Case({"a.txt": "1", "b.txt": "1"}, text=text), {"op": "modify", "path": "a.txt"}
    )
    assert [step.status for step in result.steps] == ["base", "cached", "run", "run", "meta"]


def test_a_tree_holds_modes_owners_contents_and_links(engine):
    files = {"run.sh": {"content": "x", "mode": "755"}, "to": {"symlink": "run.sh"}}
    text = "FROM scratch\nCOPY --chown=5:6 . /d/\n"
    tree = build(engine, Case(files, dockerfile="../Dockerfile", text=text), export=True).tree
    assert (tree["d/run.sh"].mode, tree["d/run.sh"].uid, tree["d/run.sh"].gid) == (0o755, 5, 6)
    assert tree["d/to"].link == "run.sh"
    assert compare(tree, tree) == []
    other = build(
        engine,
        Case(files, dockerfile="../Dockerfile", text=text.replace("5:6", "5:7")),
        export=True,
    ).tree
    assert [line.split(":")[0] for line in compare(tree, other, ignoring=["d/to"])] == [
        "changed d/run.sh"
    ]


def test_a_failure_names_its_cause(engine):
    result = build(engine, Case({}, text="FROM python:3\nCOPY missing /\n"))
    assert "missing" in result.error
    assert "unknown instruction" in build(engine, Case({}, text="FROM a\nHELLO\n")).error


def test_an_output_that_another_stage_takes_is_made(engine):
    text = "FROM a AS b\nRUN make\nFROM a\nCOPY --from=b /usr/bin/app /app\nCOPY --from=tools:1 /bin/tool /tool\n"
    tree = build(engine, Case({}, text=text), export=True).tree
    assert {"app", "tool"} <= {path.split("/")[0] for path in tree}


def test_go_names_a_program_as_its_module_wherever_it_lies(engine):
    files = {"go.mod": "module example.org/shop/v2\n", "main.go": "package main\n"}
    text = "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go install .\nRUN go build -o /bin/ .\n"
    case = Case(files, text=text, shims="faithful", outputs="const")
    tree = build(engine, case, export=True).tree
    assert {"go/bin/shop", "bin/shop"} <= tree.keys()


def test_the_plan_reads_arguments_and_stages_as_buildkit_does():
    text = "ARG TAG=3\nFROM python:${TAG} AS b\nUSER me:us\nRUN pip install poetry\nFROM b\nCOPY --from=b /x /y\n"
    plan = read(text, {"TAG": "4"})
    assert set(plan.images) == {"python:4"}
    assert plan.accounts == {"me", "us"}
    assert plan.installed == {"poetry"}
    assert {path for _, path in plan.outputs} == {"/x/"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("git", {}), ("git with .git kept", {"BUILDKIT_CONTEXT_KEEP_GIT_DIR": "1"})],
)
def test_no_ignore_file_is_applied_to_a_context_of_the_git_kind(engine, name, arguments):
    case = Case(OWN["trees"][0], text="FROM scratch\nCOPY . /\n", kind="git", build_args=arguments)
    tree = build(engine, case, export=True).tree
    files = {
        ".git/" if path.startswith(".git/") else path
        for path, entry in tree.items()
        if entry.kind != "folder"
    }
    assert sorted(files) == sorted(OWN["sent"][name])


def test_a_purge_beside_a_mount_empties_the_cache(engine):
    """What lies in a mount is seen only by a later RUN."""

    def left(first):
        mount = "--mount=type=cache,target=/root/.cache/pip,id={}"
        text = f"FROM python:3\nRUN {mount} {first}\nRUN {mount} ls /root/.cache/pip | sed 's/^/left /'\n"
        log = build(
            engine,
            Case(
                {},
                text=text.replace("{}", first.replace(" ", "")[-20:].replace("/", "")),
                shims="faithful",
            ),
        ).log
        return "left " in log

    assert left("pip install flask")
    assert not left("pip install flask && rm -rf /root/.cache/pip/*")
    assert not left("pip install flask && pip cache purge")
    assert not left("pip install --no-cache-dir flask")


def test_the_clean_up_hook_of_debian_empties_the_archives_of_a_mount(engine):
    mount = "--mount=type=cache,target=/var/cache/apt,id={}"
    ending = (
        "apt-get update && apt-get install -y curl && ls /var/cache/apt/archives | sed 's/^/left /'"
    )

    def left(before, number):
        text = f"FROM debian:12\nRUN {mount} {before}{ending}\n".replace("{}", f"apt{number}")
        return "left " in build(engine, Case({}, text=text, shims="faithful")).log

    assert not left("", 1)
    assert left("rm -f /etc/apt/apt.conf.d/docker-clean && ", 2)


@dataclass(frozen=True)
class Cached:
    """A tool of some user and version, where it keeps its downloads, and where others do."""

    name: str
    files: Mapping[str, str]
    install: str
    right: str
    wrong: str


CACHED = [
    Cached(
        "npm of another user",
        {"package.json": "{}", "package-lock.json": "{}"},
        "USER node\nRUN --mount=type=cache,target={},uid=1000 npm ci\n",
        "/home/node/.npm",
        "/root/.npm",
    ),
    Cached(
        "pnpm since version 7",
        {"package.json": "{}", "pnpm-lock.yaml": ""},
        "RUN --mount=type=cache,target={} pnpm install --frozen-lockfile\n",
        "/root/.local/share/pnpm/store",
        "/root/.pnpm-store",
    ),
    Cached(
        "yarn since version 2",
        {"package.json": "{}", "yarn.lock": "", ".yarnrc.yml": "nodeLinker: node-modules\n"},
        "RUN --mount=type=cache,target={} yarn install --immutable\n",
        "/root/.yarn/berry/cache",
        "/usr/local/share/.cache/yarn",
    ),
]


@pytest.mark.parametrize("tool", CACHED, ids=lambda tool: tool.name)
def test_a_mount_elsewhere_than_the_tool_keeps_its_cache_spares_no_download(engine, tool):
    start = "FROM node:20\nWORKDIR /home/node/app\nRUN chown node .\nCOPY --chown=node . .\n"

    def downloads_again(target):
        text = start + tool.install.format(target)
        case = Case(tool.files, text=text, shims="faithful")
        assert "[downloads]" in build(engine, case).log
        again = build(engine, case, {"op": "add", "path": "other", "content": "x"})
        assert again.error is None
        return "[downloads]" in again.log

    engine.forget()
    assert downloads_again(tool.wrong)
    engine.forget()
    assert not downloads_again(tool.right)


@pytest.mark.parametrize(
    "line",
    ["RUN --mount=type=cache,target=/c true", "COPY --chmod=644 a /a"],
)
def test_a_builder_without_buildkit_refuses_its_syntax(engine, line):
    """What `DOCKER_BUILDKIT=0` is: the request that a client sends then. It passes over `COPY --link`
    and the body of a heredoc without a word."""
    plan = read("FROM debian:12\n", {})
    load(engine, plan, {}, shims="easy", outputs="hash", architecture="amd64")

    def made(text):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, data in (("Dockerfile", text), ("a", "1")):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data.encode()))
        asked = "/build?networkmode=none&version=1"
        return engine.request("POST", asked, archive.getvalue(), "application/x-tar")

    made("FROM debian:12\nCOPY a /a\n")
    with pytest.raises(RuntimeError, match="requires BuildKit"):
        made(f"FROM debian:12\n{line}\n")


def test_busting_the_cache_on_purpose_is_seen(engine):
    """An ADD of a URL that always answers something else, above a RUN that must run each time."""
    busting = "FROM base\nADD https://example.org/random /tmp/bust\nRUN make fetch\n"
    moved = "FROM base\nRUN make fetch\nADD https://example.org/random /tmp/bust\n"
    change = {"op": "url", "url_path": "/example.org/random", "body": "other", "headers": {}}

    def status(text):
        return next(
            step.status
            for step in rebuild(engine, Case({}, text=text), change).steps
            if step.keyword == "RUN"
        )

    assert status(busting) == "run"
    assert status(moved) == "cached"
