import pytest

from rules.copy_source_before_install import rule
from rules.proof import applied
from tests.rules.tools import build, check_fixed, check_silent, check_words, findings

PIP = {"requirements.txt": "flask\n", "main.py": "", "app/a.py": ""}
NPM = {
    "package.json": '{"scripts": {"build": "tsc"}}',
    "package-lock.json": "{}",
    "src/a.ts": "",
    ".dockerignore": "node_modules\n",
}


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


def test_a_run_is_split_behind_the_install():
    check_fixed(
        rule,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n",
        NPM,
        edit="src/a.ts",
    )


def test_a_split_run_keeps_what_else_it_does_in_order():
    check_fixed(
        rule,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci \\\n    && npm run build \\\n    && npm test\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build \\\n    && npm test\n",
        NPM,
        edit="src/a.ts",
    )


def test_blank_lines_between_instructions_are_kept():
    check_fixed(
        rule,
        'FROM python:3\n\nWORKDIR /app\n\nCOPY . .\n\nRUN pip install -r requirements.txt\n\nCMD ["python"]\n',
        'FROM python:3\n\nWORKDIR /app\n\nCOPY requirements.txt ./\n\nRUN pip install -r requirements.txt\n\nCOPY . .\n\nCMD ["python"]\n',
        PIP,
        edit="main.py",
    )


def test_windows_line_endings_are_kept():
    check_fixed(
        rule,
        "FROM python:3\r\nWORKDIR /app\r\nCOPY . .\r\nRUN pip install -r requirements.txt\r\n",
        "FROM python:3\r\nWORKDIR /app\r\nCOPY requirements.txt ./\r\nRUN pip install -r requirements.txt\r\nCOPY . .\r\n",
        PIP,
        edit="main.py",
    )


def test_flags_of_the_copy_are_kept():
    check_fixed(
        rule,
        "FROM python:3\nWORKDIR /app\nCOPY --chown=1000:1000 . .\nRUN pip install -r requirements.txt\n",
        "FROM python:3\nWORKDIR /app\nCOPY --chown=1000:1000 requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY --chown=1000:1000 . .\n",
        PIP,
        edit="main.py",
    )


def test_requirements_that_name_others_are_followed():
    check_fixed(
        rule,
        "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements/prod.txt\n",
        "FROM python:3\nWORKDIR /app\nCOPY requirements/prod.txt requirements/base.txt requirements/limits.txt /app/requirements/\nRUN pip install -r requirements/prod.txt\nCOPY . .\n",
        {
            "main.py": "",
            "requirements/prod.txt": "-r base.txt\n-c limits.txt\ngunicorn\n",
            "requirements/base.txt": "flask  # a comment\n",
            "requirements/limits.txt": "flask<4\n",
            "requirements/dev.txt": "pytest\n",
        },
        edit="main.py",
    )


def test_only_a_part_of_the_source_before_the_install():
    check_fixed(
        rule,
        "FROM python:3\nWORKDIR /srv\nCOPY requirements.txt .\nCOPY app ./app\nRUN pip install -r requirements.txt\n",
        "FROM python:3\nWORKDIR /srv\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY app ./app\n",
        PIP,
        edit="app/a.py",
    )


def test_a_manifest_that_was_copied_before_is_not_copied_again():
    check_fixed(
        rule,
        "FROM python:3\nWORKDIR /srv\nCOPY requirements.txt .\nCOPY . .\nRUN pip install -r requirements.txt\n",
        "FROM python:3\nWORKDIR /srv\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n",
        PIP,
        edit="main.py",
    )


def test_a_working_directory_set_between_is_respected():
    check_fixed(
        rule,
        "FROM python:3\nWORKDIR /srv\nCOPY . ./code\nWORKDIR /srv/code\nRUN pip install -r requirements.txt\n",
        "FROM python:3\nWORKDIR /srv\nCOPY requirements.txt /srv/code/\nWORKDIR /srv/code\nRUN pip install -r requirements.txt\nCOPY . /srv/code/\n",
        PIP,
        edit="main.py",
    )


def test_steps_between_that_read_nothing_copied_are_passed():
    check_fixed(
        rule,
        "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y libpq-dev\nRUN pip install --upgrade pip && pip install -r requirements.txt\n",
        "FROM python:3\nWORKDIR /app\nCOPY requirements.txt ./\nRUN apt-get update && apt-get install -y libpq-dev\nRUN pip install --upgrade pip && pip install -r requirements.txt\nCOPY . .\n",
        PIP,
        edit="main.py",
    )


