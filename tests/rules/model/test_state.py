from dataclasses import fields

import pytest

from rules.model.dockerfile import parse
from rules.model.layer import Layer
from rules.model.sources import Files
from rules.model.state import read_changed, read_layers
from tests.rules.tools import build

FILES = Files(["a.txt", "b.txt", "d/x", "d/y", "x.tar.gz"])


def layers(text, files=FILES, **arguments):
    return read_layers(parse(text), files, arguments)


def last(text, **arguments):
    return layers(text, **arguments)[-1]


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("FROM python:3\n", "/"),
        ("FROM golang:1\n", "/go"),
        ("FROM php:8-apache\n", "/var/www/html"),
        ("FROM php:8\n", "/"),
        ("FROM example.org/app\n", None),
        ("FROM example.org/app\nWORKDIR app\n", None),
        ("FROM example.org/app\nWORKDIR /app\n", "/app"),
        ("FROM python\nWORKDIR app\nWORKDIR ./b/../c/\n", "/app/c"),
        ("FROM python\nARG D=/w\nWORKDIR $D\n", "/w"),
        ("FROM python\nARG D\nWORKDIR $D\n", None),
        ("FROM python AS a\nWORKDIR /a\nFROM a\n", "/a"),
        ("FROM scratch\n", "/"),
    ],
)
def test_the_working_directory_is_known_where_the_base_or_a_workdir_tells_it(text, folder):
    assert last(text + "RUN x\n").folder == folder


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("FROM python:3\n", "root"),
        ("FROM docker.io/library/node:20\n", "root"),
        ("FROM jetty\n", "jetty"),
        ("FROM mine\n", None),
        ("FROM mine\nUSER app:app\n", "app:app"),
        ("FROM python\nARG U\nUSER $U\n", None),
        ("FROM python AS a\nUSER x\nFROM a\n", "x"),
        ("FROM gcr.io/distroless/static:nonroot\n", "65532"),
        ("FROM gcr.io/distroless/static\n", "root"),
        ("ARG V=3\nFROM python:$V\n", "root"),
        ("ARG I\nFROM $I\n", None),
    ],
)
def test_the_user_is_known_where_the_base_or_a_user_tells_it(text, user):
    assert last(text + "RUN x\n").user == user


def test_shell_form_runs_in_the_shell_in_force():
    text = 'FROM a AS a\nRUN x\nSHELL ["/bin/bash", "-c"]\nRUN x\nFROM a\nRUN x\nFROM b\nRUN x\n'
    runs = [layer.shell for layer in layers(text) if layer.instruction.keyword == "RUN"]
    plain, bash = ("/bin/sh", "-c"), ("/bin/bash", "-c")
    assert runs == [plain, bash, bash, plain]


def test_an_exec_form_is_a_script_of_one_command():
    script = last('FROM a\nRUN ["a b", "$c"]\n').script
    assert [[word.value for word in command.argv] for command in script.commands] == [["a b", "$c"]]


@pytest.mark.parametrize(
    ("text", "path", "target"),
    [
        ("COPY a.txt /x", "a.txt", "/x"),
        ("COPY a.txt /x/", "a.txt", "/x/a.txt"),
        ("COPY a.txt /etc", "a.txt", "/etc/a.txt"),
        ("COPY a.txt /app", "a.txt", "/app"),
        ("WORKDIR /app\nCOPY a.txt /app", "a.txt", "/app/a.txt"),
        ("WORKDIR /app/b\nCOPY a.txt /app", "a.txt", "/app/a.txt"),
        ("RUN mkdir -p /app\nCOPY a.txt /app", "a.txt", "/app/a.txt"),
        ('RUN ["mkdir", "/app"]\nCOPY a.txt /app', "a.txt", "/app/a.txt"),
        ("COPY d /app\nCOPY a.txt /app", "a.txt", "/app/a.txt"),
        ("COPY b.txt /app\nCOPY a.txt /app", "a.txt", "/app"),
        ("COPY b.txt /app/b\nCOPY a.txt /app", "a.txt", "/app/a.txt"),
        ("WORKDIR /app\nCOPY a.txt .", "a.txt", "/app/a.txt"),
        ("WORKDIR /app\nCOPY a.txt b", "a.txt", "/app/b"),
        ("COPY d /x", "d/x", "/x/x"),
        ("COPY . /x", "d/x", "/x/d/x"),
        ("COPY d/* /x/", "d/x", "/x/x"),
        ("COPY *.txt d /x/", "b.txt", "/x/b.txt"),
        ("COPY *.txt d /x/", "d/y", "/x/y"),
        ("COPY --exclude=x d /x/", "d/x", None),
        ("COPY --parents d/x /p/", "d/x", "/p/d/x"),
        ("COPY a.txt $UNKNOWN", "a.txt", None),
        ("ADD x.tar.gz /x", "x.tar.gz", None),
        ("COPY x.tar.gz /x", "x.tar.gz", "/x"),
        ("COPY a.txt /x", "b.txt", None),
        ("COPY new* /x/", "new.py", "/x/new.py"),
    ],
)
def test_a_file_lands_where_the_copy_puts_it(text, path, target):
    copy = last(f"FROM python\n{text}\n").copy
    assert copy.target(path) == target
    if target is not None and path in FILES.known:
        assert copy.origin(target) == path


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("COPY . /x", ("a.txt", "b.txt", "d/x", "d/y", "x.tar.gz")),
        ("COPY d /x", ("d/x", "d/y")),
        ("COPY *.txt d/x /x/", ("a.txt", "b.txt", "d/x")),
        ("COPY missing /x", ()),
        ("COPY --from=b d /x", ()),
        ("COPY $UNKNOWN /x", ("a.txt", "b.txt", "d/x", "d/y", "x.tar.gz")),
        ("ARG F=a.txt\nCOPY $F /x", ("a.txt",)),
        ("ADD https://example.org/d /x", ()),
        ("COPY <<EOF /x\nd\nEOF", ()),
    ],
)
def test_a_copy_takes_files_of_the_context(text, files):
    assert last(f"FROM python\n{text}\n").copy.files == files


