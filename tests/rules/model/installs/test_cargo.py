import pytest

from rules.model.installs.cargo import CARGO
from tests.rules.model.installs.image import ask, is_tool, listed, reason

BIN = '[package]\nname = "a"\n[[bin]]\nname = "a"\npath = "src/main.rs"\n'
ONE = {"Cargo.toml": BIN, "Cargo.lock": "", "src/main.rs": ""}


def test_a_fetch_reads_manifest_lock_and_settings():
    files = {**ONE, ".cargo/config.toml": "[net]\nretry = 3", "rust-toolchain.toml": ""}
    assert listed(CARGO, "cargo fetch --locked", files) == [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        ".cargo/config.toml",
    ]


def test_a_workspace_and_crates_by_path_are_listed():
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nexclude = ["crates/old"]\n',
        "Cargo.lock": "",
        "crates/a/Cargo.toml": BIN + '[target."cfg(unix)".dependencies]\nb = {path = "../../b"}\n',
        "crates/old/Cargo.toml": BIN,
        "b/Cargo.toml": '[package]\n[lib]\npath = "src/lib.rs"\n',
    }
    wanted = ["Cargo.toml", "crates/a/Cargo.toml", "b/Cargo.toml", "Cargo.lock"]
    assert listed(CARGO, "cargo fetch", files) == wanted
    assert listed(CARGO, "cargo +nightly fetch", files, folder="/app/crates/a") == wanted
    assert listed(CARGO, "cargo fetch --manifest-path crates/a/Cargo.toml", files) == wanted


@pytest.mark.parametrize(
    "text",
    [
        '[package]\nname = "a"\n',
        '[package]\n[[bin]]\nname = "a"\n',
        '[package]\n[lib]\nname = "a"\n',
    ],
)
def test_a_manifest_without_paths_of_targets_is_not_read_without_the_source(text):
    assert "without the `src`" in reason(CARGO, "cargo fetch", {**ONE, "Cargo.toml": text})


@pytest.mark.parametrize(
    "command", ["cargo build --release", "cargo install --path .", "cargo test", "cargo install"]
)
def test_a_build_needs_the_source(command):
    assert "compiles the source" in reason(CARGO, command, ONE)


def test_a_named_crate_is_a_tool_unless_the_project_chooses_the_toolchain():
    assert is_tool(CARGO, "cargo install --locked cargo-chef", ONE)
    assert is_tool(CARGO, "cargo install --git https://x/y", ONE)
    files = {**ONE, "rust-toolchain": "1.80"}
    assert listed(CARGO, "cargo install cargo-chef", files) == ["rust-toolchain"]


def test_chef_cooks_by_its_recipe():
    assert listed(CARGO, "cargo chef cook --release", {"recipe.json": "{}"}) == ["recipe.json"]
    assert "recipe" in reason(CARGO, "cargo chef cook --recipe-path x.json", ONE)
    assert ask(CARGO, "cargo chef prepare", ONE) is None


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "does not come"),
        ({**ONE, "Cargo.toml": "["}, "TOML"),
        ({**ONE, "Cargo.toml": BIN + '[patch.crates-io]\nb = {path = "b"}'}, "does not come"),
        (
            {**ONE, ".cargo/config.toml": '[source.x]\ndirectory = "vendor"'},
            "folders of the project",
        ),
        ({**ONE, ".cargo/config": 'paths = ["x"]'}, "folders of the project"),
    ],
)
def test_what_cannot_be_listed_needs_the_source(files, why):
    assert why in reason(CARGO, "cargo fetch", files)


def test_crates_that_name_each_other_end():
    a = BIN + '[dependencies]\nb = {path = "b"}\n'
    b = BIN + '[dependencies]\na = {path = ".."}\n'
    assert set(listed(CARGO, "cargo fetch", {"Cargo.toml": a, "b/Cargo.toml": b})) == {
        "Cargo.toml",
        "b/Cargo.toml",
    }


def test_a_mount_belongs_on_the_downloads_beside_the_programs():
    assert CARGO.cache.parts == ("registry", "git/db")
    assert CARGO.cache.shared
    assert ask(CARGO, "cargo fmt", ONE) is None
