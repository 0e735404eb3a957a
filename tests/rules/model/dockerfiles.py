"""Dockerfiles as hypothesis makes them: valid ones of all forms, and mutants of any."""

from functools import cache
from random import Random

from hypothesis import strategies as st

PIECES = [
    "<<EOF",
    "<<-EOF",
    "<<'E'",
    '<<"A B"',
    "1<<EOF",
    "<< EOF",
    "<<",
    "<",
    "EOF",
    "E",
    "\\",
    "`",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\v",
    "\f",
    " ",
    "\n\n",
    "\\\n",
    "\\\n\n",
    "\\\\\n",
    "\\ \n",
    "\\\n# c\n",
    "`\n",
    "#",
    "# escape=`\n",
    "# syntax=x\n",
    "# check=skip=all\n",
    "\ufeff",
    '"',
    "'",
    "$",
    "${X:-y}",
    "${",
    "}",
    "[",
    "]",
    '["a"]',
    ",",
    "--from=x ",
    "--mount=type=cache,target=/x ",
    "-- ",
    "=",
    "a=b",
    "\u2028",
    "\x85",
    "\xa0",
    "é",
    "\udcff",
    "ONBUILD ",
    "RUN ",
    "COPY ",
    "FROM ",
    "ENV ",
    "ARG ",
    "HEALTHCHECK ",
    "CMD ",
    "SHELL ",
    "LABEL ",
]
CHARACTERS = " \\`\"'${}<\n\r\té\udcff#=-[],"


def mutate(text: str, choose: Random) -> str:
    """The text with one to five small changes: pieces put in, taken out, doubled, swapped."""
    for _ in range(choose.choice([1, 1, 2, 3, 5])):
        at = choose.randint(0, len(text))
        stop = min(len(text), at + choose.choice([1, 1, 2, 5, 20, 80]))
        kind = choose.randint(0, 5)
        if kind == 0:
            text = text[:at] + choose.choice(PIECES) + text[at:]
        elif kind == 1:
            text = text[:at] + text[stop:]
        elif kind == 2:
            text = text[:stop] + text[at:]
        elif kind == 3:
            lines = text.split("\n")
            one, other = choose.randint(0, len(lines) - 1), choose.randint(0, len(lines) - 1)
            lines[one], lines[other] = lines[other], lines[one]
            text = "\n".join(lines)
        elif kind == 4:
            lines = text.split("\n")
            one = choose.randint(0, len(lines) - 1)
            piece = choose.choice(PIECES)
            lines[one] = choose.choice([piece + lines[one], lines[one] + piece])
            text = "\n".join(lines)
        else:
            text = text[:at] + choose.choice(CHARACTERS) + text[at + 1 :]
    return text


