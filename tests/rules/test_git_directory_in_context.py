import pytest

from rules import inspect
from rules.git_directory_in_context import rule
from rules.model.history import History
from rules.model.repository import Repository
from tests.rules.tools import check_fixed, check_silent, findings

PYTHON = "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN echo built\n"
FILES = {"Dockerfile": PYTHON, "main.py": "", ".dockerignore": "node_modules\n"}


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit, path=e.path)


def test_the_comment_counts_the_steps_behind():
    (found,) = findings(rule, FILES)
    assert "re-runs this step and the step after it" in found.message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x", "x\n.git\n"),
        ("x\r\n", "x\r\n.git\r\n"),
        ("# x\n", "# x\n.git\n"),
        (".git\n!.git\n", ".git\n!.git\n.git\n"),
    ],
)
def test_the_line_fits_the_file(before, after):
    check_fixed(rule, before, after, FILES, edit="main.py", path=".dockerignore")


@pytest.mark.parametrize("ignore", [".git\n", ".git/\n", "/.git\n", "**/.git\n", "*\n!main.py\n"])
def test_silent_where_it_is_kept_back(ignore):
    check_silent(rule, PYTHON, FILES | {".dockerignore": ignore})


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"Dockerfile": PYTHON + "RUN git log -1\n"}, "runs `git log`"),
        ({"Dockerfile": PYTHON + "RUN cp .git/HEAD /x\n"}, "mentions `.git`"),
        ({"Dockerfile": PYTHON + "RUN go build ./...\n"}, "writes the commit"),
        ({"Dockerfile": PYTHON + "RUN dotnet publish\n"}, "writes the commit"),
        ({"Dockerfile": PYTHON + 'CMD ["git", "log"]\n'}, "CMD mentions"),
        ({"Dockerfile": PYTHON + "RUN if git; then echo\n"}, "`git` and cannot be read"),
        ({"Dockerfile": PYTHON + "COPY .git/HEAD /head\n", ".git/HEAD": ""}, "names `.git`"),
        ({"Makefile": "V := $(shell git describe --tags)\n"}, "`Makefile` mentions `git describe`"),
        ({"vite.config.ts": "execSync('git rev-parse HEAD')\n"}, "`vite.config.ts` mentions"),
        ({"a/build.rs": "vergen::emit()\n"}, "`a/build.rs` mentions `vergen`"),
        ({"setup.py": "use_scm_version=True  # setuptools_scm\n"}, "`setup.py` mentions"),
        ({"web.Dockerfile": "FROM a\nCOPY . .\nRUN git log\n"}, "another Dockerfile"),
        ({f"p{n}/package.json": "{}" for n in range(61)}, "too many"),
    ],
)
def test_silent_where_the_build_may_read_it(files, reason):
    files = FILES | files
    check_silent(rule, files.pop("Dockerfile"), files, reason)


@pytest.mark.parametrize(
    "lines",
    [
        "RUN git clone https://example.com/x /x\n",
        "RUN rm -rf .git\n",
        "RUN go build -buildvcs=false ./...\n",
        "RUN apt-get install -y git\n",
    ],
)
def test_git_may_be_there_for_something_else(lines):
    assert findings(rule, FILES | {"Dockerfile": PYTHON + lines})


def test_a_manifest_may_name_a_repository():
    manifest = '{"repository": {"type": "git", "url": "git+https://example.com/a.git"}}'
    assert findings(rule, FILES | {"package.json": manifest})


def test_only_the_root_of_a_repository_holds_it():
    files = {"app/Dockerfile": PYTHON, "app/main.py": "", "app/.dockerignore": "x\n"}
    assert findings(rule, files | {"Dockerfile": "FROM scratch\n"}) == []


def test_a_link_to_another_ignore_file_gets_words():
    texts = FILES | {".dockerignore": ".gitignore", ".gitignore": "x\n"}
    tree = Repository(frozenset(texts), texts, symlinks=frozenset({".dockerignore"}))
    (found,) = [f for f in inspect(tree, "Dockerfile").findings if f.rule == rule.name]
    assert found.fix is None
    assert "symbolic link" in found.no_fix


@pytest.mark.parametrize(
    ("dockerfile", "ignore"),
    [
        (PYTHON, None),
        (PYTHON, "x\n[\n"),
        ("FROM python:3\nCOPY main.py /app/\n", "x\n"),
    ],
)
def test_silent_where_it_is_for_another_rule_or_for_none(dockerfile, ignore):
    files = {"Dockerfile": dockerfile, "main.py": ""}
    assert findings(rule, files if ignore is None else {**files, ".dockerignore": ignore}) == []


def test_silent_where_the_dockerfile_names_it():
    dockerfile = PYTHON + "RUN --mount=type=bind,source=.git,target=/x ls /x\n"
    check_silent(rule, dockerfile, FILES)