def test_where_a_copy_takes_from_is_a_stage_an_image_or_the_context():
    text = "FROM a AS One\nFROM b\nCOPY --from=one x y\nCOPY --from=0 x y\nCOPY --from=c x y\nCOPY x y\n"
    found = [(layer.copy.stage, layer.copy.image) for layer in layers(text) if layer.copy]
    assert found == [(0, None), (0, None), (None, "c"), (None, None)]


def test_a_mount_has_its_defaults_filled_in():
    text = (
        "FROM a AS s\nFROM python\nWORKDIR /app\nARG I=i\n"
        "RUN --mount=type=cache,target=cache,id=$I,uid=1000 --mount=target=.,src=d,rw"
        " --mount=type=secret,id=t --mount=from=s,dst=/s --mount=type=cache,dst=/c x\n"
    )
    cache, bind, secret, stage, plain = last(text).mounts
    assert (cache.target, cache.id, cache.sharing, cache.uid) == ("/app/cache", "i", "shared", 1000)
    assert (bind.type, bind.target, bind.source, bind.local) == ("bind", "/app", "d", True)
    assert (secret.target, secret.id) == ("/run/secrets/t", "t")
    assert (stage.stage, stage.target, stage.local) == (0, "/s", False)
    assert (plain.id, plain.target) == ("/c", "/c")


def test_a_mount_relative_to_an_unknown_folder_has_no_target():
    assert last("FROM mine\nRUN --mount=type=cache,target=c x\n").mounts[0].target is None


def test_steps_are_runs_copies_adds_and_workdirs():
    text = "ARG A\nFROM b\nWORKDIR /\nWORKDIR /x\nENV A=1\nRUN x\nCOPY a b\nADD a b\nUSER x\n"
    steps = [layer.instruction.keyword for layer in layers(text) if layer.step]
    assert steps == ["WORKDIR", "RUN", "COPY", "ADD"]


def test_a_stage_named_through_a_variable_is_inherited():
    text = "ARG B=two\nFROM a AS one\nWORKDIR /1\nFROM b AS two\nWORKDIR /2\nFROM $B\nRUN x\n"
    assert last(text).folder == "/2"
    assert last(text, B="one").folder == "/1"


def test_onbuild_cannot_multiply_a_file_without_bound():
    text = "FROM a AS x\n" + "ONBUILD RUN a\n" * 1000 + "FROM x\n" * 150
    assert sum(len(layer.triggers) for layer in layers(text)) < 6_000


EDITED = [
    ("FROM a\nRUN b\nRUN c\n", "FROM a\nRUN --mount=type=cache,target=d b\nRUN c\n"),
    ("FROM a\nENV A=1\nWORKDIR /w\nRUN b \\\n  c\nCOPY . .\n", "FROM a\nENV A=1\nWORKDIR /w\nRUN b\nCOPY . .\n"),
    ("FROM a AS s\nUSER u\nRUN b\nFROM s\nRUN c\n", "FROM a AS s\nUSER u\nRUN bb\nFROM s\nRUN --mount=from=s,source=/x c\n"),
    ("# c\nFROM a\nRUN <<E\nb\nE\nRUN c\n", "FROM a\n\nRUN <<E\nd\nE\nRUN c\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), EDITED)
def test_layers_of_a_file_with_other_runs_are_as_if_read_anew(before, after):
    old, new = (build({"Dockerfile": text, "f": ""}) for text in (before, after))
    found = read_changed(old.layers, new.dockerfile, old.dockerfile)
    assert found is not None
    anew = read_layers(new.dockerfile, old.files, {})
    for got, expected in zip(found, anew, strict=True):
        names = {f.name for f in fields(Layer)} - {"variables"}
        assert {n: getattr(got, n) for n in names} == {n: getattr(expected, n) for n in names}
        assert got.variables.variables == expected.variables.variables
        assert (got.own, got.leaves, got.processes) == (
            expected.own,
            expected.leaves,
            expected.processes,
        )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM a\nRUN b\n", "FROM a\nRUN b\nRUN c\n"),
        ("FROM a\nUSER b\nRUN c\n", "FROM a\nUSER d\nRUN c\n"),
        ("FROM a\nCOPY <<E /f\nx\nE\nRUN c\n", "FROM a\nCOPY <<E /f\ny\nE\nRUN c\n"),
        ("FROM a\nRUN mkdir /d\nCOPY f /d\n", "FROM a\nRUN true\nCOPY f /d\n"),
        ("FROM a\nRUN b\n", "# escape=`\nFROM a\nRUN c\n"),
        ("FROM a\nRUN b\nUSER c\n", "FROM a\nUSER c\nRUN b\n"),
        ("FROM a AS b\nONBUILD USER c\nFROM b\nRUN d\n", "FROM a AS b\nONBUILD USER c\nFROM b\nRUN e\n"),
    ],
)  # fmt: skip
def test_layers_are_read_anew_where_more_than_runs_differs(before, after):
    old, new = (build({"Dockerfile": text, "f": ""}) for text in (before, after))
    assert read_changed(old.layers, new.dockerfile, old.dockerfile) is None