def test_lower_case_files_stay_lower_case():
    check_fixed(
        rule,
        "from python:3\nworkdir /app\ncopy . .\nrun pip install -r requirements.txt\n",
        "from python:3\nworkdir /app\ncopy requirements.txt ./\nrun pip install -r requirements.txt\ncopy . .\n",
        PIP,
        edit="main.py",
    )


APP = "FROM python:3\nWORKDIR /app\n"
JS = "FROM node:22\nWORKDIR /app\n"


@pytest.mark.parametrize(
    ("dockerfile", "files"),
    [
        (APP + "COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n", PIP),
        (JS + "COPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n", NPM),
        (APP + "COPY . .\nRUN pip install flask\n", PIP),
        (JS + "COPY . .\nRUN npm install -g serve\n", NPM),
        (APP + "COPY . .\nCMD python main.py\n", PIP),
    ],
)
def test_good_order_is_left_alone(dockerfile, files):
    check_silent(rule, dockerfile, files)


@pytest.mark.parametrize(
    ("dockerfile", "files", "reason"),
    [
        (APP + "COPY . .\nRUN pip install -e .\n", PIP, "the project itself"),
        (APP + "COPY . .\nRUN pip install .\n", PIP, "the project's own files"),
        (
            APP + "COPY . .\nRUN pip install -r requirements.txt\n",
            PIP | {"requirements.txt": "-e .\n"},
            "`-e`",
        ),
        (
            APP + "COPY . .\nRUN pip install -r requirements.txt\n",
            PIP | {"requirements.txt": "./lib\n"},
            "own files",
        ),
        (
            APP + "COPY . .\nRUN pip install -r requirements.txt\n",
            PIP | {"requirements.txt": "x @ file:///app/x\n"},
            "own files",
        ),
        (APP + "COPY . .\nRUN pip install -r other.txt\n", PIP, "`other.txt` does not come from"),
        (
            JS + "COPY . .\nRUN npm ci\n",
            NPM | {"package.json": '{"scripts": {"postinstall": "node x.js"}}'},
            "`postinstall`",
        ),
        (
            JS + "COPY . .\nRUN npm ci\n",
            NPM | {"package.json": '{"dependencies": {"a": "file:./a"}}'},
            "own files",
        ),
    ],
)
def test_an_install_that_reads_the_source_stays_behind_it(dockerfile, files, reason):
    check_silent(rule, dockerfile, files, reason)


def test_scripts_that_do_not_run_do_not_matter():
    check_fixed(
        rule,
        JS + "COPY . .\nRUN npm ci --ignore-scripts\n",
        JS + "COPY package.json package-lock.json ./\nRUN npm ci --ignore-scripts\nCOPY . .\n",
        NPM | {"package.json": '{"scripts": {"postinstall": "node x.js"}}'},
        edit="src/a.ts",
    )


def test_settings_of_npm_are_copied_too():
    check_fixed(
        rule,
        JS + "COPY . .\nRUN npm ci\n",
        JS + "COPY package.json package-lock.json .npmrc ./\nRUN npm ci\nCOPY . .\n",
        NPM | {".npmrc": "registry=https://npm.example.com\n"},
        edit="src/a.ts",
    )


def test_where_the_source_would_lie_over_the_installed_packages_both_files_are_mended():
    files = {k: v for k, v in NPM.items() if k != ".dockerignore"}
    before = JS + "COPY . .\nRUN npm ci\n"
    (found,) = findings(rule, {**files, "Dockerfile": before})
    assert found.fix is not None, found.no_fix
    after = applied(build({**files, "Dockerfile": before}), found.fix)
    assert after.repository.texts[".dockerignore"] == "node_modules\n"
    assert after.dockerfile.text == (
        JS + "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n"
    )


def test_the_pattern_joins_the_ignore_file_that_governs():
    files = {**NPM, ".dockerignore": ".git", "web/x": ""}
    before = "FROM node:22\nWORKDIR /srv\nCOPY . .\nRUN npm ci\n"
    (found,) = findings(rule, {**files, "Dockerfile": before})
    assert found.fix is not None, found.no_fix
    after = applied(build({**files, "Dockerfile": before}), found.fix)
    assert after.repository.texts[".dockerignore"] == ".git\nnode_modules\n"


