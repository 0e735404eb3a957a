import json
import time
from pathlib import Path

import pytest

from rules.model.builder import Builder
from rules.model.cache import Build, Change, file_classes, once, rerun, take_alike
from rules.model.context import BuildContext
from rules.model.dockerfile import parse
from rules.model.repository import Repository

TABLE = json.loads((Path(__file__).parent / "data" / "cache_semantics.json").read_text())

NOT_ASKED = {
    ("copy-dot", "user.* xattr set on a file"): "extended attributes are no input",
    ("unused-stage", "--target test given"): "one target is compared with itself",
    ("arg-predefined", "TARGETARCH not declared; --platform linux/arm64"): "no input for it",
    ("run-text", "build with --network=host instead of none"): "no input for it",
    ("run-text", "--no-cache given"): "a cache that is not used says nothing of keys",
    ("from-alias", "FROM tag changed to another tag of the very same image"):
        "which tags are one image only a registry knows",
    ("copy-excluded-file", "COPY names a file .dockerignore excludes"): "the build fails",
    ("same-path-daemon-reuse", "folder chmod 755 -> 700"): "stale: what stat() missed",
    ("same-path-daemon-reuse", "same size, same mtime, other bytes"): "stale: what stat() missed",
    ("ci-import-min", "source edit"): "a cache exported with mode=min lacks layers",
    ("ci-import-min", "manifest edit"): "a cache exported with mode=min lacks layers",
    ("onbuild", "file named by the base's ONBUILD COPY changed"):
        "the ONBUILD of an image that only a registry has",
}  # fmt: skip
"""Rows that no Change can say, and why."""

SAME_OUTPUT = {"copy-from-image"}
"""Rows in which another image holds the same file: that is `--output same`."""

BASE_TOO = {
    ("copy-from-same-output", "same bytes, other file mode"),
    ("copy-from-same-output", "same bytes, one more file"),
    ("copy-from-same-output", "same bytes, other owner"),
    ("from-stage", "sibling's RUN changed (its /r is unchanged)"),
}
"""Rows whose stand-in base images change along with the RUN: they hold a list of what to make."""

SHELL = {
    "content changed, same size and same mtime (same context folder)": lambda text: (
        ["app.py"],
        text,
    ),
    "tar's member content changed": lambda text: (["x.tar"], text),
    "line endings to CRLF": lambda text: ([], text.replace("\n", "\r\n")),
    "UTF-8 BOM in front": lambda text: ([], "\ufeff" + text),
}
"""What the table's shell commands do."""


def build(dockerfile, files):
    """A build of files given as text, or as {"content"|"symlink": …} in the table's way."""
    texts, symlinks = {}, set()
    for path, spec in {"Dockerfile": dockerfile, **files}.items():
        given = {"content": spec} if isinstance(spec, str) else spec
        texts[path] = given.get("symlink", given.get("content", ""))
        if "symlink" in given:
            symlinks.add(path)
    repository = Repository(frozenset(texts), texts, symlinks=frozenset(symlinks))
    context = BuildContext.read(repository, "Dockerfile", "")
    return Build("Dockerfile", parse(dockerfile), context, repository, Builder())


