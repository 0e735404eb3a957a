import random
import shutil
import subprocess
from functools import partial
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.model.script import MAX_VALUE, Compound, Script
from rules.model.shell import read
from rules.model.shell_words import MAX_COMMANDS, MAX_WORDS
from tests.rules.model import shfmt
from tests.rules.model.pace import seconds
from tests.rules.model.scripts import scripts


def argv(script: Script) -> list[list[str]]:
    return [[word.value for word in command.argv] for command in script.commands]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("", []),
        ("  # nothing", []),
        ("apt-get update && apt-get install -y curl", [["apt-get", "update"], ["apt-get", "install", "-y", "curl"]]),
        ("a;b\nc & d|e || f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a \\\n  b # c\nd", [["a", "b"], ["d"]]),
        ("a#b '#c' \\#d # e", [["a#b", "#c", "#d"]]),
        ("a 'b  c' \"d 'e'\" f\\ g h\"i\"'j'", [["a", "b  c", "d 'e'", "f g", "hij"]]),
        ('a "\\n\\$\\"\\\\\\`" \\n', [["a", '\\n$"\\`', "n"]]),
        ("a \"b\\\nc\" d\\\ne 'f\\\ng'", [["a", "bc", "de", "f\\\ng"]]),
        ("a '' \"\"", [["a", "", ""]]),
        ("a $'b\\tc\\'\\x41\\101\\u00e9'", [["a", "b\tc'AAé"]]),
        ('a $X ${X:-"b c"} "$(d e)" $((1 + (2)))', [["a", "$X", '${X:-"b c"}', "$(d e)", "$((1 + (2)))"], ["d", "e"]]),
        ("a `b \\`c\\`` d", [["a", "`b \\`c\\``", "d"], ["b", "`c`"], ["c"]]),
        ("a $(b $(c) $(d; e))", [["a", "$(b $(c) $(d; e))"], ["b", "$(c)", "$(d; e)"], ["c"], ["d"], ["e"]]),
        ("a ${X:-$(b ${Y%$(c)})}", [["a", "${X:-$(b ${Y%$(c)})}"], ["b", "${Y%$(c)}"], ["c"]]),
        ("X=$(a) b; Y=1", [["b"], ["a"], []]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while a; do b; done; until c; do d; done", [["a"], ["b"], ["c"], ["d"]]),
        ("for i in x $(a); do b $i; done; for j; do c; done", [["a"], ["b", "$i"], ["c"]]),
        ("for ((i=0; i<3; i++)) ; do a; done; for x in y\ndo b\ndone", [["a"], ["b"]]),
        ("case $x in a|b) c;; (d*) e ;; *) f; esac", [["c"], ["e"], ["f"]]),
        ("case x in\nesac; case x in y) ;; z) a; ;; esac", [["a"]]),
        ("f() { a; }; function g { b; }; function h () (c); f x", [["a"], ["b"], ["c"], ["f", "x"]]),
        ("{ a; }; (b; (c)); ((d)) || e", [["a"], ["b"], ["c"], ["e"]]),
        ("((a; b) || c) && d; echo $((a; b) | c)", [["a"], ["b"], ["c"], ["d"], ["echo", "$((a; b) | c)"], ["a"], ["b"], ["c"]]),
        ('[[ $x =~ ^(a|b)$ && ! -f "c d" ]] && e', [["e"]]),
        ("[ -f x ] && ! a | b", [["[", "-f", "x", "]"], ["a"], ["b"]]),
        ("time -p a; time (b); time { c; }", [["time", "-p", "a"], ["b"], ["c"]]),
        ("diff <(a b) >(c)", [["diff", "<(a b)", ">(c)"], ["a", "b"], ["c"]]),
        ("x=(1 $(a)) b; declare -a y=(2) z", [["b"], ["a"], ["declare", "-a", "y=(2)", "z"]]),
        ("find . -name '*.py' -exec rm {} \\; ", [["find", ".", "-name", "*.py", "-exec", "rm", "{}", ";"]]),
        ("for i in a; { b; }; case x in x) a;& *) b;;& esac", [["b"], ["a"], ["b"]]),
        ("a $\"b $(c)\" $'\\cA\\U00110000\\q'", [["a", "b $(c)", "\x01\\U00110000\\q"], ["c"]]),
        ("a ${X#'}'} \"${X:-'}\"", [["a", "${X#'}'}", "${X:-'}"]]),
        ("echo if then fi { } !", [["echo", "if", "then", "fi", "{", "}", "!"]]),
        ("ls !(a|b)*.@(c|d)", [["ls", "!(a|b)*.@(c|d)"]]),
        ("cat <<EOF > f && a\n$(b) 'c'\nEOF\nd", [["cat"], ["a"], ["b"], ["d"]]),
        ("cat <<'EOF' | a\n$(b)\nEOF", [["cat"], ["a"]]),
        ("x=$(cat <<-EOF\n\tif\n\tEOF\n) a", [["a"], ["cat"]]),
        ('a $X\\\n "$X\\\n-" b\\\nc', [["a", "$X", "$X-", "bc"]]),
        ("echo $ $% a$", [["echo", "$", "$%", "a$"]]),
        ("\udcff é\u2028x", [["\udcff", "é\u2028x"]]),
    ],
)  # fmt: skip
def test_words_are_what_the_shell_hands_to_programs(text, commands):
    script = read(text)
    assert script.opaque is None
    assert argv(script) == commands


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a 'b", "a `'` is not closed"),
        ('a "b $(c', "`)` is expected before `the end`"),
        ('a "b', 'a `"` is not closed'),
        ("a `b", "a backtick is not closed"),
        ("a ${b", "a `${` is not closed"),
        ("a $((b)", "`)` is expected before `the end`"),
        ("a $'b", "a `$'` is not closed"),
        ("(a", "`)` is expected before `the end`"),
        ("a)", "`)` is not expected there"),
        ("a;; b", "`;;` is not expected there"),
        ("if a; b; fi", "`then` is expected before `fi`"),
        ("fi", "`fi` is not expected there"),
        ("a &&", "nothing follows `&&`"),
        ("&& a", "a command is missing before `&&`"),
        ("a ; ; b", "a command is missing before `;`"),
        ("a >", "`the end` stands where a word is expected"),
        ("a b (c)", "a `(` stands where the shell allows none"),
        ("cat <<EOF\nx", "the heredoc `EOF` has no end"),
        ("cat <<EOF", "the heredoc `EOF` has no end"),
        ("coproc a", "`coproc` is not followed"),
        ("a &\\\n& b", "an operator is split over lines"),
        ("a $\\\nb", "a `$` stands before the end of a line"),
        ("a $X\\\nY", "a name is split over lines"),
        ("a ${X\\\nY}", "a name is split over lines"),
        ("X\\\n=1 a", "a name is split over lines"),
        ("for 1 in a; do b; done", "a `for` has no variable"),
        ("$(" * 50, "it is nested more than 40 deep"),
        ("a;" * (MAX_COMMANDS + 1), "it has more than 5,000 commands"),
        ("a" + " ``" * 1000, "it takes too many steps to read"),
        ("$((" * 30 + "a;b" * 100, "`)` is expected before `the end`"),
        ("a " * (MAX_WORDS + 1), "it has more than 20,000 words"),
    ],
)
def test_what_cannot_be_read_makes_the_script_opaque(text, reason):
    assert read(text).opaque == reason