def test_a_folder_that_another_user_must_own_gets_words():
    text = JS + "COPY --chown=node . .\nUSER node\nRUN npm ci\n"
    check_words(rule, text, NPM, "gives its owner")


def test_many_manifests_get_words():
    members = {f"packages/p{n}/package.json": f'{{"name": "p{n}"}}' for n in range(12)}
    files = {**NPM, **members, "package.json": '{"workspaces": ["packages/*"]}'}
    files[".dockerignore"] = "**/node_modules\n"
    check_words(rule, JS + "COPY . .\nRUN npm ci\n", files, "14 manifests")


def test_tracked_packages_get_words():
    files = {**NPM, ".dockerignore": "", "node_modules/a/index.js": ""}
    check_words(rule, JS + "COPY . .\nRUN npm ci\n", files, "is tracked")


def test_a_run_that_reads_no_source_at_all_is_not_split():
    check_fixed(
        rule,
        JS + "COPY . .\nRUN npm ci && npm cache clean --force\n",
        JS
        + "COPY package.json package-lock.json ./\nRUN npm ci && npm cache clean --force\nCOPY . .\n",
        NPM,
        edit="src/a.ts",
    )


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("export CI=1 && npm ci && npm run build", "variables"),
        ("npm ci && npm run build && npm prune --omit=dev", "removes"),
        ("npm ci && npm run build && rm -rf node_mod*", "removes"),
        ("npm ci && npm run build && rm -rf src ~/.npm", "removes"),
        ("npm ci; npm run build; exit 0", "success"),
        ("npm ci; npm run build || true", "success"),
    ],
)
def test_a_run_that_cannot_be_split_gets_words(run, reason):
    check_words(rule, JS + f"COPY . .\nRUN {run}\n", NPM, reason)


def test_a_run_is_not_split_before_it_removes_all_there_is():
    run = "pip install -r requirements.txt && make && rm -rf *"
    check_words(rule, APP + f"COPY . .\nRUN {run}\n", PIP, "removes")


def test_a_step_between_that_may_read_the_source_stops_it():
    check_words(
        rule,
        APP + "COPY . .\nRUN make prepare\nRUN pip install -r requirements.txt\n",
        PIP,
        "`RUN make prepare` stands between",
    )


def test_copies_to_system_folders_stay_where_they_are():
    dockerfile = (
        APP + "COPY app /etc/app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    )
    check_words(rule, dockerfile, PIP, "without naming it")


GO = {"go.mod": "module a\nrequire b v1\n", "go.sum": "", "main.go": ""}
POETRY = {
    "pyproject.toml": '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nflask = "*"\n',
    "poetry.lock": "",
    "a/b.py": "",
    ".dockerignore": ".venv\n",
}
UV = {
    "pyproject.toml": '[project]\nname = "a"\nversion = "1"\n[build-system]\nrequires = []\n',
    "uv.lock": "",
    "a/b.py": "",
    ".dockerignore": ".venv\n",
}


@pytest.mark.parametrize(
    ("files", "edit", "run", "manifests", "fetch"),
    [
        (GO, "main.go", "go build .", "go.mod go.sum", "go mod download"),
        (
            GO,
            "main.go",
            "CGO_ENABLED=0 go build .",
            "go.mod go.sum",
            "CGO_ENABLED=0 go mod download",
        ),
        (
            POETRY,
            "a/b.py",
            "poetry install --only main",
            "pyproject.toml poetry.lock",
            "poetry install --only main --no-root",
        ),
        (
            UV,
            "a/b.py",
            "uv sync --frozen",
            "pyproject.toml uv.lock",
            "uv sync --frozen --no-install-project",
        ),
    ],
)
def test_what_an_install_of_the_project_downloads_goes_first(files, edit, run, manifests, fetch):
    top = "FROM debian:12\nWORKDIR /app\n"
    check_fixed(
        rule,
        f"{top}COPY . .\nRUN {run}\n",
        f"{top}COPY {manifests} ./\nRUN {fetch}\nCOPY . .\nRUN {run}\n",
        files,
        edit=edit,
    )


def test_what_comes_before_the_download_is_done_once():
    check_fixed(
        rule,
        "FROM golang\nWORKDIR /app\nCOPY . .\nRUN apk add --no-cache git && go build .\n",
        "FROM golang\nWORKDIR /app\nCOPY go.mod go.sum ./\nRUN apk add --no-cache git && go mod download\nCOPY . .\nRUN go build .\n",
        GO,
        edit="main.go",
    )


def test_both_parts_of_a_run_begin_where_it_goes():
    check_fixed(
        rule,
        JS + "COPY . .\nRUN cd /app && npm ci && npm run build\n",
        JS
        + "COPY package.json package-lock.json ./\nRUN cd /app && npm ci\nCOPY . .\nRUN cd /app && npm run build\n",
        NPM,
        edit="src/a.ts",
    )


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM golang\nWORKDIR /app\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build .\n",
        "FROM golang\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/go/pkg/mod go build .\n",
    ],
)
def test_what_was_fetched_before_or_is_kept_in_a_mount_is_not_fetched_again(dockerfile):
    check_silent(rule, dockerfile, GO)