class Mutations:
    """The table's mutations made into a Change and into what the second build reads."""

    def __init__(self, label, dockerfile, files):
        self.label, self.text = label, dockerfile
        self.files, self.contents = files, dict(files)
        self.edits, self.adds, self.deletes, self.chmods = set(), set(), set(), set()
        self.base_images, self.build_args = set(), {}

    def change(self, old):
        found = ("edits", "adds", "deletes", "chmods", "base_images")
        sets = {name: frozenset(getattr(self, name)) for name in found}
        return Change(old=old, build_args=self.build_args, **sets)

    def make(self, mutations):
        for mutation in mutations if isinstance(mutations, list) else [mutations]:
            getattr(self, mutation["op"].replace("-", "_"))(mutation)

    def modify(self, mutation):
        self.edits.add(mutation["path"])
        if mutation["path"].endswith(".dockerignore"):
            self.contents[mutation["path"]] += mutation["append"]

    def symlink(self, mutation):
        self.edits.add(mutation["path"])

    def add(self, mutation):
        path = mutation["path"]
        if path not in self.deletes:
            self.adds.add(path)
            return
        self.deletes.discard(path)
        if _content(self.files[path]) != mutation["content"]:
            self.edits.add(path)

    def delete(self, mutation):
        self.deletes.add(mutation["path"])

    def rename(self, mutation):
        old, new = mutation["path"], mutation["to"]
        for path in self.files:
            if path == old or path.startswith(old + "/"):
                self.deletes.add(path)
                self.adds.add(new + path[len(old) :])

    def hardlink(self, mutation):
        self.adds.add(mutation["path"])

    def chmod(self, mutation):
        self.chmods.add(mutation["path"])

    def umask_all(self, mutation):
        self.chmods.update(self.files)

    def dockerfile(self, mutation):
        assert mutation["old"] in self.text
        self.text = self.text.replace(mutation["old"], mutation["new"], 1)

    def dockerfile_text(self, mutation):
        self.text = mutation["text"]

    def build_arg(self, mutation):
        self.build_args[mutation["name"]] = mutation["value"]

    def base(self, mutation):
        self.base_images.add(mutation["image"])

    def shell(self, mutation):
        edits, self.text = SHELL[self.label](self.text)
        self.edits.update(edits)

    def nop(self, mutation):
        """What is no input, and no part of any key."""

    touch = touch_all = chown = secret = url = flag = nop


def _content(spec):
    return spec.get("content") if isinstance(spec, dict) else spec


def _named(row):
    return row["id"], row["label"]


ROWS = [row for row in TABLE["rows"] if _named(row) not in NOT_ASKED]
STATUS = {"cached": "cached", "rerun": "run"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['id']}: {row['label']}")
def test_the_model_says_what_the_engine_did(row):
    files = TABLE["trees"][row["tree"]]
    mutations = Mutations(row["label"], row["dockerfile"], files)
    mutations.make(row["change"])
    old = build(row["dockerfile"], files)
    if mutations.contents == files:
        now = old.with_text(mutations.text)
    else:
        now = build(mutations.text, mutations.contents)
    if _named(row) in BASE_TOO:
        mutations.base_images = {layer.image for layer in now.layers if layer.image}
    output = "same" if row["id"] in SAME_OUTPUT else "input"
    steps = rerun(now, mutations.change(old), output, len(now.dockerfile.stages) - 1)
    model = {step.line: STATUS[step.status] for step in steps if step.status in STATUS}
    engine = {int(line): s for line, s in row["status"].items() if s in ("cached", "run")}
    assert model == engine, [(step.line, step.status, step.cause) for step in steps]


def test_all_rows_are_asked_but_those_listed():
    assert len(ROWS) == len(TABLE["rows"]) - len(NOT_ASKED)


FILES = {
    "README.md": "r", "app.py": "a", "docs/x.md": "x", "src/a.py": "a", "src/sub/c.py": "c",
    "link": {"symlink": "app.py"}, "folder": {"symlink": "src"},
    ".dockerignore": "Dockerfile\n.dockerignore\n",
}  # fmt: skip


def said(text, change, output="input", target=None, files=FILES):
    """What becomes of each line: `r` re-run, `c` cached, `-` no step."""
    steps = rerun(build(text, files), change, output, target)
    return "".join({"rerun": "r", "cached": "c", "none": "-"}[step.status] for step in steps)


def edit(*paths):
    return Change(edits=frozenset(paths))


