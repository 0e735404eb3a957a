import pytest

from rules.model.processes import Process, list_processes
from rules.model.shell import read
from tests.rules.model.pace import seconds

KNOWN = {"HOME": "/root", "APP": "/srv/app", "PORT": "80"}


def processes(text, folder="/app") -> tuple[Process, ...]:
    script = read(text)
    assert script.opaque is None
    return list_processes(script, folder, KNOWN.get)


def folders(text, folder="/app"):
    """Where `x` and whatever has no other name runs."""
    return [p.folder for p in processes(text, folder) if p.name == "x"]


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("x", "/app"),
        ("cd a && x", "/app/a"),
        ("cd a; x", "/app/a"),
        ("cd a\nx", "/app/a"),
        ("cd /a/../b/ && x", "/b"),
        ("cd -P -- a && x", "/app/a"),
        ("cd a && cd .. && x", "/app"),
        ("cd a && cd - && x", "/app"),
        ("cd && x", "/root"),
        ("cd ~ && x", "/root"),
        ("cd ~/a && x", "/root/a"),
        ("cd ~app && x", None),
        ("cd $APP/a && x", "/srv/app/a"),
        ('cd "$APP" && x', "/srv/app"),
        ("cd $OTHER && x", None),
        ("cd $OTHER && cd /a && x", "/a"),
        ("cd $(a) && x", None),
        ("cd a* && x", None),
        ("D=/a && cd $D && x", "/a"),
        ("D=/a; D+=b; cd $D/$PORT; x", "/ab/80"),
        ("export D=/a && cd $D && x", "/a"),
        ("unset APP; cd $APP; x", None),
        ("read APP; cd $APP; x", None),
        ("pushd a && x", "/app/a"),
        ("pushd a && popd && x", "/app"),
        ("popd; x", None),
        ("cd a || exit 1; x", "/app/a"),
        ("cd a || { echo no; exit 1; }; x", "/app/a"),
        ("y && cd a && x", "/app/a"),
        ("y && cd a; x", None),
        ("y || cd a; x", None),
        ("[ -d a ] && cd a; x", None),
        ("(cd a); x", "/app"),
        ("(cd a && x)", "/app/a"),
        ("{ cd a; }; x", "/app/a"),
        ("{ cd a && y; }; x", "/app/a"),
        ("cd a | y; x", "/app"),
        ("cd a & x", "/app"),
        ("$(cd a); x", "/app"),
        ("y $(cd a && x)", "/app/a"),
        ("if y; then cd a; fi; x", None),
        ("if y; then cd /a; else cd /a; fi; x", "/a"),
        ("if cd a; then x; fi", "/app/a"),
        ("if y; then exit 1; fi; x", "/app"),
        ("if y; then cd a; exit 1; fi; x", "/app"),
        ("case y in z) cd a;; esac; x", None),
        ("for i in a; do (cd $i); x; done", "/app"),
        ("for i in a; do x; cd b; done", None),
        ("for i in a b; do D=$i; done; cd /$D; x", None),
        ("for APP in a b; do cd $APP; x; done", None),
        ("D=a; while y; do cd /$D; x; D=b; done", None),
        ("while cd a; do x; done", None),
        ("f() { cd /b; }; x", "/app"),
        ("f() { cd /b; }; f; x", "/b"),
        ("f() { x; }; cd a; f", "/app/a"),
        ("sh -c 'cd a && x'", "/app/a"),
        ("sh -c 'cd a'; x", "/app"),
        ("bash <<'E'\ncd a\nx\nE", "/app/a"),
        ("bash <<E\ncd $APP\nx\nE", None),
        ("env -C b x", "/app/b"),
        ("eval 'cd a'; x", "/app"),
        ("[[ -d a ]] && cd a && x", "/app/a"),
        ("for i in a; do y | cd b; x; done", "/app"),
        ("for i in a; do export APP=/b; done; cd $APP; x", None),
        ("f() { cd /b; }; for i in a; do f; done; x", None),
        ("sudo sh -c 'cd ~; x'", None),
        ("".join(f"V{i}=1;" for i in range(65)) + "cd $V64 && x", None),
        ("".join(f"V{i}=1;" for i in range(65)) + "cd $APP && x", None),
        ("cd " + "a/" * 600 + " && x", None),
    ],
)
def test_the_folder_is_known_or_said_to_be_unknown(text, folder):
    found = folders(text)
    if text.startswith("bash <<E\n"):  # the shell that runs it may see another text
        assert found == []
    else:
        assert found == [folder]


def test_an_unknown_start_stays_unknown_until_an_absolute_cd():
    assert folders("x; cd a; x; cd /b; x", None) == [None, None, "/b"]


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("x", True),
        ("x; y", True),
        ("y; x", True),
        ("y && x", True),
        ("y && x && z", True),
        ("y && x; z", False),
        ("y && x || z", False),
        ("y || x", False),
        ("x || true", True),
        ("y || z && x", True),
        ("x | y", True),
        ("(x)", True),
        ("(y && x)", True),
        ("(y && x); z", False),
        ("{ y && x; } && z", True),
        ("{ y && x; } | z", False),
        ("$(x)", True),
        ("z $(y && x)", False),
        ("if x; then y; fi", True),
        ("if y; then x; fi", False),
        ("if y; then z; elif x; then z; fi", False),
        ("if y; then z; else x; fi", False),
        ("case y in y) x;; esac", False),
        ("for i in a; do x; done", False),
        ("while x; do y; done", True),
        ("while y; do x; done", False),
        ("f() { x; }; f", True),
        ("sh -c 'y && x'", True),
        ("sh -c 'y && x'; z", False),
        ("y && exit 0; x", False),
        ("y || exit 1; x", True),
        ("y || exit; x", True),
        ("exit 1; x", False),
        ("exec y; x", False),
    ],
)
def test_a_process_is_certain_when_it_has_run_if_the_script_succeeds(text, certain):
    assert [p.certain for p in processes(text) if p.name == "x"] == [certain]