LOCKED = {
    "package.json": "{}",
    "pnpm-lock.yaml": "",
    "yarn.lock": "",
    "package-lock.json": "{}",
    "src/a.ts": "",
    ".dockerignore": "node_modules\n",
}
PNPM = JS + "COPY pnpm-lock.yaml ./\nRUN pnpm fetch\n"
BASE = "FROM node:22 AS base\nWORKDIR /app\nCOPY pnpm-lock.yaml ./\nRUN pnpm fetch\nFROM base\n"


@pytest.mark.parametrize(
    "dockerfile",
    [
        PNPM + "COPY . .\nRUN pnpm install --offline\n",
        PNPM + "COPY . .\nRUN pnpm install -r --offline --prod && pnpm run build\n",
        JS
        + "COPY pnpm-lock.yaml ./\nRUN pnpm fetch --prod\nCOPY . .\nRUN pnpm i --offline --prod\n",
        BASE + "COPY . .\nRUN pnpm install --frozen-lockfile --offline --prod\n",
        JS
        + "COPY package.json yarn.lock ./\nRUN yarn install\nCOPY . .\nRUN yarn install --offline\n",
        JS
        + "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm ci --offline --omit=dev\n",
    ],
)
def test_what_only_links_packages_that_were_fetched_may_stand_behind_the_source(dockerfile):
    check_silent(rule, dockerfile, LOCKED)


@pytest.mark.parametrize(
    "dockerfile",
    [
        JS + "COPY . .\nRUN pnpm install --offline --prod\n",
        JS + "COPY . .\nRUN pnpm fetch && pnpm install --offline --prod\n",
        PNPM + "COPY . .\nRUN pnpm install --prefer-offline --prod\n",
        PNPM + "COPY . .\nRUN npm ci --offline\n",
        JS
        + "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm ci --prefer-offline\n",
        PNPM + "COPY . .\nRUN pnpm install --offline && npm ci\n",
    ],
)
def test_an_install_that_may_download_or_was_not_fetched_for_is_told(dockerfile):
    assert len(findings(rule, {**LOCKED, "Dockerfile": dockerfile})) == 1


def test_what_comes_from_another_stage_and_changes_with_the_source_goes_behind_the_install():
    build_stage = "FROM node:22 AS build\nWORKDIR /b\nCOPY . .\nRUN make\n"
    check_fixed(
        rule,
        build_stage
        + "FROM node:22\nWORKDIR /app\nCOPY --from=build /b/dist ./dist\nCOPY package.json package-lock.json ./\nRUN npm ci\n",
        build_stage
        + "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY --from=build /b/dist ./dist\n",
        NPM,
        edit="src/a.ts",
    )


@pytest.mark.parametrize(
    ("dockerfile", "reason"),
    [
        (JS + "RUN --mount=type=bind,target=. npm ci\n", "a bind mount shows it"),
        ("FROM node:22 AS base\nWORKDIR /app\nCOPY . .\nFROM base\nRUN npm ci\n", "stage `base`"),
        (JS + "COPY . .\nRUN if [ -n x ]; then npm ci && make; fi\n", "stands around it"),
        ("FROM rust\nWORKDIR /app\nCOPY . .\nRUN cargo build\n", "compiles the source"),
    ],
)
def test_what_no_edit_is_proven_to_help_gets_words(dockerfile, reason):
    check_words(rule, dockerfile, NPM, reason)