# What the engine (Docker 28.5.2) answered to more questions of the same kind.
@pytest.mark.parametrize(
    ("copy", "change", "expected"),
    [
        ("COPY src /x", Change(chmods=frozenset({"src"})), "-rr"),
        ("COPY src/a.py /x", Change(chmods=frozenset({"src"})), "-cc"),
        ("COPY src/*.py /x/", Change(chmods=frozenset({"src"})), "-cc"),
        ("RUN --mount=type=bind,source=src,target=/x ls", Change(chmods=frozenset({"src"})), "-rr"),
        ("COPY link /x", edit("app.py"), "-rr"),
        ("COPY folder /x", edit("src/a.py"), "-rr"),
        ("COPY folder/a.py /x", edit("src/a.py"), "-rr"),
        ("COPY lin* /x/", edit("app.py"), "-rr"),
        ("COPY --exclude=*.md *.md app.py /x/", edit("README.md"), "-rr"),
        ("COPY --exclude=*.py src /x/", edit("src/a.py"), "-cc"),
        ("COPY --exclude=*.py src /x/", edit("src/sub/c.py"), "-rr"),
        ("COPY --exclude=sub/*.py src docs /x/", edit("src/sub/c.py"), "-cc"),
    ],
)
def test_a_change_reaches_the_step_that_takes_it(copy, change, expected):
    assert said(f"FROM base:1\n{copy}\nRUN echo x\n", change) == expected


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("RUN --mount=type=cache,target=/c,id=y a", "id=y", "id=z", "-cc"),
        ("RUN --mount=type=cache,target=/c,sharing=locked a", "locked", "private", "-cc"),
        ("RUN --mount=type=cache,target=/c a", "=/c", "=/c,id=/c,sharing=shared", "-cc"),
        ("COPY src /x", "src", "src/", "-cc"),
        ("COPY app.py /app/", "/app/", "/app/.", "-rr"),
        ("COPY src /app", "/app", "/app/", "-rr"),
        ("WORKDIR /w", "WORKDIR", "USER root\nWORKDIR", "--rr"),
        ("RUN a", "RUN", "ARG TARGETARCH\nRUN", "--rr"),
        ("ENV A=1\nRUN a", "RUN", "ARG A=2\nRUN", "---rr"),
        ("RUN a\nCOPY --link --chmod=755 app.py /x", "RUN a", "RUN b", "-rrr"),
        ("ENV PATH=/a:$PATH\nRUN a", "/a", "/b", "--rr"),
    ],
)
def test_an_edited_dockerfile_re_runs_what_its_keys_say(text, old, new, expected):
    before = build(f"FROM base:1\n{text}\nRUN echo x\n", FILES)
    after = before.with_text(before.dockerfile.text.replace(old, new, 1))
    steps = rerun(after, Change(old=before))
    assert "".join({"rerun": "r", "cached": "c"}.get(s.status, "-") for s in steps) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A=1", "A=2"),
        ("B=1", "B=2"),
        ("ARG C=1", "ARG C"),
        ("ENV A=1\n", ""),
        ("WORKDIR /w", "WORKDIR /v"),
        ("/bin/bash", "/bin/sh"),
        ("RUN make", "RUN cmake"),
        ("COPY src /x\n", ""),
        ("FROM base:1", "FROM other:1"),
        ("RUN make", "RUN --mount=type=cache,target=/c make"),
    ],
)
def test_what_is_kept_of_runs_is_what_would_be_read_anew(old, new):
    text = """\
ARG B=1
FROM base:1
ENV A=1
ARG C=1
WORKDIR /w
SHELL ["/bin/bash", "-c"]
RUN make $A$C > out && cd $A && ls
COPY src /x
RUN ["ls", "x"]
FROM base:$B
ARG B
RUN echo $B
"""

    def readings(of: Build) -> list[object]:
        return [
            (each.script, each.processes, each.words, each.named, each.writes, each.last_names)
            for each in of.layers
        ]

    before = build(text, FILES)
    readings(before)
    after = before.with_text(text.replace(old, new, 1))
    assert readings(after) == readings(build(after.dockerfile.text, FILES))


