"""Shell scripts as hypothesis makes them: valid ones of all forms, and mutants of real ones."""

from hypothesis import strategies as st

NAMES = ["a", "apt-get", "./run.sh", "python3.11", "echo", "x_1", "npm"]
ARGUMENTS = [
    "-y",
    "install",
    "--flag=value",
    "foo>=1.2",
    "a#b",
    "=",
    "x@1",
    "1",
    "{}",
    "[",
    "é",
    "%s\\n",
]
VARIABLES = ["X", "PATH", "a_1"]


def _wrapped(before: str, inner: st.SearchStrategy[str], after: str) -> st.SearchStrategy[str]:
    return inner.map(lambda text: before + text + after)


plain = st.sampled_from(
    [
        "a",
        "foo",
        "-y",
        "--x=1",
        "/usr/bin",
        "a.b",
        "x:y",
        "@1",
        "%",
        "+",
        "~",
        "é",
        "{a,b}",
        "*",
        "a#b",
        "1",
        "!",
    ]
)
single = _wrapped("'", st.text('a b"$`\\\n#;&|é', max_size=6), "'")
ansi = _wrapped(
    "$'",
    st.lists(
        st.sampled_from(["a", "\\n", "\\'", "\\\\", '"', " ", "\\x41", "\\t"]), max_size=4
    ).map("".join),
    "'",
)
escape = st.sampled_from(["\\ ", "\\;", "\\$", '\\"', "\\'", "\\\\", "\\a", "\\\n", "\\&"])
variable = st.sampled_from(
    [
        "$X",
        "${PATH}",
        "$1",
        "$@",
        "$#",
        "$$",
        "${#X}",
        "${X%.*}",
        "${X//a/b}",
        "${!X}",
        "${X:1:2}",
        "$((1 + (X * 2)))",
        "${X:-}",
        "${X[1]}",
        "${X[@]}",
    ]
)