def test_what_was_read_before_an_opaque_place_is_kept():
    script = read("a b && c; 'd")
    assert argv(script) == [["a", "b"], ["c"]]
    assert [item.connector for item in script.items] == ["", "&&"]


@pytest.mark.parametrize(
    ("word", "literal", "pattern"),
    [
        ("a", True, False),
        ("'*'\"?\"\\[", True, False),
        ("{}", True, False),
        ("[", True, False),
        ("foo>=1", True, False),
        ("a~", True, False),
        ("*.py", False, True),
        ("a?", False, True),
        ("uvicorn[standard]", False, True),
        ("'uvicorn[standard]'", True, False),
        ("{a,b}", False, True),
        ("{1..3}", False, True),
        ("~/x", False, True),
        ("@(a|b)", False, True),
        ("$X", False, False),
        ('"$X"', False, False),
        ("$X*", False, True),
        ("`a`", False, False),
        ("$'a'", True, False),
    ],
)
def test_a_word_is_literal_when_the_shell_puts_nothing_in_its_place(word, literal, pattern):
    (_, read_word) = read(f"echo {word}" if word != "foo>=1" else "echo 'foo>=1'").commands[0].argv
    assert (read_word.literal, read_word.pattern) == (literal, pattern)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("a", "a"),
        ("$X", "x"),
        ("a${X}b", "axb"),
        ('"$SPACED"', "s t"),
        ("$SPACED", None),
        ("$EMPTY", None),
        ('"$EMPTY"', ""),
        ("$UNKNOWN", None),
        ("${X:-y}", None),
        ("$1", None),
        ("$(X)", None),
        ("$X*", "x*"),
        ('"$LONG"', None),
    ],
)
def test_variables_are_filled_in_where_they_are_known(word, value):
    known = {"X": "x", "SPACED": "s t", "EMPTY": "", "LONG": "l" * (MAX_VALUE + 1)}
    assert read(f"echo {word}").commands[0].argv[1].expand(known.get) == value