def test_an_onbuild_step_of_a_stage_runs_at_the_from_that_names_it():
    text = "FROM base:1 AS b\nONBUILD COPY app.py /a\nONBUILD RUN t\nFROM b\nRUN x\n"
    assert said(text, edit("app.py")) == "---rr"
    assert said(text, edit("README.md")) == "---cc"


VENV = """\
FROM python:3.12 AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
RUN make
FROM python:3.12-slim
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app/static /static
RUN end
"""
VENV_FILES = {**FILES, "requirements.txt": "", "static/a.css": "", "src/b.py": ""}


@pytest.mark.parametrize(
    ("path", "output", "expected"),
    [
        ("src/b.py", "input", "-cc-ccrr-ccc"),
        ("src/b.py", "new", "-cc-ccrr-ccc"),
        ("static/a.css", "same", "-cc-ccrr-crr"),
        ("static/a.css", "input", "-cc-ccrr-crr"),
        ("requirements.txt", "input", "-cc-rrrr-rrr"),
        ("requirements.txt", "same", "-cc-rrrr-ccc"),
        ("requirements.txt", "new", "-cc-rrrr-rrr"),
    ],
)
def test_a_copy_from_a_stage_re_runs_when_what_it_takes_may_differ(path, output, expected):
    assert said(VENV, edit(path), output, files=VENV_FILES) == expected


def test_what_no_words_tell_is_taken_to_be_made_by_the_last_run():
    text = "FROM node AS b\nWORKDIR /a\n{}RUN one\nCOPY . .\nRUN two\nFROM b2\n{}"
    text = text.format("", "COPY --from=b /a/out /out\n")
    assert said(text, edit("app.py")) == "-ccrr-r"


def test_node_modules_are_made_by_the_install():
    text = (
        "FROM node AS b\nWORKDIR /a\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN build\n"
        "FROM node\nCOPY --from=b /a/node_modules /n\n"
    )
    files = {**FILES, "package.json": "{}"}
    assert said(text, edit("app.py"), files=files) == "-cccrr-c"
    assert said(text, edit("package.json"), files=files) == "-crrrr-r"


def test_a_target_builds_only_the_stages_that_it_needs():
    text = "FROM a AS one\nCOPY app.py /\nFROM a AS two\nCOPY app.py /b\nFROM one\nRUN x\n"
    assert said(text, edit("app.py"), target=2) == "-r---r"
    assert said(text, edit("app.py"), target=1) == "---r--"
    assert said(text, edit("app.py")) == "-r-r-r"


@pytest.mark.parametrize(
    ("text", "change", "causes"),
    [
        ("COPY . /x\nRUN a\n", edit("app.py"), ["takes app.py", "the step on line 2 re-ran"]),
        ("COPY . /x\n", edit("app.py", "README.md"), ["takes README.md and 1 more"]),
        ("RUN --mount=type=bind,target=/x a\n", edit("app.py"), ["binds app.py"]),
        ("ARG V=1\nRUN a\n", Change(build_args={"V": "2"}), ["the variable V changed"]),
        ("ARG V\nRUN a\n", Change(build_args={"V": None}), ["the variable V changed"]),
        ("RUN a\n", Change(base_images=frozenset({"base"})), ["the base image base was replaced"]),
        (
            "RUN a\nFROM base\nCOPY --from=0 /a /b\n",
            Change(base_images=frozenset({"base"})),
            ["the base image base was replaced", "/a of stage 0 changed"],
        ),
    ],
)
def test_a_step_says_why_it_re_runs(text, change, causes):
    steps = rerun(build("FROM base\n" + text, FILES), change)
    assert [step.cause for step in steps if step.status == "rerun"] == causes