def test_what_else_changes_often_does_not_forbid_the_fix():
    files = FILES | {".github/x": ""}
    history = History((frozenset([".github/x"]),) * 20)
    tree = Repository(frozenset(files), dict(files), history=history)
    (found,) = [f for f in inspect(tree, "Dockerfile").findings if f.severity == "warning"]
    assert (found.rule, found.fix is not None) == (rule.name, True)


BEHIND = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
BEFORE = "FROM node:22\nWORKDIR /app\nCOPY package.json ./\nRUN npm i\nCOPY . .\n"
ACROSS = "FROM a AS a\nWORKDIR /app\nCOPY . .\nFROM node:22\nCOPY --from=a {} /app\nRUN npm ci\n"
MAKE = {"Makefile": "all:\n\tgo build ./...\n"}
DESCRIBE = {"Makefile": "v:\n\tgit describe\n"}
HUSKY = {"package.json": '{"devDependencies": {"husky": "^6"}}'}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"app/version.py": "open('.git/HEAD')\n"}, "`app/version.py` mentions `.git`"),
        ({"v.py": "run(['git', 'rev-parse', 'HEAD'])\n"}, "`v.py` mentions `git rev-parse`"),
        ({"lib/v.rb": "V = `git describe`\n"}, "`lib/v.rb` mentions `git describe`"),
        ({"v.py": "from git import Repo\n"}, "`v.py` mentions `from git import`"),
        ({"requirements.txt": "GitPython==3\n"}, "mentions `gitpython`"),
        ({f"m{n}.py": "" for n in range(501)}, "too large"),
        ({"long.js": "x" * 400_001}, "cannot be searched"),
        ({"binary.js": None}, "cannot be searched"),
    ],
)
def test_silent_where_the_program_may_read_it_when_it_runs(files, reason):
    check_silent(rule, PYTHON, FILES | files, reason)


@pytest.mark.parametrize(
    "files",
    [
        {"tests/v.py": "open('.git/HEAD')\n"},
        {".ci/v.py": "open('.git/HEAD')\n"},
        {"long.js": "x" * 200_000},
        {"v.js": "// a three-digit status, a git logo, legit tag\n"},
        {"Makefile": "# a three-digit status\n"},
        {"web/static/vendor/all.js": "x" * 500_000},
        {"a.min.js": "'.git'"},
        {"Dockerfile.php": "# .git\nFROM php\n"},
        {"v.py": "# https://github.com/octo/shop.git, see .gitignore\n"},
    ],
)
def test_what_only_looks_like_git_is_no_reason(files):
    assert findings(rule, FILES | files)


@pytest.mark.parametrize(
    ("stages", "is_told"),
    [
        ("FROM nginx\nCOPY --from=a /app/dist /www\n", True),
        ("FROM nginx\nCOPY --from=a /app /www\n", False),
        ("FROM nginx\nCOPY --from=a / /\n", False),
        ("FROM nginx\nCOPY --from=a /app/* /www/\n", False),
        ("FROM nginx\nCOPY --from=a $UNKNOWN /www/\n", False),
        ("FROM a\nRUN echo\n", False),
        ("FROM a AS b\nFROM nginx\nCOPY --from=b /app /www\n", False),
        ("FROM nginx AS b\nCOPY --from=a /app/dist /app\nFROM b\n", True),
        ("FROM nginx AS b\nFROM b\n", False),
        ("FROM nginx\nCOPY --from=a /app/dist /www\nRUN python3 manage.py x\n", False),
    ],
)
def test_the_source_matters_where_it_is_run_with_git_beside_it(stages, is_told):
    start = (
        "ARG UNKNOWN\nFROM node:22 AS a\nARG UNKNOWN\nWORKDIR /app\nCOPY . .\nRUN npm run build\n"
    )
    files = FILES | {"src/memo.ts": "'git rev-parse'\n", "Dockerfile": start + stages}
    assert bool(findings(rule, files)) is is_told


@pytest.mark.parametrize(
    ("dockerfile", "files", "is_told"),
    [
        (BEHIND, HUSKY, False),
        (BEHIND.replace("npm ci", "yarn"), HUSKY, False),
        (BEHIND.replace("npm ci", "npm --prefix . ci"), HUSKY, False),
        (BEHIND.replace("22", "22 AS a").replace("RUN", "FROM a\nRUN"), HUSKY, False),
        (BEHIND.replace("22", "22 AS a").replace("RUN", "FROM node:22\nRUN"), HUSKY, True),
        (ACROSS.format("/app"), HUSKY, False),
        (ACROSS.format("/app/dist"), HUSKY, True),
        (BEHIND.replace("npm ci", "npm run build"), HUSKY, True),
        (BEHIND, {"package.json": "{}"}, True),
        (BEHIND, {"package.json": "{}", "Makefile": "# husky\n"}, True),
        (BEFORE, HUSKY, True),
    ],
)
def test_hooks_of_git_are_installed_with_the_packages(dockerfile, files, is_told):
    assert bool(findings(rule, FILES | files | {"Dockerfile": dockerfile})) is is_told