def test_each_word_and_command_knows_its_place():
    text = "a && FOO='b c' \\\n d\"$X\" >e ; f `g \\`h i\\`` é"
    script = read(text)
    for command in script.commands:
        for word in command.argv:
            if "`" not in word.value:
                assert text[word.start : word.end] == word.raw
    spans = [text[c.start : c.end] for c in script.commands]
    assert spans == ["a", "FOO='b c' \\\n d\"$X\" >e", "f `g \\`h i\\`` é", "g \\`h i\\`", "h i"]
    assert text[script.commands[1].assignments[0].value.start] == "'"


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a && b && (c; d) | e", [("", "a"), ("&&", "b"), ("&&", "(c; d) | e")]),
        ("set -e; a || b\nc &", [("", "set -e"), (";", "a"), ("||", "b"), ("\n", "c")]),
        ("if a; then b; fi && { c; } >d", [("", "if a; then b; fi"), ("&&", "{ c; } >d")]),
        ("! a && \\\n  # no\n b  ", [("", "! a"), ("&&", "b")]),
        ("f() { a; }; case x in x) b;; esac", [("", "f() { a; }"), (";", "case x in x) b;; esac")]),
    ],
)
def test_items_are_the_pieces_between_top_level_connectors(text, items):
    found = [(item.connector, text[item.start : item.end]) for item in read(text).items]
    assert found == items


def test_commands_say_what_stands_before_them_and_how_deep_they_are():
    script = read("a && b | c; (d || e) && $(f) & g\nh")
    found = [(c.connector, c.argv[0].raw, c.depth) for c in script.commands]
    assert found == [
        ("", "a", 0),
        ("&&", "b", 0),
        ("|", "c", 0),
        ("", "d", 1),
        ("||", "e", 1),
        ("&&", "$(f)", 0),
        ("", "f", 1),
        ("&", "g", 0),
        ("\n", "h", 0),
    ]