@cache
def instructions(escape: str) -> st.SearchStrategy[str]:
    """One valid instruction, continued over lines here and there, without its last newline."""
    gap = st.sampled_from(
        [
            " ",
            "  ",
            "\t",
            f" {escape}\n",
            f" {escape}\n    ",
            f" {escape} \t\n ",
            f" {escape}\n# why\n",
            f" {escape}\n\n",
            f" {escape}\n  # a\n \n# b\n  ",
        ]
    )

    def spread(*words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        parts: list[st.SearchStrategy[str]] = []
        for word in words:
            parts += [gap, word]
        return st.tuples(*parts[1:]).map("".join)

    def keyword(name: str) -> st.SearchStrategy[str]:
        return st.sampled_from([name, name, name.lower(), name.title()])

    def several(word: st.SearchStrategy[str], least: int = 1) -> st.SearchStrategy[str]:
        return st.lists(st.tuples(word, gap), min_size=least, max_size=3).map(
            lambda pairs: "".join([part for pair in pairs for part in pair][:-1])
        )

    name = st.sampled_from(["A", "PATH", "x_1", "a.b-c"])
    bare = st.tuples(
        st.sampled_from(["a", ".", "/app", "b.txt", "$X", "${Y:-z}", "é", "*.py", "'q'"]),
        st.sampled_from(["", "", "/", "1", f"{escape}\n/", f"{escape}\n1"]),
    ).map("".join)
    quoted = st.sampled_from(
        ["1", "", '"a b"', "'c d'", f"a{escape} b", '"$X"', '"a\'b"', f'"a{escape}"b"', "${X-y}"]
    )
    pair = st.tuples(name, st.just("="), quoted).map("".join)
    array = st.lists(st.sampled_from(['"a"', '"b c"', r'"\"\n"', '"é"']), min_size=1).map(
        lambda items: f"[{', '.join(items)}]"
    )
    command = several(
        st.sampled_from(
            ["echo", "a", "&&", "b;", "'x y'", '"$Z"', "|", ">f", "a#", "\\\\ x", "$(c)"]
        )
    )
    heredoc = st.sampled_from(
        [
            "cat <<EOF\nFROM evil\n\\\nEOF",
            "<<EOF\napt-get update\n# no comment\n\nEOF",
            "<<-'E' cat\n\t x\n\tE",
            'a <<A <<"B C"\n1\nA\n2\nB C',
            "cat << EOF\nEOF",
        ]
    )
    mount = several(
        st.sampled_from(["--mount=type=cache,target=/x", "--mount='type=tmpfs,target=/t'"]),
    )
    once = st.sampled_from(["--chown=a:b", "--link", "--from=x", '--chmod="755"'])
    plain = st.one_of(
        spread(keyword("RUN"), command),
        spread(keyword("RUN"), st.sampled_from(["--network=none", "--mount=type=ssh"]), command),
        spread(keyword("RUN"), array),
        spread(keyword("CMD"), st.one_of(array, command)),
        spread(keyword("ENTRYPOINT"), st.one_of(array, command)),
        spread(keyword("COPY"), several(bare), bare),
        spread(keyword("COPY"), once, several(bare), bare),
        st.tuples(keyword("COPY"), st.just(' ["a b", "/c"]')).map("".join),
        spread(keyword("ADD"), several(bare), bare),
        spread(keyword("ENV"), several(pair)),
        spread(keyword("ENV"), name, st.sampled_from(["a b", "c=d", '"e f" g', "$X"])),
        spread(keyword("ARG"), several(st.one_of(pair, name))),
        spread(keyword("LABEL"), several(pair)),
        spread(keyword("WORKDIR"), bare),
        spread(keyword("USER"), bare),
        spread(keyword("EXPOSE"), several(st.sampled_from(["80", "53/udp", "1-2"]))),
        spread(keyword("VOLUME"), st.one_of(array, several(bare))),
        spread(keyword("STOPSIGNAL"), st.just("SIGTERM")),
        spread(keyword("SHELL"), array),
        spread(keyword("HEALTHCHECK"), st.just("--interval=5s"), st.just("CMD"), command),
        st.just("HEALTHCHECK NONE"),
    )
    documents = st.tuples(keyword("RUN"), st.just(" "), heredoc).map("".join)
    mounted = st.tuples(keyword("RUN"), gap, mount, gap, heredoc).map("".join)
    files = st.sampled_from(
        ["COPY <<E /x\nFROM evil\nE", "ADD --chown=a <<-E b <<'F G' /x/\n\ty\n\tE\nz\nF G"]
    )
    within = st.one_of(plain, documents, files)
    return st.one_of(
        plain, plain, documents, mounted, files, st.tuples(st.just("ONBUILD "), within).map("".join)
    )


@st.composite
def valid(draw: st.DrawFn) -> str:
    """A whole Dockerfile that BuildKit reads."""
    escape = draw(st.sampled_from(["\\", "\\", "`"]))
    head = draw(st.permutations(["# syntax=docker/dockerfile:1", "#check = skip=all", "x"]))
    lines = [line for line in head if line != "x"][: draw(st.integers(0, 2))]
    if escape == "`":
        lines.insert(draw(st.integers(0, len(lines))), "# escape=`")
    between = st.lists(
        st.sampled_from(["", "  ", "# a comment", "  # layerwise: ignore=x", "#"]), max_size=2
    )
    names = ["base", "Build", "x-1"]
    for index in range(draw(st.integers(1, 3))):
        lines += draw(between)
        tail = f" AS {names[index]}" if draw(st.booleans()) else ""
        source = draw(st.sampled_from(["alpine", "a/b:1", "scratch", "base", "$V", "${V:-2}"]))
        lines.append(
            draw(st.sampled_from(["FROM ", "from  ", "FROM --platform=x "])) + source + tail
        )
        for one in draw(st.lists(instructions(escape), max_size=4)):
            lines += [*draw(between), draw(st.sampled_from(["", "", "  "])) + one]
    text = "\n".join(lines) + draw(st.sampled_from(["\n", "\n", "", "\n\n"]))
    if draw(st.integers(0, 3)) == 0:
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "", "", "\ufeff"])) + text
