import gc
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import rules
from bot.terminal.check_command import LONG_WORK
from bot.terminal.replace import ChangedError, replace_files
from tests.bot.desk import GOOD, IGNORE, NAIVE, PROJECT, Desk
from tests.bot.terminal.test_local import Work

ROOT = Path(__file__).parents[3]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    desk.put(PROJECT)
    return desk


def rules_in(document):
    return {f["rule"] for file in document["files"] for f in file["findings"]}


def test_findings_end_with_1_and_none_with_0(desk):
    desk.put({"Dockerfile": NAIVE})
    assert desk.check().exit_code == 1
    desk.put({"Dockerfile": GOOD})
    result = desk.check()
    assert (result.exit_code, result.stdout) == (0, "Nothing to gain in 1 Dockerfile.\n")


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (["nowhere"], ""),
        (["empty"], ""),
        (["Dockerfile", "nowhere"], "Nothing to gain in 1 Dockerfile.\n"),
        ([".dockerignore"], "Nothing to gain in 1 file.\n"),
        (["broken"], "1 Dockerfile was not looked at.\n"),
        (["broken", "Dockerfile"], "Nothing to gain in 1 Dockerfile.\n1 Dockerfile was not "),
    ],
)
def test_only_what_was_looked_at_is_counted(desk, paths, says):
    desk.put({"Dockerfile": GOOD, ".dockerignore": IGNORE, "broken": "FROM a\nNO\n"})
    Path("empty").mkdir()
    said = desk.check(*paths).stdout
    assert says in said if says else not said


def test_a_folder_stands_for_every_dockerfile_below_it(desk):
    desk.put(
        {
            "Dockerfile": GOOD,
            "api/web.Dockerfile": "FROM a\n",
            "deep/er/Containerfile": "FROM a\n",
            "named/image.txt": "FROM a\n",
            "compose.yaml": "services:\n  a:\n    build: {context: named, dockerfile: image.txt}\n",
            "Dockerfile.md": "# how\n",
            "node_modules/x/Dockerfile": NAIVE,
            ".git/Dockerfile": NAIVE,
        }
    )
    Path("link").symlink_to("Dockerfile")
    Path("deep/up").symlink_to("..")
    paths = [file["path"] for file in desk.json()["files"]]
    assert paths == ["Dockerfile", "api/web.Dockerfile", "deep/er/Containerfile", "named/image.txt"]
    assert [file["path"] for file in desk.json("api", "deep")["files"]] == paths[1:3]


def test_a_file_is_looked_at_whatever_its_name_and_only_once(desk):
    desk.put({"image.txt": NAIVE})
    (file,) = desk.json("image.txt", "./image.txt")["files"]
    assert file["path"] == "image.txt"
    assert file["findings"]


def test_a_file_that_tools_hide_is_looked_at_when_it_is_named(desk):
    desk.put({"node_modules/x/Dockerfile": NAIVE.replace(". .", "package.json ./")})
    (file,) = desk.json("node_modules/x/Dockerfile")["files"]
    assert file["skipped"] is None


def test_no_dockerfile_is_told_and_is_no_failure(desk):
    result = desk.check()
    assert result.exit_code == 0
    assert "no Dockerfile below ." in result.stderr


def test_the_folder_is_checked_from_anywhere(desk, tmp_path_factory, monkeypatch):
    desk.put({"Dockerfile": NAIVE})
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    (file,) = desk.json(str(desk.folder))["files"]
    assert file["path"] == str(desk.folder / "Dockerfile")
    assert file["context"] == str(desk.folder)
    assert "copy-source-before-install" in {f["rule"] for f in file["findings"]}


def test_a_context_above_the_file_is_found_from_its_own_folder(desk, monkeypatch):
    desk.put({"deploy/Dockerfile": NAIVE.replace("COPY . .", "COPY main.py .\nCOPY . .")})
    (desk.folder / ".git").mkdir()
    monkeypatch.chdir(desk.folder / "deploy")
    (file,) = desk.json("Dockerfile")["files"]
    assert file["context"] == str(desk.folder)