def test_assignments_and_redirects_are_no_words():
    script = read("A=1 B+='2 3' C[0]= a 2>&1 >>f </dev/null &>g <<<h 3<>i {j}>k 12 >|l")
    (command,) = script.commands
    assert [word.value for word in command.argv] == ["a", "12"]
    assert [(a.name, a.value.value, a.append) for a in command.assignments] == [
        ("A", "1", False),
        ("B", "2 3", True),
        ("C", "", False),
    ]
    assert [(r.descriptor, r.operator, r.target.value) for r in command.redirects] == [
        (2, ">&", "1"),
        (None, ">>", "f"),
        (None, "<", "/dev/null"),
        (None, "&>", "g"),
        (None, "<<<", "h"),
        (3, "<>", "i"),
        (None, ">", "k"),
        (None, ">|", "l"),
    ]


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("cat <<A <<'B'\n$x \\$y \\\nz\nA\n$x\nB\n", [("$x $y z\n", False), ("$x\n", True)]),
        ("cat <<-A\n\ta\n\t\tb\n\tA", [("a\nb\n", True)]),
        ("cat <<A\nA", [("", True)]),
        ("cat <<A\na\\\nA\nA", [("aA\n", True)]),
        ("cat <<'A'\na\\\nA", [("a\\\n", True)]),
    ],
)
def test_heredocs_are_read_as_the_program_gets_them(text, bodies):
    script = read(text)
    assert script.opaque is None
    assert [(body.text, body.literal) for body in script.bodies] == bodies
    assert [r.body for r in script.commands[0].redirects] == list(range(len(bodies)))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a $X ${Y} \"$Z\" '$no' \\$no", "X Y Z"),
        ("a ${X:-$Y} ${#Z} $((i + 1)) $1 $? $@", "X Y Z i"),
        ("a ${!X}", "* X"),
        ("cat <<E\n$X `b $Y`\nE", "X Y"),
        ("[[ -v X ]]; ((Y++)); a[Z]=1; for ((i=0;;)); do b; done", "X Y Z i v"),
        ("case $X in $Y) a;; esac; for i in $Z; do b; done", "X Y Z"),
    ],
)
def test_variables_are_all_names_that_expansions_name(text, names):
    assert read(text).variables == set(names.split())


def heredoc(body, name="EOF"):
    return SimpleNamespace(name=name, body=body)


def test_a_run_that_is_only_a_heredoc_runs_its_body():
    script = read(" <<EOF ", [heredoc("a b\nc\n")])
    assert script.heredoc
    assert script.text == "a b\nc\n"
    assert argv(script) == [["a", "b"], ["c"]]


def test_a_heredoc_of_a_command_stands_below_it():
    script = read("cat <<EOF > /f && b", [heredoc("$(c)\n")])
    assert not script.heredoc
    assert script.text == "cat <<EOF > /f && b\n$(c)\nEOF"
    assert argv(script) == [["cat"], ["b"], ["c"]]


@pytest.mark.parametrize(
    ("first", "opaque"),
    [
        ("#!/bin/bash -e", None),
        ("#!/usr/bin/env bash", None),
        ("#!/usr/bin/env python3", "it is run by `/usr/bin/env python3`"),
        ("#!/usr/bin/python3", "it is run by `/usr/bin/python3`"),
        ("#!", "it is run by ``"),
    ],
)
def test_the_first_line_of_a_heredoc_may_name_another_program(first, opaque):
    script = read("<<EOF", [heredoc(f"{first}\na\n")])
    assert script.opaque == opaque
    assert argv(script) == ([["a"]] if opaque is None else [])


@pytest.mark.parametrize(
    ("shell", "read_"),
    [
        (["/bin/bash", "-o", "pipefail", "-c"], True),
        (["conda", "run", "-n", "x", "/bin/bash", "-c"], True),
        (["powershell", "-Command"], False),
        (["cmd", "/S", "/C"], False),
    ],
)
def test_only_what_a_shell_runs_is_read(shell, read_):
    assert (read("a", shell=shell).opaque is None) == read_


def test_compound_commands_keep_their_lists():
    (item,) = read("if a; then b; else c; d; fi >e").items
    (node,) = item.pipeline
    assert isinstance(node, Compound)
    assert node.kind == "if"
    assert [len(block) for block in node.blocks] == [1, 1, 2]
    assert [r.target.value for r in node.redirects] == ["e"]