ALPINE = "FROM golang:1.22-alpine AS a\nWORKDIR /src\nCOPY . .\n"
BUILD = "RUN CGO_ENABLED=0 go build -o /app ./...\n"


@pytest.mark.parametrize(
    ("dockerfile", "files", "is_told"),
    [
        (ALPINE + BUILD, {}, True),
        (ALPINE + BUILD + "FROM scratch\nCOPY --from=a /app /\n", {}, True),
        (ALPINE + "RUN apk add --no-cache make gcc=13-r0 && go build .\n", {}, True),
        (ALPINE + "RUN apk --no-cache add -t .deps upx && apk del .deps\n" + BUILD, {}, True),
        (ALPINE + "COPY --from=b /x /src/x\n" + BUILD, {}, True),
        (ALPINE + "RUN wget https://github.com/a/b/x -O /x\n" + BUILD, {}, True),
        ("ARG V=1.22\n" + ALPINE.replace("1.22", "$V") + BUILD, {}, True),
        (ALPINE + "RUN make\n", MAKE, True),
        (ALPINE + BUILD, DESCRIBE, True),
        (ALPINE + BUILD + "FROM alpine\nRUN apk add git\nCOPY --from=a /app /\n", DESCRIBE, True),
        (ALPINE + BUILD + "FROM alpine\nCOPY --from=a /src /\n", DESCRIBE, False),
        (ALPINE + BUILD + "FROM alpine\nCOPY . .\n", DESCRIBE, False),
        (ALPINE + BUILD + "FROM alpine\nRUN --mount=target=/x ls /x\n", DESCRIBE, False),
        (ALPINE + BUILD + "RUN apk add git\n", DESCRIBE, False),
        ("FROM golang\nCOPY . .\nRUN make\n", MAKE, False),
        ("FROM golang\nCOPY . .\nRUN ./build.sh\n", {"build.sh": "go build .\n"}, False),
        ("FROM golang\nCOPY . .\nRUN echo\n", MAKE, True),
        ("FROM golang\nCOPY . .\nRUN coproc a\n", MAKE, False),
        (
            "FROM golang\nCOPY . .\nRUN make\n",
            {"Makefile": "a:\n\tgo build -buildvcs=false\n"},
            True,
        ),
        (ALPINE + "RUN dotnet publish\n", {}, False),
        (ALPINE + "ADD https://a/x /usr/bin/\n" + BUILD, {}, False),
        (ALPINE + "ADD made.tar /usr/\n" + BUILD, {"made.tar": ""}, False),
        (ALPINE + "RUN echo x | xargs apk add gcc\n" + BUILD, {}, False),
        ("FROM golang:1.22\nCOPY . .\n" + BUILD, {}, False),
        ("FROM octo/golang:alpine\nCOPY . .\n" + BUILD, {}, False),
        ("ARG alpine\nFROM golang:$alpine\nCOPY . .\n" + BUILD, {}, False),
        (ALPINE + "RUN apk add git\n" + BUILD, {}, False),
        (ALPINE + "RUN apk add alpine-sdk\n" + BUILD, {}, False),
        (ALPINE + "ARG MORE\nRUN apk add $MORE\n" + BUILD, {}, False),
        (ALPINE + "RUN apk add --virtual x git\n" + BUILD, {}, False),
        (ALPINE + "RUN sh tools.sh\n" + BUILD, {}, False),
        (ALPINE + "RUN eval $X\n" + BUILD, {}, False),
        (ALPINE + "RUN if echo; then echo\n" + BUILD, {}, False),
        (ALPINE + "RUN wget https://a/git.tar\n" + BUILD, {}, False),
        (ALPINE + "COPY --from=alpine/git /usr/bin /usr/bin\n" + BUILD, {}, False),
        (ALPINE + "RUN --mount=from=alpine/git,target=/usr/local/bin go build .\n", {}, False),
        (ALPINE + "FROM a\nRUN apk add git\n" + BUILD, {}, False),
        ("FROM golang:alpine AS z\nRUN apk add git\nFROM z\nCOPY . .\n" + BUILD, {}, False),
        (ALPINE.replace("golang:1.22", "dotnet") + "RUN dotnet publish\n", {}, False),
    ],
)
def test_go_stamps_the_commit_only_where_it_finds_git(dockerfile, files, is_told):
    files = {"main.go": "", "go.mod": "", ".dockerignore": "x\n", "Dockerfile": dockerfile} | files
    assert bool(findings(rule, files)) is is_told
