import pytest

from rules.artifact_left_in_cache_mount import rule
from tests.rules.tools import check_silent, findings

FILES = {"Cargo.toml": "[package]\nname='a'\n", "src/main.rs": "", "package.json": "{}"}
HEAD = "FROM rust:1 AS build\nWORKDIR /app\nCOPY . .\n"
RUN = "RUN --mount=type=cache,target=/app/target cargo build --release"
COPY = "FROM debian:12\nCOPY --from=build /app/target/release/app /usr/local/bin/\n"


def test_the_example_of_the_documentation():
    e = rule.example
    (found,) = findings(rule, {**e.files, "Dockerfile": e.before})
    assert "`/app/target/release/app` is in no layer" in found.message
    assert found.fix is None
    check_silent(rule, e.after, e.files)


@pytest.mark.parametrize(
    "rest",
    [
        f"{RUN}\n{COPY}",
        f"{RUN.replace('/app/target', 'target')}\n{COPY}",
        f"{RUN}\nFROM build AS more\n{COPY.replace('--from=build', '--from=more')}",
        f'{RUN}\nCMD ["/app/target/release/app"]\n',
        f'{RUN}\nENTRYPOINT ["./target/release/app"]\n',
        f"{RUN}\nCMD target/release/app --serve\n",
        f"{RUN}\nCOPY --from=busybox /made /srv\n{COPY}",
        f"{RUN}\nRUN cargo install x && npm ci\nADD Cargo.toml /app/\n{COPY}",
    ],
)
def test_what_lies_in_a_mount_is_in_no_layer(rest):
    (found,) = findings(rule, {**FILES, "Dockerfile": HEAD + rest})
    assert "is in no layer" in found.message
    assert found.no_fix


NODE = "FROM node:22\nWORKDIR /app\nCOPY package.json ./\n"
NPM = "RUN --mount=type=cache,target=/app/node_modules npm install"


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        (f"{NPM}\nRUN npm run build\n", 1),
        (f'{NPM}\nCMD ["node", "index.js"]\n', 1),
        (f"{NPM}\nCMD npm start\n", 1),
        (f"{NPM} && npm run build\n", 0),
        (f"{NPM}\nRUN --mount=type=cache,target=/app/node_modules npm run build\n", 0),
        (f"{NPM}\nRUN npm install --omit=dev\nCMD npm start\n", 0),
        ("RUN --mount=type=cache,target=/root/.npm npm install\nCMD npm start\n", 0),
    ],
)
def test_what_an_install_puts_into_a_mount_is_not_there_to_run(rest, found):
    assert len(findings(rule, {**FILES, "Dockerfile": NODE + rest})) == found


@pytest.mark.parametrize(
    "rest",
    [
        f"{RUN} && cp target/release/app /app/app\n{COPY.replace('/app/target/release/app', '/app/app')}",
        f"{RUN}\nRUN --mount=type=cache,target=/app/target cp target/release/app /a\n{COPY.replace('/app/target/release/app', '/a')}",
        f"{RUN}\nRUN cargo build --release\n{COPY}",
        f"{RUN}\nRUN ./again.sh\n{COPY}",
        f"{RUN}\nCOPY made target\n{COPY}",
        f"{RUN}\nARG TO\nCOPY Cargo.toml $TO\n{COPY}",
        f"{RUN}\nCOPY --from=first /made /app\n{COPY}",
        f"{RUN}\nCOPY --from=busybox /made /app\n{COPY}",
        f"{RUN}\nADD made.tar /app/\n{COPY}",
        f"{RUN}\nCOPY --from=first /made /app/target/\n{COPY}",
        f"{RUN}\nRUN mkdir -p /app/target/release\n{COPY}",
        f"{RUN.replace('/app/target', '/out')}\n{COPY.replace('/app/target', '/out')}",
        f"{RUN.replace('/app/target', '/root/.cargo/registry')}\n{COPY}",
        f'{RUN}\nCMD ["app"]\n',
    ],
)
def test_silent_where_it_is_copied_out_or_comes_from_elsewhere(rest):
    check_silent(
        rule, f"FROM alpine AS first\n{HEAD}{rest}", {**FILES, "made/x": "", "made.tar": ""}
    )
