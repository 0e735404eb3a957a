"""Valid shell scripts of all forms, as hypothesis makes them."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[Any], Any]

PLAIN = st.sampled_from("a foo -y --x=1 /usr/bin a.b x:y @1 % + ~ é {a,b} * a#b 1 = {} [".split())
NAMES = st.sampled_from("a apt-get ./run.sh python3.11 echo x_1 npm".split())
VARIABLES = st.sampled_from("X PATH a_1".split())
EXPANSIONS = st.sampled_from(
    "$X ${PATH} ${1} ${@} ${?} ${#X} ${X%.*} ${X//a/b} ${!X} ${X:1:2} $((1+(X*2))) ${X:-} ${X[1]} ${X[@]}".split()
)
SINGLE = st.text('a b"$`\\\n#;&|é', max_size=6).map("'{}'".format)
ANSI = st.lists(
    st.sampled_from(["a", "\\n", "\\'", "\\\\", '"', " ", "\\x41", "\\t"]), max_size=4
).map(lambda pieces: f"$'{''.join(pieces)}'")
ESCAPES = st.sampled_from(
    ["\\ ", "\\;", "\\$", '\\"', "\\'", "\\\\", "\\a", "\\\n", "\\&", "\\`", "\\#"]
)
BACKTICKS = st.sampled_from(["`a`", "`a b`", "`a | b`", "`a 'b c'`", '`a "$X"`', "`a \\`b\\` c`"])
IN_DOUBLE = st.sampled_from(
    ["a", " ", "'", "b#;&|", "é", "(", "\n", "\\n", "\\$", '\\"', "\\\\", "\\\n", "$ "]
)
REDIRECTS = st.sampled_from(
    [" > f", " 2>&1", " >> 'a b'", " < /dev/null", " &> f", " >&2", " <<< x", " 3<> f", " >|f"]
)
CONNECTORS = st.sampled_from([" && ", " || ", "; ", "\n", " & ", "&&\n", " # c\n", " \\\n && "])
TAILS = st.sampled_from(["", " > f", " && b", " | c"])
BODY_LINES = st.one_of(
    st.text("a b\"'#\t", max_size=5),
    st.sampled_from(["$X", "a\\$b", "EOFF", " EOF", "`a`", "${X:-b}", "a \\\\", "$(a 'b')"]),
)
QUOTED_LINES = st.text("a b\"'#$`\\(\t", max_size=5)
TESTS = st.sampled_from(["", " && $X == a*", " || ( ! -d b )", " && $X =~ ^a(b|c)$"])


@st.composite
def scripts(draw: Draw) -> str:
    """A script of at most two levels."""
    return _script(draw, 2)


def _script(draw: Draw, levels: int) -> str:
    if draw(st.integers(0, 5)) == 0:
        return _heredoc(draw)
    text = _pipeline(draw, levels)
    for _ in range(draw(st.integers(0, 2))):
        text += draw(CONNECTORS) + _pipeline(draw, levels)
    return text


def _pipeline(draw: Draw, levels: int) -> str:
    commands = [_command(draw, levels) for _ in range(draw(st.sampled_from([1, 1, 2])))]
    return draw(st.sampled_from(["", "", "", "! "])) + " | ".join(commands)


def _command(draw: Draw, levels: int) -> str:
    if levels and draw(st.integers(0, 2)) == 0:
        return _compound(draw, levels - 1) + draw(st.sampled_from(["", " > f", " 2>&1"]))
    text = ""
    for _ in range(draw(st.sampled_from([0, 0, 1]))):
        text += draw(VARIABLES) + draw(st.sampled_from(["=", "+="]))
        if draw(st.integers(0, 4)) == 0:
            return text + "(a 'b c')"
        text += draw(st.sampled_from(["", _word(draw, levels)])) + " "
    text += draw(NAMES)
    for _ in range(draw(st.integers(0, 3))):
        text += " " + _word(draw, levels)
    return text + "".join(draw(st.lists(REDIRECTS, max_size=2)))


def _word(draw: Draw, levels: int) -> str:
    word = "".join(_piece(draw, levels) for _ in range(draw(st.integers(1, 3))))
    # A comment, a reserved `!` and a joined line are no words.
    return "x" + word if word.startswith(("#", "!", "\\\n")) else word


def _piece(draw: Draw, levels: int) -> str:
    kind = draw(st.integers(0, 9))
    if kind < 4:
        return draw(st.one_of(PLAIN, SINGLE, ESCAPES, EXPANSIONS, ANSI, BACKTICKS))
    if kind < 7:
        pieces = [
            _expansion(draw, levels) if draw(st.booleans()) else draw(IN_DOUBLE)
            for _ in range(draw(st.integers(0, 3)))
        ]
        return f'"{"".join(pieces)}"'
    return _expansion(draw, levels)


def _expansion(draw: Draw, levels: int) -> str:
    form = draw(st.sampled_from(["$({}\n)", "${{X:-{}}}", "${{X:-$({}\n)}}"]))
    if not levels or draw(st.booleans()):
        return draw(EXPANSIONS)
    inside = draw(PLAIN) if form == "${{X:-{}}}" else _script(draw, levels - 1)
    return form.format(inside.replace("}", "") if form == "${{X:-{}}}" else inside)


def _heredoc(draw: Draw) -> str:
    # No heredoc inside: bash ends the outer one where the inner one ends, shfmt does not.
    tabs = draw(st.booleans())
    mark = draw(st.sampled_from(["EOF", "'EOF'", '"EOF"', "\\EOF"]))
    lines = draw(st.lists(BODY_LINES if mark == "EOF" else QUOTED_LINES, max_size=3))
    indent = "\t" if tabs else ""
    body = "".join(f"{indent}{line}\n" for line in lines)
    return f"cat <<{'-' if tabs else ''}{mark}{draw(TAILS)}\n{body}{indent}EOF\n"


def _compound(draw: Draw, levels: int) -> str:
    def body() -> str:
        return _script(draw, levels) + "\n"

    match draw(st.integers(0, 9)):
        case 0:
            return f"( {body()})"
        case 1:
            return f"{{ {body()}}}"
        case 2:
            return f"if {body()}then {body()}fi"
        case 3:
            return f"if {body()}then {body()}elif {body()}then {body()}else {body()}fi"
        case 4:
            return f"{draw(st.sampled_from(['while', 'until']))} {body()}do {body()}done"
        case 5:
            return f"for i in {_word(draw, levels)} x; do {body()}done"
        case 6:
            over = draw(st.sampled_from(["i;", "((i=0; i<3; i++));", "i in a\n"]))
            return f"for {over} do {body()}done"
        case 7:
            end = draw(st.sampled_from(["esac", ";; esac"]))
            return f"case {_word(draw, levels)} in a|b) {body()};; (x*) {body()}{end}"
        case 8:
            return draw(st.sampled_from(["f()", "function g", "function h()"])) + f" {{ {body()}}}"
        case _:
            return f"[[ -f {_word(draw, levels)}{draw(TESTS)} ]]"