def test_an_install_is_split_from_what_would_run_without_it_too():
    check_fixed(
        rule,
        JS + "COPY . .\nRUN npm ci; npm run build\n",
        JS + "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n",
        NPM,
        edit="src/a.ts",
    )


HEREDOC = JS + "COPY . .\nRUN <<EOF\n{before}npm ci\nnpm run build\nEOF\n"


@pytest.mark.parametrize("before", ["", "set -e\n"])
def test_a_heredoc_is_split_into_two_heredocs(before):
    check_fixed(
        rule,
        HEREDOC.format(before=before),
        JS
        + f"COPY package.json package-lock.json ./\nRUN <<EOF\n{before}npm ci\nEOF\nCOPY . .\n"
        + f"RUN <<EOF\n{before}npm run build\nEOF\n",
        NPM,
        edit="src/a.ts",
    )


def test_comments_in_a_heredoc_stay_with_what_they_speak_of():
    check_fixed(
        rule,
        JS + "COPY . .\nRUN <<EOF\n# packages\nnpm ci # all\n\n# then\nnpm run build\nEOF\n",
        JS + "COPY package.json package-lock.json ./\nRUN <<EOF\n# packages\nnpm ci # all\nEOF\n"
        "COPY . .\nRUN <<EOF\n# then\nnpm run build\nEOF\n",
        NPM,
        edit="src/a.ts",
    )


@pytest.mark.parametrize(
    "text",
    [
        HEREDOC.format(before="").replace("<<EOF", "<<-EOF").replace("npm", "\tnpm"),
        HEREDOC.format(before="").replace("<<EOF", "bash <<EOF"),
        HEREDOC.format(before="").replace("\n", "\r\n"),
        HEREDOC.format(before="#!/bin/bash\n"),
    ],
)
def test_a_heredoc_that_the_shell_does_not_get_as_it_stands_is_not_split(text):
    assert not [f for f in findings(rule, {**NPM, "Dockerfile": text}) if f.fix]


def test_a_fetch_that_goes_before_a_heredoc_is_one_too():
    check_fixed(
        rule,
        "FROM golang:1\nWORKDIR /src\nCOPY . .\nRUN <<EOF\napk add git\n# now\ngo build .\nEOF\n",
        "FROM golang:1\nWORKDIR /src\nCOPY go.mod ./\nRUN <<EOF\napk add git\ngo mod download\nEOF\n"
        "COPY . .\nRUN <<EOF\n# now\ngo build .\nEOF\n",
        {"go.mod": "module a.b/c\nrequire d.e/f v1.0.0\n", "main.go": ""},
        edit="main.go",
    )


REPLACED = {
    "go.mod": "module a.b/c\nrequire d.e/f v0.0.0\nreplace d.e/f v0.0.0 => ../../f\n",
    "go.sum": "",
    "main.go": "",
}
EDIT = "go mod edit -replace=d.e/f@v0.0.0=d.e/f@v1.7.0"


@pytest.mark.parametrize("edit", [EDIT, EDIT.replace("replace=", "replace ")])
def test_what_edits_the_module_file_is_said_again_before_the_download(edit):
    """The COPY of the source brings the unedited file again, so both are needed."""
    check_fixed(
        rule,
        f"FROM golang:1\nWORKDIR /src\nCOPY . .\nRUN {edit}\nRUN go mod tidy\nRUN go build .\n",
        "FROM golang:1\nWORKDIR /src\nCOPY go.mod go.sum ./\n"
        f"RUN {edit} && go mod download\nCOPY . .\nRUN {edit}\nRUN go mod tidy\nRUN go build .\n",
        REPLACED,
        edit="main.go",
    )


@pytest.mark.parametrize(
    "edit",
    [
        "go mod edit -replace=d.e/f@v0.0.0=./local",
        "go mod edit -dropreplace=d.e/f@v0.0.0",
        "go mod edit -replace=d.e/f@v0.0.0=$WHERE",
        "go mod edit -replace=other.org/x=other.org/y@v1.0.0",
        "go mod edit -replace=d.e/f@v0.0.0=d.e/f@v1.7.0 other/go.mod",
        "true || go mod edit -replace=d.e/f@v0.0.0=d.e/f@v1.7.0",
    ],
)
def test_an_edit_of_the_module_file_that_is_not_followed_gets_words(edit):
    """What stands in for the module is not in the context, so nothing can be downloaded before."""
    text = f"FROM golang:1\nWORKDIR /src\nCOPY . .\nRUN {edit}\nRUN go mod tidy\n"
    check_words(rule, text, REPLACED, "go mod tidy")