def test_an_ignore_file_stands_for_what_is_found_in_it(desk):
    desk.put({"Dockerfile": NAIVE, ".dockerignore": ".git\n__pycache__\n", "app/a.py": ""})
    (file,) = desk.json(".dockerignore")["files"]
    assert file["path"] == ".dockerignore"
    assert {f["rule"] for f in file["findings"]} == {"dockerignore-misses-nested"}


def test_what_is_found_in_a_shared_ignore_file_is_told_once(desk):
    desk.put(
        {
            "Dockerfile": GOOD,
            "Dockerfile.dev": GOOD,
            ".dockerignore": ".git\n__pycache__\n",
            "app/a.py": "",
        }
    )
    told = [file["path"] for file in desk.json()["files"] if file["findings"]]
    assert told.count(".dockerignore") == 1


def test_standard_input_is_the_dockerfile_of_this_folder(desk):
    document = desk.json("-", input=NAIVE)
    (file,) = document["files"]
    assert file["path"] == "-"
    assert "copy-source-before-install" in rules_in(document)


def test_fixes_of_standard_input_go_to_standard_output(desk):
    result = desk.check("--fix", "-", input=NAIVE)
    assert result.stdout == GOOD
    assert "2 findings fixed" in result.stderr
    assert desk.check("--fix", "-", input=GOOD).stdout == GOOD
    assert not (desk.folder / "Dockerfile").exists()


def test_a_fix_that_needs_a_second_file_is_not_made_of_standard_input(desk):
    desk.put({"package.json": "{}", "package-lock.json": "{}"})
    given = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
    result = desk.check("--fix", "--select", "copy-source-before-install", "-", input=given)
    assert (result.exit_code, result.stdout) == (1, given)
    assert desk.text(".dockerignore") == IGNORE


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"FROM a\n" + b"# x\n" * 40_000, "too large"),
        (b"FROM a\nRUN \xff\n", "not UTF-8"),
        (b"FROM a\nNO\n", "line 2: unknown instruction: NO"),
        (b"# layerwise: ignore-file\n" + NAIVE.encode(), "`# layerwise: ignore-file` stands in it"),
    ],
)
def test_what_is_not_looked_at_says_why(desk, content, why):
    desk.put({"Dockerfile": content})
    (file,) = desk.json()["files"]
    assert why in file["skipped"]
    assert file["findings"] == []
    result = desk.check()
    assert result.exit_code == 0
    assert "Not looked at" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 0),
        (["."], 0),
        (["broken"], 0),
        (["broken/Dockerfile"], 2),
        ([".", "broken/Dockerfile"], 2),
        (["broken/Dockerfile", "."], 2),
        (["latin/Dockerfile"], 2),
        (["muted/Dockerfile"], 0),
        (["broken/.dockerignore"], 0),
    ],
)
def test_a_named_file_that_docker_could_not_parse_cannot_be_read(desk, arguments, code):
    desk.put({"broken/Dockerfile": "FROM a\nNO\n", "broken/.dockerignore": "x\n"})
    desk.put({"latin/Dockerfile": b"FROM a\nRUN \xff\n"})
    desk.put({"muted/Dockerfile": "# layerwise: ignore-file\nFROM a\n"})
    result = desk.check(*arguments)
    assert result.exit_code == code
    named = [path for path in arguments if path.endswith("ockerfile")]
    assert result.stderr.count("layerwise: ") == (code == 2)
    if code:
        assert result.stderr.startswith(f"layerwise: {named[0]}: ")
        assert f"{named[0]}\n  Not looked at" not in result.stdout


@pytest.mark.parametrize("fix", [[], ["--fix"]])
def test_standard_input_that_docker_could_not_parse_cannot_be_read(desk, fix):
    result = desk.check("-", *fix, input="FROM a\nNO\n")
    assert result.exit_code == 2
    assert "layerwise: -: line 2: unknown instruction: NO\n" in result.stderr
    assert not fix or result.stdout == "FROM a\nNO\n"


