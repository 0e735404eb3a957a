import pytest

from rules.model.installs.go import GO, edit
from rules.model.installs.install import Call
from tests.rules.model.installs.image import Memory, ask, is_tool, listed, reason

MOD = "module example.org/a\n\ngo 1.23\n\nrequire (\n\tgithub.com/x/y v1.0.0 // indirect\n)\n"
ONE = {"go.mod": MOD, "go.sum": "", "main.go": ""}


@pytest.mark.parametrize(
    "command", ["go mod download", "go mod download -x", "go mod verify", "go -C . mod download"]
)
def test_a_download_reads_the_module_files(command):
    assert listed(GO, command, ONE) == ["go.mod", "go.sum"]


def test_it_finds_them_above():
    assert listed(GO, "go mod download", ONE, folder="/app/cmd/x") == ["go.mod", "go.sum"]


def test_modules_of_the_project_that_stand_in_for_others_are_read():
    text = (
        MOD
        + 'replace (\n\texample.org/b => ./b // x\n\texample.org/c v1 => github.com/c/c v2\n)\nreplace example.org/d => "../d"\n'
    )
    files = {"m/go.mod": text, "m/go.sum": "", "m/b/go.mod": "module b", "d/go.mod": "module d"}
    assert listed(GO, "go mod download", files, folder="/app/m") == [
        "m/go.mod",
        "m/go.sum",
        "m/b/go.mod",
        "d/go.mod",
    ]


def test_the_modules_of_a_workspace_are_read():
    files = {
        "go.work": "go 1.23\nuse (\n\t./a\n\t./b\n)\n",
        "go.work.sum": "",
        "a/go.mod": MOD,
        "a/go.sum": "",
        "b/go.mod": "module b",
        "c/go.mod": "module c",
    }
    wanted = ["go.work", "go.work.sum", "a/go.mod", "a/go.sum", "b/go.mod"]
    assert listed(GO, "go mod download", files) == wanted
    assert listed(GO, "go mod download", files, folder="/app/a") == wanted
    off = {"GOWORK": "off"}
    assert listed(GO, "go mod download", files, folder="/app/a", environment=off) == [
        "a/go.mod",
        "a/go.sum",
    ]


@pytest.mark.parametrize(
    "command", ["go install example.org/x@latest", "go install -v a@v1 b@v2", "go run x@v1 ."]
)
def test_packages_with_a_version_are_tools(command):
    assert is_tool(GO, command, ONE)


@pytest.mark.parametrize(
    "verb", ["build -o /x ./cmd", "install ./...", "test ./...", "run main.go", "build"]
)
def test_a_build_needs_the_source_but_for_its_downloads(verb):
    reads = ask(GO, f"go {verb}", ONE)
    assert "compiles the source" in reads.needs_source
    assert reads.split.words == ("go", "mod", "download")
    assert reads.split.reads.files == ("/app/go.mod", "/app/go.sum")


@pytest.mark.parametrize(
    "files",
    [
        {**ONE, "vendor/modules.txt": ""},
        {**ONE, "go.mod": "module a\n\ngo 1.23\n"},
        {"main.go": ""},
    ],
)
def test_a_build_that_downloads_nothing_is_no_install(files):
    assert ask(GO, "go build ./...", files) is None


@pytest.mark.parametrize(
    "command",
    ["go env", "go version", "go", "go clean -modcache", "go mod edit -x", "go generate ./..."],
)
def test_other_commands_install_nothing(command):
    assert ask(GO, command, ONE) is None


@pytest.mark.parametrize(
    ("command", "files", "why"),
    [
        ("go mod download", {}, "does not come"),
        ("go mod tidy", ONE, "imports"),
        ("go mod vendor", ONE, "imports"),
        ("go get ./...", ONE, "imports"),
        ("go mod download", {"go.mod": MOD + "replace x => ./x"}, "does not come"),
        ("go build -modfile=x.mod", ONE, "another module file"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(command, files, why):
    assert why in reason(GO, command, files)


def test_variables_that_name_files_are_not_followed():
    assert reason(GO, "go mod download", ONE, environment={"GOFLAGS": "-modfile=x"})
    assert reason(GO, "go mod download", ONE, environment={"GOWORK": "/x"})


def test_tools_of_the_module_file_are_read_from_it():
    files = {**ONE, "go.mod": MOD + "tool github.com/x/y/cmd\n"}
    assert listed(GO, "go install tool", files) == ["go.mod", "go.sum"]
    assert reason(GO, "go install tool", {**ONE, "go.mod": MOD + "tool example.org/a/cmd\n"})


def test_modules_are_read_by_every_later_build():
    assert GO.cache.shared
    assert dict(GO.cache.in_images)["golang"] == "/go/pkg/mod"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            "-replace=a.b/c@v1=d.e/f@v2",
            "x\nreplace g.h/i => ../i\n\nreplace a.b/c v1 => d.e/f v2\n",
        ),
        ("-replace g.h/i=j.k/l", "replace a.b/c v1 => ../c\nx\n\nreplace g.h/i => j.k/l\n"),
        ("-replace a.b/c=j.k/l", "x\nreplace g.h/i => ../i\n\nreplace a.b/c => j.k/l\n"),
    ],
)
def test_a_replacement_takes_the_place_of_the_same(words, text):
    before = "replace a.b/c v1 => ../c\nx\nreplace g.h/i => ../i\n"
    call = Call(("mod", "edit", *words.split()), "/app")
    assert edit(call, Memory({"/app/go.mod": before})) == {"/app/go.mod": text}


@pytest.mark.parametrize(
    "words",
    ["", "-fmt", "-replace=a", "-replace=a=../b", "-replace=a=b go.mod", "-go=1.2 -replace=a=b"],
)
def test_other_edits_are_not_followed(words):
    call = Call(("mod", "edit", *words.split()), "/app")
    assert edit(call, Memory({"/app/go.mod": ""})) is None
    assert edit(Call(("mod", "edit", "-replace=a=b"), "/app"), Memory({})) is None