@pytest.mark.parametrize(
    ("old", "new", "causes"),
    [
        ("RUN a\n", "RUN b\n", ["its command changed"]),
        ("RUN a\n", "USER x\nRUN a\n", ["USER changed"]),
        ("RUN a\n", "WORKDIR /x\nRUN a\n", ["it is new or was rewritten", "WORKDIR changed"]),
        ("COPY app.py /a\n", "COPY app.py /b\n", ["its destination changed"]),
        ("RUN a\nRUN b\n", "RUN b\nRUN a\n", ["it stood elsewhere before", "the step on line 2 re-ran"]),
        ("RUN a\n", "RUN a\nRUN b c\n", ["it is new or was rewritten"]),
        ("ENV A=1\nRUN a\n", "ENV A=2\nRUN a\n", ["the variable A changed"]),
    ],
)  # fmt: skip
def test_a_step_says_how_an_edited_dockerfile_differs(old, new, causes):
    before = build("FROM base\n" + old, FILES)
    steps = rerun(before.with_text("FROM base\n" + new), Change(old=before))
    assert [step.cause for step in steps if step.status == "rerun"] == causes


def test_files_that_the_same_steps_take_are_of_one_class():
    classes = file_classes(build(VENV, VENV_FILES))
    by_file = {path: group for group in classes.values() for path in group}
    assert by_file["static/a.css"] == ("static/a.css",)
    assert by_file["requirements.txt"] == ("requirements.txt",)
    assert set(by_file["src/a.py"]) >= {"app.py", "src/a.py", "src/b.py", "README.md"}
    assert "Dockerfile" not in by_file


@pytest.mark.parametrize("path", sorted({*VENV_FILES} - {".dockerignore"}))
def test_files_of_one_class_re_run_the_same(path):
    made = build(VENV, VENV_FILES)
    representative = next(r for r, group in file_classes(made).items() if path in group)
    statuses = [[s.status for s in rerun(made, edit(p))] for p in (path, representative)]
    assert statuses[0] == statuses[1]


def test_thousands_of_paths_are_bounded():
    copies = "".join(f"COPY app.py /x{i}\n" for i in range(700))
    takes = "".join(f"COPY --from=s /x{i} /y\n" for i in range(700))
    start = time.process_time()
    assert said(f"FROM a AS s\n{copies}FROM b\n{takes}", edit("app.py")).count("r") == 1400
    assert time.process_time() - start < 2


def test_a_build_with_other_files_reads_its_context_anew():
    made = build("FROM a\nCOPY . /x\n", FILES)
    after = made.with_files({".dockerignore": "src\nDockerfile\n", "new": "x"})
    assert made.layers[1].copy.files != after.layers[1].copy.files
    assert "new" in after.context.files
    assert "src/a.py" not in after.context.files
    assert [step.status for step in rerun(after, Change(old=made))] == ["none", "rerun"]
    assert after.with_files({"Dockerfile": "FROM a\n"}).dockerfile.text == "FROM a\n"


@pytest.mark.parametrize(
    ("ignore", "change", "expected"),
    [
        ("src\n", edit("src/a.py"), "-c"),
        ("src\n", Change(adds=frozenset({"src/new"})), "-c"),
        ("src\n", Change(adds=frozenset({"new/"})), "-r"),
        ("src\n", Change(deletes=frozenset({"docs"})), "-r"),
        ("src\n", Change(deletes=frozenset({"nothing"})), "-c"),
        ("", edit("Dockerfile"), "-r"),
        ("Dockerfile\n", edit("Dockerfile"), "-c"),
    ],
)
def test_what_the_builder_is_not_sent_changes_nothing(ignore, change, expected):
    assert said("FROM a\nCOPY . /x\n", change, files={**FILES, ".dockerignore": ignore}) == expected