needs_shfmt = pytest.mark.skipif(shfmt.PROGRAM is None, reason="shfmt (of shfmt-py) is not there")


@needs_shfmt
@settings(max_examples=50)
@given(scripts())
def test_valid_scripts_read_as_shfmt_reads_them(text):
    theirs = shfmt.theirs(text)
    script = read(text)
    if theirs is not None and script.opaque != "a name is split over lines":  # shfmt minds it not
        assert script.opaque is None
        assert shfmt.ours(script) == theirs


REAL = [
    "set -eux; apt-get update && apt-get install -y --no-install-recommends a=1.* b | tee /log; rm -rf /var/lib/apt/lists/*",
    "if [ \"$(uname -m)\" = \"aarch64\" ]; then ARCH='arm64'; else ARCH=amd64; fi && curl -fsSL \"https://x/${ARCH}.tgz\" | tar xz -C /",
    'for m in a b; do php -r "echo \\$m;" || exit 1; done; cat <<EOF >/e\n$X\nEOF\n',
    "f() { sed -i -e 's/a\\/b/c$/' \"$1\" >/dev/null 2>&1; }; case `id -u` in 0) f /etc/x;; *) : ;; esac",
]  # fmt: skip


@st.composite
def mutants(draw):
    """A real script with a few characters changed: often not valid any more."""
    text = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 3))
        new = draw(st.sampled_from(["", "'", '"', "`", "$", "(", ")", "\\", "{", "}", "&", "|", ";", "\n", "<", ">", "#", " ", "[", "*", "$(", "${", "<<E", "fi ", "do "]))  # fmt: skip
        text = text[:at] + new + text[at + gone :]
    return text


@needs_shfmt
@settings(max_examples=50)
@given(mutants())
def test_a_mutant_is_opaque_or_reads_as_shfmt_reads_it(text):
    script, theirs = read(text), shfmt.theirs(text)
    assert theirs is None or script.opaque is not None or shfmt.ours(script) == theirs


@given(st.text("ab \n\t'\"`$(){}[]<>|&;#\\=*?~!1é", max_size=60))
def test_reading_never_raises_and_offsets_lie_in_the_text(text):
    script = read(text)
    for command in script.commands:
        assert 0 <= command.start <= command.end <= len(text)
        assert all(command.start <= w.start <= w.end <= command.end for w in command.argv)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not there")
def test_bash_sees_the_same_words():
    words = [r"$'\x41\'\n\101\e'", r'"a\b\$\"\\"', r"a\b\ c", r"'a'\''b'", '"a\\\nb"', '""', r"$'\u00e9'"]  # fmt: skip
    text = "printf '%s\\0' " + " ".join(words)
    out = subprocess.run(["bash", "-c", text], capture_output=True, check=True).stdout
    assert argv(read(text))[0][2:] == out.decode().split("\0")[:-1]


HOSTILE = [
    "(", "((", "$(", "$((", "`", "${x:-", '"$(', "((a $(", "{ ", "case x in a) ", "<<a ", "a=(", "'",
    "\\", "@(", "[[ ", "a;", "1>", "~[", "cat <<E $(cat <<F\n", '"`a`"', "a <<E\n$x\nE\n", "((1));",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_scripts_take_little_time(unit):
    text = (unit * (131072 // len(unit)))[:131072]
    assert seconds(lambda: read(text), 0.5) <= 0.5


def test_random_scripts_take_little_time():
    alphabet = ["(", ")", "$(", "`", "'", '"', "{ ", "}", ";", "a ", "\n", "<<E\n", "E\n", "\\", "$((", "))", "if ", "fi;"]  # fmt: skip
    source = random.Random(7)
    for _ in range(20):
        text = "".join(source.choices(alphabet, k=20_000))
        assert seconds(partial(read, text), 0.5) <= 0.5
