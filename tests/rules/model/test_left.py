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
