"""The engine still drops what the table says, and what the model says of ignore files that nobody has tried."""

import json

import pytest

from rules.model.ignore import IgnoreFile
from tests.engine.build import Case, build
from tests.engine.table import DATA

pytestmark = pytest.mark.engine

TABLE = json.loads((DATA / "dockerignore_cases.json").read_text())
PLAIN = [case for case in TABLE["cases"] if not case.get("others") and case["ignore"] is not None]
PARTS = (
    "foo",
    "bar",
    "a",
    "*",
    "**",
    "?",
    "*.txt",
    "f*",
    "**foo",
    "[ab]",
    "[^a]",
    ".",
    "..",
    "baz",
)
NAMES = ("foo", "bar", "baz", "a", "b.txt", "foo.txt", ".hidden")


def sent(engine, tree, ignore, dockerfile="Dockerfile"):
    """The files that `COPY . /` takes, or None where the ignore file fails the build."""
    files = {path: "x" for path in tree if not path.endswith("/")} | {
        path: {} for path in tree if path.endswith("/")
    }
    case = Case(
        {**files, ".dockerignore": ignore}, dockerfile=dockerfile, text="FROM scratch\nCOPY . /\n"
    )
    result = build(engine, case, export=True)
    if result.error is not None:
        return None
    return {path for path, entry in result.tree.items() if entry.kind != "folder"}


@pytest.mark.parametrize("part", range(2))
def test_the_engine_drops_what_the_table_says(engine, chance, part):
    for case in chance.sample(PLAIN, 6):
        dockerfile = case.get("dockerfile", "Dockerfile")
        tree = TABLE["trees"][case["tree"]]
        found = sent(engine, tree, case["ignore"], dockerfile)
        if "error" in case:
            assert found is None, case
        else:
            files = {path for path in tree if not path.endswith("/")} | {
                dockerfile,
                ".dockerignore",
            }
            assert files - found == {path for path in case["dropped"] if not path.endswith("/")}, (
                case
            )


@pytest.mark.parametrize("part", range(2))
def test_the_model_drops_what_the_engine_drops(engine, chance, part):
    for _ in range(6):
        deep = ["/".join(chance.choices(NAMES, k=chance.randint(1, 3))) for _ in range(12)]
        files = {path for path in deep if not any(other.startswith(f"{path}/") for other in deep)}
        lines = [
            "/".join(chance.choices(PARTS, k=chance.randint(1, 3)))
            for _ in range(chance.randint(1, 4))
        ]
        ignore = "".join(
            f"{chance.choice(('', '', '!'))}{line}{chance.choice(('', '', '/'))}\n"
            for line in lines
        )
        print(repr(ignore), sorted(files))
        model = IgnoreFile.parse(ignore, ".dockerignore")
        everything = [*files, "Dockerfile", ".dockerignore"]
        found = sent(engine, files, ignore)
        assert (found is None) == (model.failure(everything) is not None)
        if found is not None:
            assert found == set(model.kept(everything))
