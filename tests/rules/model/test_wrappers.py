import pytest

from rules.model.shell import read
from rules.model.wrappers import UNKNOWN_USER, Unwrapped, program_name, unwrap


def real(text) -> Unwrapped:
    return unwrap(read(text).commands[0])


def words(found: Unwrapped) -> str:
    return " ".join(word.value for word in found.argv)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("sudo apt-get update", "apt-get update"),
        ("sudo -E -H pip install x", "pip install x"),
        ("sudo -EHu app -- pip install x", "pip install x"),
        ("sudo --user=app --set-home A=1 pip x", "pip x"),
        ("/usr/bin/sudo -u app -g app pip x", "pip x"),
        ("doas -u app pip x", "pip x"),
        ("env pip x", "pip x"),
        ("env -i A=1 B='2 3' pip x", "pip x"),
        ("env -u A --unset=B -C /x pip x", "pip x"),
        ("exec -a name pip x", "pip x"),
        ("command pip x", "pip x"),
        ("time -p pip x", "pip x"),
        ("/usr/bin/time -f '%e s' -o log pip x", "pip x"),
        ("nice -n 10 ionice -c3 nohup pip x", "pip x"),
        ("nice -10 pip x", "pip x"),
        ("timeout -k 5 --signal=KILL 10m pip x", "pip x"),
        ("stdbuf -oL pip x", "pip x"),
        ("setsid -w pip x", "pip x"),
        ("xvfb-run -a --server-args='-screen 0' pip x", "pip x"),
        ("gosu app:app pip x", "pip x"),
        ("su-exec app pip x", "pip x"),
        ("runuser -u app -- pip x", "pip x"),
        ("tini -g -- pip x", "pip x"),
        ("busybox wget x", "wget x"),
        ("python -m pip x", "pip x"),
        ("/usr/local/bin/python3.11 -Im pip x", "pip x"),
        ("python3 -W ignore -u -mpip x", "pip x"),
        ("corepack pnpm@9 install", "pnpm install"),
        ("npx -y pnpm@8.1 install", "pnpm install"),
        ("npx --package=foo bar x", "bar x"),
        ("npx @scope/tool@1 x", "@scope/tool x"),
        ("bunx tsc x", "tsc x"),
        ("xargs -r -n1 -P 4 pip install", "pip install"),
        ("sudo env A=1 nice python3 -m pip x", "pip x"),
        ("sudo $PIP x", "$PIP x"),
    ],
)
def test_wrappers_are_peeled(text, command):
    assert words(real(text)) == command


@pytest.mark.parametrize(
    "text",
    [
        "pip x",
        "$SUDO pip x",
        "sudo",
        "sudo -u",
        "sudo --unheard-of pip x",
        "sudo -Z pip x",
        "sudo -$X pip x",
        "env",
        "env A=1",
        "env -S 'pip x'",
        "command -v pip",
        "timeout 5",
        "gosu app",
        "python setup.py",
        "python -c 'import x' -m pip",
        "python $X -m pip",
        "python -m",
        "pythonic -m pip",
        "corepack enable",
        "corepack prepare pnpm@9 --activate",
        "npx -c 'a b'",
        "sh script.sh -c 'a'",
        "su - app",
        "su app -x -c a",
        "bash -c $X",
        'bash -c "$X"',
        "bash --rcfile x -c a",
        "bash +x -c a",
        "chroot /x pip y",
    ],
)
def test_what_is_not_surely_a_wrapper_stays(text):
    found = real(text)
    assert words(found).split() == " ".join(w.value for w in read(text).commands[0].argv).split()
    assert found.script is None


@pytest.mark.parametrize(
    ("text", "user", "inherits"),
    [
        ("pip", None, True),
        ("sudo pip", "root", False),
        ("sudo -E pip", "root", True),
        ("sudo -u app pip", "app", False),
        ("sudo -u $U pip", UNKNOWN_USER, False),
        ("gosu app:app pip", "app", True),
        ("env -i pip", None, False),
        ("env -u X pip", None, True),
        ("su app -c pip", "app", True),
        ("su -c pip app", "app", True),
        ("su - app -c pip", "app", False),
        ("su -l -s /bin/sh app -c pip", "app", False),
        ("su -c pip", "root", True),
        ("runuser -u app pip", "app", True),
        ("sudo su - app -c pip", "app", False),
    ],
)
def test_user_and_environment_follow_the_wrapper(text, user, inherits):
    found = real(text)
    assert (found.user, found.inherits) == (user, inherits)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("sh -c 'a b'", "a b"),
        ('/bin/bash -lc "a && b" x', "a && b"),
        ("bash -euxo pipefail -c a", "a"),
        ("bash -o pipefail -ec a", "a"),
        ("bash --login --norc -c a", "a"),
        ("sudo -u app sh -c a", "a"),
        ("su app -c 'a b'", "a b"),
        ("su -c 'a b' app", "a b"),
        ("runuser app -c a", "a"),
    ],
)
def test_the_script_of_a_shell_is_found(text, script):
    found = real(text)
    assert found.script is not None
    assert found.script.value == script


@pytest.mark.parametrize(
    ("text", "stdin"),
    [
        ("sh", True),
        ("bash -s -- -y", True),
        ("sh -e", True),
        ("bash x.sh", False),
        ("sh -c a", False),
    ],
)
def test_a_shell_without_a_script_reads_standard_input(text, stdin):
    assert real(text).stdin == stdin


def test_what_wrappers_say_is_kept():
    found = real("sudo -E A=1 env -u B -C /x C=2 xargs pip install")
    assert [word.value for word in found.assigned] == ["A=1", "C=2"]
    assert found.unset == ("B",)
    assert found.folder is not None
    assert found.folder.value == "/x"
    assert found.open_ended
    assert found.wrappers == ("sudo", "env", "xargs")


def test_words_behind_wrappers_keep_their_places():
    text = "python3 -mpip install 'x y'"
    for word in real(text).argv:
        assert text[word.start : word.end] == word.raw


def test_many_wrappers_inside_each_other_end():
    assert words(real("sudo " * 100 + "pip")).endswith("pip")


@pytest.mark.parametrize(
    ("word", "name"),
    [("pip", "pip"), ("/usr/bin/pip", "pip"), ("./mvnw", "mvnw"), ("@a/b", "@a/b"), (None, None)],
)
def test_a_program_is_named_without_its_folder(word, name):
    assert program_name(word) == name
