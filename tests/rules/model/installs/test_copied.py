from rules.model.installs.copied import Copied
from tests.rules.tools import build

FILES = {"a.py": "a", "src/b.py": "b", "src/sub/c.py": "c", "web/package.json": "{}"}


def copied(dockerfile):
    whole = build({**FILES, "Dockerfile": dockerfile})
    return Copied(whole, whole.layers)


def test_files_stand_where_copies_put_them():
    image = copied("FROM a\nWORKDIR /app\nCOPY src ./lib\nCOPY a.py web/*.json /x/\n")
    assert image.below("/") == ["/app/lib/b.py", "/app/lib/sub/c.py", "/x/a.py", "/x/package.json"]
    assert image.below("/app/lib/sub") == ["/app/lib/sub/c.py"]
    assert image.below("/app/li") == []
    assert image.origin("/app/lib/b.py") == "src/b.py"
    assert image.text("/x/a.py") == "a"
    assert not image.has("/app/src/b.py")


def test_the_whole_context_stands_below_its_destination():
    image = copied("FROM a\nCOPY . /app\n")
    assert image.below("/app/src") == ["/app/src/b.py", "/app/src/sub/c.py"]
    assert set(image.below("/")) == {f"/app/{path}" for path in [*FILES, "Dockerfile"]}


def test_what_another_stage_may_have_put_there_is_not_known():
    image = copied("FROM a AS x\nFROM a\nCOPY . /app\nCOPY --from=x /src /app/src\n")
    assert image.below("/app/src") == []
    assert not image.has("/app/src/b.py")
    assert image.has("/app/a.py")


def test_a_later_copy_stands_over_an_earlier_one():
    image = copied("FROM a\nCOPY a.py /app/x\nCOPY src/b.py /app/x\n")
    assert image.text("/app/x") == "b"
