import pytest

from rules.model.heredoc import DEEPEST, Marker, marker, markers

MARKERS = {
    "RUN <<EOF": [Marker("EOF", strip_tabs=False, expand=True)],
    "RUN cat <<-EOF >x": [Marker("EOF", strip_tabs=True, expand=True)],
    "RUN cat << EOF": [Marker("EOF", strip_tabs=False, expand=True)],
    "RUN 3<<EOF": [Marker("EOF", strip_tabs=False, expand=True)],
    "RUN <<'EOF'": [Marker("EOF", strip_tabs=False, expand=False)],
    'RUN <<"A B"c': [Marker("A Bc", strip_tabs=False, expand=False)],
    "RUN <<\\EOF": [Marker("EOF", strip_tabs=False, expand=True)],
    'RUN <<"a\\"b\\c"': [Marker('a"b\\c', strip_tabs=False, expand=False)],
    "RUN <<A <<-'B'": [
        Marker("A", strip_tabs=False, expand=True),
        Marker("B", strip_tabs=True, expand=False),
    ],
    "RUN <<EOF; x": [Marker("EOF;", strip_tabs=False, expand=True)],
    "RUN <<$X": [Marker("$X", strip_tabs=False, expand=True)],
    "RUN <<a${X}b": [Marker("a${X}b", strip_tabs=False, expand=True)],
    "RUN a\\ <<EOF": [],
    "RUN a<<EOF": [],
    "RUN <<- EOF": [],
    "RUN <<<EOF": [],
    "RUN <<''": [],
    "RUN '<<EOF'": [],
    'RUN "<<EOF"': [],
    "RUN $((1<<2))": [],
    "RUN a <b <c": [],
    "RUN 'a <<EOF": [],
    'RUN "a <<EOF': [],
    'RUN "\\" <<EOF': [],
    "RUN ${X^^} <<EOF": [],
    "RUN ${ <<EOF": [],
    "RUN ${} <<EOF": [],
    "RUN ${X:#a} <<EOF": [],
    "RUN ${X:0:3} <<EOF": [Marker("EOF", strip_tabs=False, expand=True)],
    "RUN ${X/a/b} ${X//a/b} <<EOF": [Marker("EOF", strip_tabs=False, expand=True)],
    "RUN ${X-a} <<EOF": [Marker("EOF", strip_tabs=False, expand=True)],
    "RUN ${X/a} <<EOF": [],
    'RUN ${X:-\'}\'} "${X:-y}" "$X\\\\" $1 $@ $ <<EOF': [
        Marker("EOF", strip_tabs=False, expand=True)
    ],
    # What stands before `${X:-…}` in the same word is lost to BuildKit,
    "RUN <<EOF${X:-y}": [],
    'RUN <<EOF"${X:-y}"': [],
    # and what stands in it is cut at blanks.
    "RUN ${X:-a <<EOF}": [Marker("EOF}", strip_tabs=False, expand=True)],
    "RUN <<caf\udce9": [Marker("caf\ufffd", strip_tabs=False, expand=True)],
}


@pytest.mark.parametrize(("line", "found"), MARKERS.items(), ids=MARKERS)
def test_markers_are_those_of_buildkits_lexer(line: str, found: list[Marker]):
    assert list(markers(line)) == found


def test_nesting_has_a_bound():
    deep = "${a:-" * DEEPEST + "}" * DEEPEST
    assert markers(f"RUN {deep} <<E")
    assert not markers(f"RUN ${{a:-${{a:-{deep}}}}} <<E")


def test_one_word_is_a_marker_or_not():
    assert marker("<<EOF") == Marker("EOF", strip_tabs=False, expand=True)
    assert marker("<<") is None
    assert marker("EOF") is None