def words(scripts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Words, with scripts inside their substitutions."""
    expansion = st.one_of(
        variable,
        _wrapped("$(", scripts, "\n)"),
        _wrapped("${X:-", plain, "}"),
        _wrapped("${X:-$(", scripts, "\n)}"),
    )
    inside = st.one_of(
        st.text("a 'b#;&|é(\n", max_size=5),
        expansion,
        st.sampled_from(["\\n", "\\$", '\\"', "\\\\", "\\\n", "$"]),
    )
    double = _wrapped('"', st.lists(inside, max_size=3).map("".join), '"')
    backticks = _wrapped(
        "`", st.sampled_from(["a", "a b", "a | b", 'a "$X"', "a 'b c'", "a \\`b\\` c"]), "`"
    )
    part = st.one_of(plain, single, double, escape, expansion, ansi, backticks)
    return st.lists(part, min_size=1, max_size=3).map("".join).filter(_is_a_word)


def _is_a_word(word: str) -> bool:
    # `$` before a quote, `~` or a name would read on; an operator would follow `!`.
    return not word.startswith(("#", "!", "\\\n")) and "$$" not in word[1:]


redirect = st.sampled_from(
    [
        " > f",
        " 2>&1",
        " >> 'a b'",
        " < /dev/null",
        " &> f",
        " 2>/dev/null",
        " >&2",
        " <<< x",
        " 3<> f",
        " >|f",
    ]
)


def simple_commands(scripts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    word = words(scripts)
    value = st.one_of(word, st.just(""), st.just("(a b)"))
    assignment = st.tuples(st.sampled_from(VARIABLES), st.sampled_from(["=", "+="]), value).map(
        "".join
    )
    return st.tuples(
        st.lists(assignment.map(lambda text: text + " "), max_size=2).map("".join),
        st.sampled_from(NAMES),
        st.lists(word.map(lambda text: " " + text), max_size=3).map("".join),
        st.lists(redirect, max_size=2).map("".join),
    ).map("".join)


def heredocs() -> st.SearchStrategy[str]:
    line = st.one_of(
        st.text("a b\"'#\t", max_size=5),
        st.sampled_from(["$X", "a\\$b", "EOFF", " EOF", "`a`", "${X:-b}", "a \\\\"]),
        # No heredoc inside: bash ends the outer one where the inner one ends, shfmt does not.
        _wrapped("$(", simple_commands(st.just("a")), "\n)"),
    )
    lines = st.lists(line.map(lambda text: text + "\n"), max_size=3).map("".join)
    quoted = st.lists(
        st.text("a b\"'#$`\\(\t", max_size=5).map(lambda text: text + "\n"), max_size=3
    ).map("".join)
    tail = st.sampled_from(["", " > f", " && b", " | c"])
    return st.one_of(
        st.tuples(st.just("cat <<EOF"), tail, st.just("\n"), lines, st.just("EOF\n")),
        st.tuples(st.just("cat <<-EOF"), tail, st.just("\n\t"), lines, st.just("\t\tEOF\n")),
        st.tuples(
            st.sampled_from(["cat <<'EOF'", 'cat <<"EOF"', "cat <<\\EOF"]),
            tail,
            st.just("\n"),
            quoted,
            st.just("EOF\n"),
        ),
    ).map("".join)


def compounds(scripts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    word = words(scripts)
    body = scripts.map(lambda text: text + "\n")
    return st.one_of(
        st.tuples(st.just("( "), body, st.just(")")),
        st.tuples(st.just("{ "), body, st.just("}")),
        st.tuples(st.just("if "), body, st.just("then "), body, st.just("fi")),
        st.tuples(
            st.just("if "),
            body,
            st.just("then "),
            body,
            st.just("elif "),
            body,
            st.just("then "),
            body,
            st.just("else "),
            body,
            st.just("fi"),
        ),
        st.tuples(
            st.sampled_from(["while ", "until "]), body, st.just("do "), body, st.just("done")
        ),
        st.tuples(
            st.sampled_from(["for i in ", "for a_b in x "]),
            word,
            st.sampled_from(["; do ", "\ndo "]),
            body,
            st.just("done"),
        ),
        st.tuples(
            st.sampled_from(["for i; do ", "for ((i=0; i<3; i++)); do "]), body, st.just("done")
        ),
        st.tuples(
            st.just("case "),
            word,
            st.sampled_from([" in a|b) ", " in\n(x*) "]),
            body,
            st.just(";; *) "),
            body,
            st.sampled_from(["esac", ";; esac"]),
        ),
        st.tuples(
            st.sampled_from(["f() { ", "function g { ", "function h() { "]), body, st.just("}")
        ),
        st.tuples(
            st.just("[[ -f "),
            word,
            st.sampled_from([" ]]", " && $X == a* ]]", " || ( ! -d b ) ]]", " =~ ^a(b|c)$ ]]"]),
        ),
        st.just("((X += 1))"),
    ).map("".join)


def _lists(scripts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    command = st.one_of(
        simple_commands(scripts),
        simple_commands(scripts),
        compounds(scripts),
        st.tuples(compounds(scripts), redirect).map("".join),
    )
    pipeline = st.tuples(
        st.sampled_from(["", "", "", "! "]),
        st.lists(command, min_size=1, max_size=2).map(" | ".join),
    ).map("".join)
    connector = st.sampled_from([" && ", " || ", "; ", "\n", " & ", "&&\n", " # c\n", " \\\n && "])
    chain = st.lists(st.tuples(pipeline, connector).map("".join), max_size=2).map("".join)
    whole = st.tuples(chain, pipeline).map("".join)
    return st.one_of(whole, whole, heredocs())


# Deferred, or hypothesis spells the strategies out in full (and warns of it).
scripts = st.recursive(
    st.sampled_from(["a", "b 'c d'", "cd /x && e"]),
    lambda inner: st.deferred(lambda: _lists(inner)),
    max_leaves=6,
)
"""Valid scripts."""
