from bot.analysis import analyse
from bot.config import Config
from bot.diff import read_patch
from bot.fix import fix_all
from bot.snapshot import FileChange, Snapshot
from rules.model.repository import Repository

NODE = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
FILES = {"package.json": '{"name": "x"}\n', "package-lock.json": "{}\n", "index.js": ""}


def fixed(texts: dict[str, str]) -> tuple[dict[str, str], str]:
    changes = [
        FileChange(path, "added", read_patch(f"@@ -0,0 +1,{text.count(chr(10))} @@\n+" + text.rstrip("\n").replace("\n", "\n+")))
        for path, text in texts.items()
        if "Dockerfile" in path
    ]  # fmt: skip
    snapshot = Snapshot.at(Repository(frozenset(texts), texts), changes)
    return fix_all(snapshot, analyse(snapshot, Config()), Config())


def test_a_new_ignore_file_is_in_the_commit():
    texts, message = fixed({**FILES, "Dockerfile": NODE})
    assert set(texts) == {"Dockerfile", ".dockerignore"}
    assert "node_modules" in texts[".dockerignore"]
    assert "- copy-source-before-install\n" in message
    assert "npm ci" not in message  # no text of the repository


def test_two_dockerfiles_that_share_an_ignore_file_are_fixed_together():
    texts, _ = fixed({**FILES, "Dockerfile": NODE, "web.Dockerfile": NODE})
    assert texts["Dockerfile"] == texts["web.Dockerfile"]
    assert texts[".dockerignore"].count("node_modules\n") == 1


def test_a_byte_order_mark_stays():
    texts, _ = fixed({**FILES, "Dockerfile": f"\ufeff{NODE}"})
    assert texts["Dockerfile"].startswith("\ufeffFROM node:22\n")
    assert texts["Dockerfile"].count("\ufeff") == 1


def test_where_nothing_can_be_fixed_nothing_is():
    assert fixed({"Dockerfile": "FROM scratch\nCOPY a /a\n", "a": ""}) == ({}, "")