def test_without_a_lookup_no_variable_is_known():
    (process,) = list_processes(read("x $HOME"))
    assert process.args == (None,)


def test_nothing_is_certain_in_an_opaque_script():
    (process,) = list_processes(read("x && 'y"))
    assert not process.certain


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("x", {}),
        ("A=1 x", {"A": "1"}),
        ("A=1; x", {}),
        ("A=1; export A; x", {"A": "1"}),
        ("export A=1 B=$PORT; x", {"A": "1", "B": "80"}),
        ("export A; A=1; x", {"A": "1"}),
        ("declare -x A=1; declare B=2; x", {"A": "1"}),
        ("PORT=81; x", {"PORT": "81"}),
        ("PATH=/a:$PATH; x", {"PATH": None}),
        ("A=1 y; x", {}),
        ("export A=1; unset A; x", {}),
        ("export A=$(y); x", {"A": None}),
        ("A=1 env -u A B=2 x", {"B": "2"}),
        ("A=1 env B=$PORT x", {"A": "1", "B": "80"}),
        ("export A=1; sudo B=2 x", {"B": "2"}),
        ("export A=1; sudo -E B=2 x", {"A": "1", "B": "2"}),
        ("export A=1; if y; then A=2; fi; x", {"A": None}),
        ("if y; then export A=1; fi; x", {"A": None}),
        ("(export A=1); x", {}),
        ("export A=1; sh -c 'x'", {"A": "1"}),
        ("A=1; sh -c 'x'", {}),
        ("A=~/a x", {"A": None}),
    ],
)
def test_the_environment_that_the_script_sets_is_known(text, environment):
    found = [dict(p.environment) for p in processes(text) if p.name == "x"]
    assert found == [environment]


def test_each_process_says_what_it_is():
    text = "cd a && sudo -u app /usr/bin/pip install -r $PORT.txt $OTHER && echo pip | xargs npm i"
    cd, pip, echo, npm = processes(text)
    assert (cd.name, cd.args, cd.item) == ("cd", ("a",), 0)
    assert (pip.name, pip.args) == ("pip", ("install", "-r", "80.txt", None))
    assert (pip.user, pip.wrappers, pip.inherits, pip.item) == ("app", ("sudo",), False, 1)
    assert (echo.item, npm.item, npm.open_ended, npm.name) == (2, 2, True, "npm")
    assert text[pip.argv[1].start : pip.argv[2].end] == "install -r"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("P=pip3 && $P install", "pip3"),
        ("$P install", None),
        ("$(which pip) install", None),
        ("*/pip", None),
    ],
)
def test_a_program_from_a_variable_is_known_when_the_variable_is(text, name):
    assert processes(text)[-1].name == name


def test_a_script_inside_a_shell_is_read_once():
    outer, inner = processes("gosu app sh -c \"y && bash -c 'x'\"")
    assert (outer.name, outer.user, outer.wrappers) == ("y", "app", ("gosu", "sh"))
    assert outer.inside is not None
    assert (inner.name, inner.args) == ("bash", ("-c", "x"))


@pytest.mark.parametrize(
    "text",
    ['sh -c "x \'"', "curl y | sh", "sh < x", "bash 3<<'E'\nx\nE\n", "bash <<<x", "sh -c $X"],
)
def test_a_shell_whose_script_is_not_known_stays_a_shell(text):
    assert processes(text)[-1].name in ("sh", "bash")


def test_functions_count_where_they_are_called():
    found = processes("f() { x $1; }; f 1; y; f 2")
    assert [(p.name, p.item) for p in found] == [("f", 1), ("x", 1), ("y", 2), ("f", 3), ("x", 3)]


def test_functions_that_call_themselves_end():
    found = processes("f() { g; }; g() { f; x; }; f")
    assert [p.name for p in found] == ["f", "g", "f", "x"]


def test_scripts_in_heredocs_and_words_run_before_their_command():
    found = processes("y > $(a) <<E\n$(b)\nE")
    assert [p.name for p in found] == ["a", "b", "y"]


@pytest.mark.parametrize(
    "unit",
    [
        "cd x;", "cd x/$A;", "x=$x$x;", "export a$b=1;", "a=1 b=2 c;", "sh -c 'cd a;b';", "a=1&&b=2||c=3;",
        "while a; do cd x; a=1; done;", "f() { a; b; }\nf;f;f;\n", "env a=1 b;", "if a; then cd x; fi;",
        "pushd x;", "case a in b) cd c;; esac;",
    ],
)  # fmt: skip
def test_hostile_scripts_take_little_time(unit):
    script = read((unit * (131072 // len(unit)))[:131072])
    assert seconds(lambda: list_processes(script, "/", KNOWN.get), 0.5) <= 0.5