@pytest.mark.parametrize(
    "run", ["rm -rf ./docs", "chmod +x src/run.sh && rm src/old.ts", "chown -R 1000 src"]
)
def test_a_step_that_only_trims_the_source_goes_with_it(run):
    check_fixed(
        rule,
        JS + f"COPY . .\nRUN {run}\nRUN npm ci\n",
        JS + f"COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN {run}\n",
        NPM,
        edit="src/a.ts",
    )


@pytest.mark.parametrize(
    "run",
    [
        "rm package-lock.json",
        "rm -rf .",
        "rm -rf *",
        "rm -rf $OLD",
        "rm .npmrc",
        "chown -R 1000 /app",
        "chmod -R 700 node_modules",
        "rm -rf packages/node_modules",
        "mkdir build",
        "cp ci.npmrc .npmrc",
        "rm docs/* && make prepare",
    ],
)
def test_a_step_that_may_touch_what_the_install_reads_or_fills_stops_it(run):
    check_words(rule, JS + f"COPY . .\nRUN {run}\nRUN npm ci\n", NPM, "may read the source")


def test_what_trims_the_source_stays_where_paths_mean_something_else_behind_the_install():
    text = JS + "COPY . .\nRUN rm -rf docs\nWORKDIR /app/src\nRUN npm ci --prefix /app\n"
    check_words(rule, text, NPM, "the working directory changes")


OWNED = JS + "RUN {chown}\nUSER node\nCOPY --chown={owner} . .\nRUN npm ci\n"


@pytest.mark.parametrize("owner", ["node:node", "node", "$WHO:0"])
def test_a_user_may_install_where_the_folder_is_its_own_already(owner):
    chown = f"chown -R {owner} /app"
    check_fixed(
        rule,
        f"ARG WHO=1000\n{OWNED}".replace("WORKDIR", "ARG WHO\nWORKDIR").format(
            chown=chown, owner=owner
        ),
        f"ARG WHO=1000\n{OWNED}".replace("WORKDIR", "ARG WHO\nWORKDIR")
        .format(chown=chown, owner=owner)
        .replace(
            f"COPY --chown={owner} . .\nRUN npm ci\n",
            f"COPY --chown={owner} package.json package-lock.json ./\nRUN npm ci\n"
            f"COPY --chown={owner} . .\n",
        ),
        NPM,
        edit="src/a.ts",
    )


@pytest.mark.parametrize(
    "chown",
    ["chown -R node /app", "chown -R node:node /srv", "true || chown node:node /app", "true"],
)
def test_a_user_may_not_install_in_a_folder_that_is_not_known_to_be_its_own(chown):
    text = OWNED.format(chown=chown, owner="node:node")
    check_words(rule, text, NPM, "gives its owner")


def test_an_owner_that_means_another_one_later_is_not_the_same():
    text = OWNED.format(chown="chown -R $WHO /app", owner="$WHO")
    text = text.replace("WORKDIR", "ARG WHO=1000\nWORKDIR").replace("USER", "ARG WHO=2000\nUSER")
    check_words(rule, text, NPM, "gives its owner")


def test_manifests_that_came_after_the_last_step_that_may_change_them_stay_where_they_are():
    """It still stands behind the assets, which no order helps."""
    start = JS + "COPY assets assets\nRUN make assets\nCOPY package.json package-lock.json ./\n"
    files = {**NPM, "assets/a.css": "", "Dockerfile": start + "COPY src src\nRUN npm ci\n"}
    found = next(f for f in findings(rule, files) if f.fix is not None)
    assert found.fix is not None
    assert applied(build(files), found.fix).dockerfile.text == start + "RUN npm ci\nCOPY src src\n"


def test_manifests_that_a_step_may_have_changed_are_copied_again():
    start = JS + "COPY package.json package-lock.json ./\nRUN make manifests\n"
    check_fixed(
        rule,
        start + "COPY . .\nRUN npm ci\n",
        start + "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n",
        NPM,
        edit="src/a.ts",
    )
