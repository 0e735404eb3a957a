import time

import pytest

from rules.model.contents import Based, Brought, Contents, Copied, Made, Said
from rules.model.dockerfile import parse
from rules.model.sources import Files
from rules.model.state import read_layers

FILES = Files(["app.py", "src/a.py", "static/a.css", "static/b.css", "x.tar"])


def origins(text, path, output="input"):
    """Where a path of the last stage comes from, in short."""
    layers = read_layers(parse("FROM python\n" + text), FILES, {})
    return [short(origin) for origin in Contents(layers).at(layers[-1].stage, path, output)]


def short(origin):
    match origin:
        case Copied(index=index, files=files):
            return (index, *files)
        case Brought(index=index):
            return ("brought", index)
        case Made(index=index):
            return ("made", index)
        case Said():
            return "said"
        case Based(image=image):
            return image


ALL = tuple(FILES.paths)
STATIC = ("static/a.css", "static/b.css")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("COPY . /app", "/app/static", [(1, *STATIC)]),
        ("COPY . /app", "/app/static/a.css", [(1, "static/a.css")]),
        ("COPY . /app", "/app", [(1, *ALL)]),
        ("COPY . /app", "/", [(1, *ALL), "python"]),
        ("COPY app.py src /app/", "/app/a.py", [(1, "src/a.py")]),
        ("COPY app.py src /app/", "/app/app.py", [(1, "app.py")]),
        ("COPY --exclude=b.css static /s", "/s", [(1, "static/a.css")]),
        ("COPY app.py /usr/bin/app", "/usr/bin", [(1, "app.py"), "python"]),
        ("COPY app.py /a", "/other", ["python"]),
        ("COPY app.py $X", "/a", [("brought", 1)]),
        ("ADD https://example.org/f /a/", "/a/f", [("brought", 1)]),
        ("ADD x.tar /a/", "/a/in", [("brought", 1)]),
        ("COPY <<EOF /a/f\nx\nEOF", "/a/f", [("brought", 1)]),
        ("COPY --from=other /x /a", "/a", [("brought", 1)]),
        ("RUN make", "/out", [("made", 1)]),
        ("RUN make -o /out/x\nRUN later", "/out", [("made", 1)]),
        ("WORKDIR /out\nRUN make\nWORKDIR /\nRUN later", "/out", [("made", 2)]),
        ("RUN npm ci\nRUN later", "/a/node_modules", [("made", 1)]),
        ("RUN uv sync\nRUN later", "/a/.venv", [("made", 1)]),
        ("RUN one\nRUN two", "/out", [("made", 2)]),
        ("COPY . /app\nRUN make\nCOPY app.py /app/", "/app/app.py",
         [(3, "app.py"), (1, "app.py")]),
        ("RUN echo 1 > /version\nRUN make", "/version", ["said"]),
        ("COPY app.py /a\nRUN cp /a /b", "/b", ["said", (1, "app.py")]),
        ("RUN make /a\nRUN cp /a /b", "/b", ["said", ("made", 1)]),
        ("COPY app.py /x\nFROM 0", "/x", ["0"]),
        ("COPY app.py /x\nFROM python AS b\nCOPY src /x\nFROM b\nRUN echo", "/x", [(3, "src/a.py")]),
    ],
)  # fmt: skip
def test_a_path_is_traced_to_what_brought_it(text, path, expected):
    assert origins(text, path) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("input", [("made", 2)]),
        ("new", [("made", 2)]),
        ("same", [(1, *ALL)]),
    ],
)
def test_what_a_run_leaves_is_as_assumed(output, expected):
    assert origins("COPY . /app\nRUN make /app/out", "/app", output) == expected


def test_a_plain_run_is_new_each_time_where_all_runs_are():
    assert origins("RUN echo 1 > /version", "/version", "new") == [("made", 1)]


def test_the_same_words_with_other_variables_say_something_else():
    def said(value):
        layers = read_layers(
            parse(f"FROM a\nENV A={value}\nRUN echo $A > /a; echo 1 > /b\n"), FILES, {}
        )
        contents = Contents(layers)
        return contents.at(0, "/a", "input"), contents.at(0, "/b", "input")

    assert said(1)[0] != said(2)[0]
    assert said(1)[1] == said(2)[1]


def test_copies_of_copies_without_end_are_taken_for_all_there_is():
    runs = "RUN cp /a /b && cp /b /a\n" * 300
    start = time.process_time()
    assert origins(runs, "/a") == [("made", 300)]
    assert time.process_time() - start < 2