def test_a_link_is_not_followed(desk):
    desk.put({"real/Dockerfile": NAIVE})
    Path("Dockerfile").symlink_to("real/Dockerfile")
    first, _ = desk.json()["files"]
    assert first["skipped"] == "a symbolic link to `real/Dockerfile`"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "layerwise: nowhere: no such file or directory\n"),
        (["--select", "missing-cache-mounts"], "did you mean 'missing-cache-mount'?"),
        (["--ignore", "nothing-like-it"], "no rule is called 'nothing-like-it'"),
        (["--fix", "--diff"], "--fix and --diff exclude each other"),
        (["-", "Dockerfile"], "- stands alone"),
        (["--profile", "loud"], "'loud'"),
        (["--base", "HEAD"], "not a git repository"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_says_so(desk, arguments, message):
    desk.put({"Dockerfile": NAIVE})
    result = desk.check(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_rest_is_checked_when_one_path_is_wrong(desk):
    desk.put({"Dockerfile": NAIVE})
    result = desk.check("nowhere", "Dockerfile", "--format", "json")
    assert result.exit_code == 2
    assert '"message": "no such file or directory"' in result.stdout
    assert "copy-source-before-install" in result.stdout


def test_rules_are_chosen(desk):
    desk.put({"Dockerfile": NAIVE})
    assert rules_in(desk.json()) == {"copy-source-before-install", "missing-cache-mount"}
    only = desk.json("--select", "missing-cache-mount,setup-after-source")
    assert rules_in(only) == {"missing-cache-mount"}
    without = desk.json("--ignore", "missing-cache-mount")
    assert rules_in(without) == {"copy-source-before-install"}
    assert rules_in(desk.json("--profile", "quiet")) == {"copy-source-before-install"}


IDLE = "# layerwise: ignore=chown-after-copy, no-such-rule\n"


def noted(desk, *arguments):
    return [(note["path"], note["line"]) for note in desk.json(*arguments)["notes"]]


def test_an_ignore_comment_without_effect_is_noted_and_fails_nothing(desk):
    desk.put({"Dockerfile": GOOD + IDLE})
    result = desk.check()
    assert result.exit_code == 0
    assert "Dockerfile:6  note\n  `chown-after-copy` finds nothing here: " in result.stdout
    assert "Dockerfile:6  note\n  No rule is called `no-such-rule`." in result.stdout
    assert noted(desk) == [("Dockerfile", 6)] * 2
    assert noted(desk, "--ignore", "chown-after-copy") == [("Dockerfile", 6)]
    assert noted(desk, "--select", "missing-cache-mount") == [("Dockerfile", 6)]
    assert noted(desk, "--profile", "quiet") == [("Dockerfile", 6)] * 2


def test_a_format_without_a_place_for_notes_has_them_on_standard_error(desk):
    desk.put({"Dockerfile": GOOD + IDLE})
    for asked in (["--format", "rdjson"], ["--diff"]):
        result = desk.check(*asked)
        assert "no-such-rule" not in result.stdout
        assert "layerwise: Dockerfile:6: No rule is called `no-such-rule`." in result.stderr
    assert not desk.check("--format", "json").stderr


def test_of_a_shared_ignore_file_all_dockerfiles_must_have_been_looked_at(desk):
    comment = "# layerwise: ignore=dockerignore-pattern-without-effect\n"
    desk.put({"a/Dockerfile": GOOD, "Dockerfile": GOOD, ".dockerignore": comment + IGNORE})
    assert noted(desk) == [(".dockerignore", 1)]
    assert noted(desk, ".dockerignore") == [(".dockerignore", 1)]
    assert noted(desk, "Dockerfile") == []


def test_since_a_revision_only_notes_of_changed_files_are_told(desk):
    work = Work(desk.folder)
    work.commit({"Dockerfile": GOOD + IDLE})
    assert noted(desk, "--base", "HEAD") == []
    desk.put({"Dockerfile": GOOD + IDLE + "CMD a\n"})
    assert noted(desk, "--base", "HEAD") == [("Dockerfile", 6)] * 2


def test_settings_of_the_working_tree_hold_and_options_win(desk):
    settings = "rules: {copy-source-before-install: off}\nignore_paths: [old]\n"
    desk.put({"Dockerfile": NAIVE, "old/Dockerfile": NAIVE, ".github/layerwise.yml": settings})
    document = desk.json()
    assert rules_in(document) == {"missing-cache-mount"}
    assert [bool(file["skipped"]) for file in document["files"]] == [False, True]
    chosen = desk.json("--select", "copy-source-before-install", "Dockerfile")
    assert rules_in(chosen) == {"copy-source-before-install"}


def test_faults_in_the_settings_end_with_2_and_the_rest_holds(desk):
    desk.put({"Dockerfile": GOOD, ".github/layerwise.yml": "profile: quite\n"})
    result = desk.check()
    assert result.exit_code == 2
    assert ".github/layerwise.yml:1: 'quite' is none of quiet" in result.stderr
    assert "Nothing to gain" in result.stdout


def test_fixing_reaches_a_fixed_point(desk):
    desk.put({"Dockerfile": NAIVE})
    result = desk.check("--fix")
    assert result.exit_code == 0
    assert "2 findings fixed; nothing else to gain" in result.stdout
    assert desk.text("Dockerfile") == GOOD
    before = (desk.folder / "Dockerfile").stat()
    assert desk.check("--fix").exit_code == 0
    assert (desk.folder / "Dockerfile").stat().st_ino == before.st_ino


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_what_was_fixed_is_found_no_more(desk, rule):
    """Every rule's example, with all rules on: nothing that has a fix remains."""
    for path in PROJECT:
        (desk.folder / path).unlink()
    example = rule.example
    desk.put(example.files)
    if example.before:
        desk.put({example.path: example.before})
    desk.check("--fix", "--profile", "strict")
    document = desk.json("--profile", "strict")
    assert all(f["fix"] is None for file in document["files"] for f in file["findings"])


def test_mode_line_endings_and_byte_order_mark_stay(desk):
    desk.put({"Dockerfile": "\ufeff" + NAIVE.replace("\n", "\r\n")})
    (desk.folder / "Dockerfile").chmod(0o751)
    assert desk.check("--fix").exit_code == 0
    text = desk.text("Dockerfile")
    assert text.startswith("\ufeffFROM")
    assert text.count("\n") == text.count("\r\n") == GOOD.count("\n")
    assert stat.S_IMODE((desk.folder / "Dockerfile").stat().st_mode) == 0o751
    assert sorted(path.name for path in desk.folder.iterdir()) == [
        ".dockerignore",
        "Dockerfile",
        "main.py",
        "requirements.txt",
    ]


def test_two_dockerfiles_add_to_one_ignore_file(desk):
    node = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
    desk.put({"package.json": "{}", "package-lock.json": "{}", "Dockerfile": node})
    desk.put({"Dockerfile.dev": node.replace("/app", "/srv"), "index.js": ""})
    result = desk.check("--fix")
    assert result.exit_code == 0, result.output
    assert desk.text(".dockerignore").count("node_modules") == 1


def test_a_diff_is_a_patch_and_changes_nothing(desk):
    node = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci"
    desk.put({"package.json": "{}", "package-lock.json": "{}", "Dockerfile": node})
    result = desk.check("--diff")
    assert result.exit_code == 1
    assert desk.text("Dockerfile") == node
    subprocess.run(["git", "apply", "-"], input=result.stdout.encode(), check=True)
    assert desk.check("--diff").stdout == ""
    assert desk.check().exit_code == 0


def test_only_what_is_new_since_a_revision_is_told(desk):
    work = Work(desk.folder)
    desk.put({"Dockerfile": NAIVE})
    work.commit({})
    assert desk.check("--base", "HEAD").exit_code == 0
    desk.put({"Dockerfile": NAIVE + "CMD a\n"})
    assert desk.check("--base", "HEAD").exit_code == 0
    desk.put({"Dockerfile": NAIVE.replace("COPY . .", "COPY ./ .")})
    assert rules_in(desk.json("--base", "HEAD")) == {"copy-source-before-install"}
    desk.put({"new/Dockerfile": NAIVE, "new/requirements.txt": "", "new/main.py": ""})
    new = {f["path"] for f in desk.json("--base", "HEAD")["files"] if f["findings"]}
    assert new == {"Dockerfile", "new/Dockerfile"}
    assert desk.check("--base", "nowhere").exit_code == 2


def test_the_history_counts(desk):
    work = Work(desk.folder)
    work.commit({"Dockerfile": NAIVE})
    for number in range(3):
        work.commit({"main.py": f"# {number}\n"})
    work.commit({"requirements.txt": "flask==3\n"})
    (file,) = desk.json("--select", "copy-source-before-install")["files"]
    (finding,) = file["findings"]
    assert finding["evidence"] == {"commits": 4, "needed": 1}
    shown = desk.check("--select", "copy-source-before-install").stdout
    assert "Of 4 recent commits that re-ran it, 1 would have" in " ".join(shown.split())


def test_git_is_spoken_of_where_it_is(desk):
    (desk.folder / ".dockerignore").unlink()
    desk.put({"Dockerfile": "FROM python:3.12-slim\nCOPY . .\n"})

    def said(severity):
        (file,) = desk.json()["files"]
        (finding,) = file["findings"]
        assert finding["severity"] == severity
        return finding["message"] + finding["fix"]["edits"][0]["text"]

    assert ".git`" not in said("info")
    assert ".git\n" not in said("info")
    (desk.folder / ".git").mkdir()
    assert "`.git` and all else" in said("warning")
    assert ".git\n" in said("warning")


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("old")
    two.write_text("another")
    with pytest.raises(ChangedError, match="changed meanwhile"):
        replace_files({one: ("old", "new"), two: ("old", "new")})
    assert (one.read_text(), two.read_text()) == ("old", "another")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_all_files_are_replaced_or_none(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("old")
    two.mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_files({one: ("old", "new"), two: (None, "new")})
    assert one.read_text() == "old"
    (tmp_path / "link").symlink_to("one")
    with pytest.raises(ChangedError, match="symbolic link"):
        replace_files({tmp_path / "link": ("old", "new")})
    assert one.read_text() == "old"


def test_a_change_between_reading_and_writing_is_a_fault(desk, monkeypatch):
    desk.put({"Dockerfile": NAIVE})
    mend = rules.combine

    def meddle(build, findings):
        desk.put({"Dockerfile": "FROM other\n"})
        return mend(build, findings)

    monkeypatch.setattr(rules, "combine", meddle)
    result = desk.check("--fix")
    assert result.exit_code == 2
    assert "Dockerfile: it changed meanwhile" in result.stderr
    assert desk.text("Dockerfile") == "FROM other\n"


@pytest.mark.parametrize(("files", "shown"), [(LONG_WORK, True), (LONG_WORK - 1, False)])
def test_long_work_shows_how_far_it_is_where_somebody_watches(desk, files, shown):
    desk.put({f"{n}/Dockerfile": "FROM a\n" for n in range(files)})
    watcher, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check"], stdout=subprocess.PIPE, stderr=terminal,
        check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.write(terminal, b".")  # a terminal from which nothing comes cannot be read
    seen = os.read(watcher, 65536)
    os.close(terminal)
    os.close(watcher)
    assert (f"{files}/{files}".encode() in seen) == shown
    assert done.stdout == f"Nothing to gain in {files} Dockerfiles.\n".encode()


def test_garbage_is_collected_again_once_everything_is_imported(desk):
    desk.put({"Dockerfile": GOOD})
    for command in ("check", "rules"):
        gc.disable()  # as where the process starts
        desk.run(command)
        assert gc.isenabled()


def test_checking_a_clean_file_imports_no_server_and_no_git(desk):
    desk.put({"Dockerfile": GOOD})
    code = (
        "import sys; from bot.cli import main\n"
        "try: main(['check'])\n"
        "except SystemExit: pass\n"
        "heavy = ('aiohttp', 'dbos', 'sentry_sdk', 'gidgethub', 'jinja2', 'bot.terminal.clone', 'asyncio', 'subprocess', 'tempfile', 'hashlib', 'xml', 'yaml', 'difflib', 'dockerfile_parse', 'logging', 'bot.comment')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.endswith("[]\n")
