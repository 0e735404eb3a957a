import pytest

from rules.model.left import left_behind
from tests.rules.tools import build

FILES = {"Cargo.toml": "[package]\n", "src/main.rs": "", "lib/a.rs": "", "web/a.js": ""}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("FROM rust\nCOPY lib lib\nCOPY . .\nRUN cargo build\n", [(2, 4)]),
        ("FROM rust AS a\nCOPY . .\nFROM a\nCOPY web .\nRUN cargo build\n", [(2, 5)]),
        ("FROM rust\nRUN --mount=target=. cargo build\n", [(2, 2)]),
        ("FROM rust\nCOPY web .\nRUN --mount=target=. cargo build\n", [(2, 3)]),
        ("FROM rust\nCOPY Cargo.toml .\nRUN cargo build\nCOPY . .\n", []),
        ("FROM rust\nCOPY . .\nRUN cargo build\nRUN cargo test\n", [(2, 3)]),
    ],
)
def test_an_install_left_behind_is_told_with_the_first_that_brings_source(text, lines):
    found = left_behind(build({**FILES, "Dockerfile": text}))
    starts = [(e.source.instruction.span.start, e.layer.instruction.span.start) for e in found]
    assert starts == lines


def test_what_another_stage_has_downloaded_and_a_copy_brings_is_not_left_behind():
    above = "FROM rust AS deps\nCOPY Cargo.toml .\nRUN cargo fetch\nFROM rust\n"
    text = above + "COPY --from=deps /usr/local/cargo /usr/local/cargo\nCOPY . .\nRUN cargo build\n"
    assert list(left_behind(build({**FILES, "Dockerfile": text}))) == []


@pytest.mark.parametrize("base", ["deps", "Deps", "$BASE"])
def test_what_a_stage_above_has_downloaded_is_not_left_behind(base):
    above = "ARG BASE=deps\nFROM rust AS deps\nCOPY Cargo.toml .\nRUN cargo fetch\n"
    text = f"{above}FROM {base}\nCOPY . .\nRUN cargo build\n"
    assert list(left_behind(build({**FILES, "Dockerfile": text}))) == []


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("FROM a\nCOPY --from=a /app/recipe.json .\nRUN cargo chef cook\n", "not built on `a`"),
        ("FROM rust\nCOPY lib lib\nCOPY --from=a /r .\nRUN cargo chef cook\n", None),
        ("FROM a\nCOPY lib lib\nCOPY --from=a /r .\nRUN cargo chef cook\n", None),
        ("FROM a\nRUN cargo chef cook\n", None),
    ],
)
def test_what_comes_from_another_stage_alone_needs_no_stage_with_source(text, instead):
    above = "FROM rust AS a\nWORKDIR /app\nCOPY . .\nRUN cargo chef prepare\n"
    (left,) = left_behind(build({**FILES, "Dockerfile": above + text}))
    assert left.instead is None if instead is None else instead in (left.instead or "")


def test_an_install_of_which_nothing_is_known_does_not_hide_the_next():
    files = {
        "package.json": "{}",
        "a/b.js": "",
        "Dockerfile": "FROM node\nCOPY . /x/\nWORKDIR /x\n",
    }
    files["Dockerfile"] += "RUN npm install sharp\nRUN npm ci\n"
    files["package.json"] = '{"scripts": {"prepare": "make"}}'
    files |= {"package-lock.json": "", "c.js": "", "d.js": "", "e.js": ""}
    assert [left.instead is None for left in left_behind(build(files))] == [True, False]


def test_an_install_whose_words_are_not_known_is_told_all_the_same():
    files = {"requirements/dev.txt": "", "a.py": ""}
    text = "FROM python\nARG E\nCOPY . /x/\nWORKDIR /x\nRUN pip install -r requirements/$E.txt\n"
    (left,) = left_behind(build({**files, "Dockerfile": text}))
    assert "files that name" in (left.instead or "")
    assert left.reason == "its words or its folder are not known"


def test_what_the_stage_above_has_installed_behind_source_is_told_there_alone():
    text = "FROM rust AS a\nCOPY . .\nRUN cargo build\nFROM a\nRUN cargo test\n"
    found = left_behind(build({**FILES, "Dockerfile": text}))
    assert [left.layer.instruction.span.start for left in found] == [3]


def test_what_cooks_crates_behind_source_has_them_for_the_build():
    text = "FROM rust\nCOPY lib lib\nCOPY --from=x /r .\nRUN cargo chef cook\nRUN cargo build\n"
    found = left_behind(build({**FILES, "Dockerfile": text}))
    assert [left.layer.instruction.span.start for left in found] == [4]