@pytest.mark.parametrize(
    ("mount", "image", "expected"),
    [
        ("type=bind,from=tool,source=/x,target=/t", "tool", "-rr"),
        ("type=bind,from=tool,source=/x,target=/t", "other", "-cc"),
        ("type=cache,from=tool,target=/t", "tool", "-rr"),
        ("type=secret,id=a", "tool", "-cc"),
        ("type=ssh", "tool", "-cc"),
    ],
)
def test_a_mount_from_an_image_depends_on_it(mount, image, expected):
    change = Change(base_images=frozenset({image}))
    assert said(f"FROM base\nRUN --mount={mount} x\nRUN y\n", change) == expected


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("RUN <<EOF\n#!/usr/bin/env python\nprint(1)\nEOF\n", "print(1)", "print(2)", "-r"),
        ("RUN cat <<EOF\nx\nEOF\n", "\nx\n", "\ny\n", "-r"),
        ('COPY <<"EOF" /a\n$X\nEOF\n', "$X", "$Y", "-r"),
        ("COPY $X /a\n", "$X", "$Y", "-r"),
        ("RUN --network=default a\n", "--network=default ", "", "-c"),
        ("FROM base2\nRUN a\n", "base2", "base3", "--r"),
    ],
)
def test_the_text_of_an_instruction_is_part_of_its_key(text, old, new, expected):
    before = build(f"FROM base\n{text}", FILES)
    after = before.with_text(before.dockerfile.text.replace(old, new, 1))
    steps = rerun(after, Change(old=before))
    assert "".join({"rerun": "r", "cached": "c"}.get(s.status, "-") for s in steps) == expected


def test_another_base_in_the_text_is_the_cause():
    before = build("FROM a\nRUN x\n", FILES)
    steps = rerun(before.with_text("FROM b\nRUN x\n"), Change(old=before))
    assert steps[1].cause == "FROM changed"


def test_too_many_files_for_too_many_steps_have_no_classes(monkeypatch):
    monkeypatch.setattr("rules.model.keys.MAX_MEMBERS", 3)
    assert file_classes(build(VENV, VENV_FILES)) == {}


def test_a_build_remembers_what_was_worked_out_and_another_is_asked_anew():
    asked = []

    @once
    def next_line(build, line):
        asked.append((build.dockerfile.text, line))
        lines = (layer.instruction.span.start for layer in build.layers)
        return next((each for each in lines if each > line), None)

    one, other = (build(f"FROM a\n{rest}", {}) for rest in ("", "RUN x\n"))
    found = [next_line(each, line) for line in (1, 2) for each in (one, other, one, other)]
    assert found == [None, 2, None, 2, None, None, None, None]
    assert len(asked) == 4


ALIKE = [
    ("FROM a\nCOPY x /\nRUN b\n", "FROM a\nCOPY x /\nRUN --mount=type=cache,target=/c d\n", True),
    ("FROM a AS s\nRUN b\nFROM a\nCOPY --from=s /o /o\n", "FROM a AS s\nRUN c\nFROM a\nCOPY --from=s /o /o\n", True),
    ("FROM a AS s\nRUN echo b > /o\nFROM a\nCOPY --from=s /o /o\nCOPY x /\n", "FROM a AS s\nRUN echo c > /o\nFROM a\nCOPY --from=s /o /o\nCOPY x /\n", False),
    ("FROM a AS s\nCOPY x /\nRUN b\nRUN e > /o\nFROM a\nCOPY --from=s /o /o\n", "FROM a AS s\nCOPY x /\nRUN b > /o\nRUN e\nFROM a\nCOPY --from=s /o /o\n", False),
    ("FROM a\nRUN b\n", "FROM a\nRUN --mount=target=/c b\n", False),
    ("FROM a\nCOPY x /\nRUN b\n", "FROM a\nRUN b\nCOPY x /\n", False),
    ("FROM a\nRUN b\n", "FROM a\nRUN b\nRUN c\n", False),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "alike"), ALIKE)
def test_builds_whose_steps_take_alike_re_run_the_same(before, after, alike):
    one = build(before, {"x": "", "y": ""})
    other = one.with_text(after)
    assert take_alike(one, other) == alike
    if alike:
        for path in ("x", "y"):
            change = Change(edits=frozenset({path}))
            steps = [[(s.line, s.status) for s in rerun(b, change)] for b in (one, other)]
            assert steps[0] == steps[1]
