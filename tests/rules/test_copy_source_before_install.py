import pytest

from rules.copy_source_before_install import rule
from tests.rules.tools import NPM, PIP, check_fixed, check_silent, check_words, findings


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


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


def test_steps_between_that_read_nothing_copied_are_passed():
    check_fixed(
        rule,
        "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y libpq-dev\nRUN pip install --upgrade pip && pip install -r requirements.txt\n",
        "FROM python:3\nWORKDIR /app\nCOPY requirements.txt ./\nRUN apt-get update && apt-get install -y libpq-dev\nRUN pip install --upgrade pip && pip install -r requirements.txt\nCOPY . .\n",
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


GO = {"go.mod": "module a.b/c\nrequire d.e/f v1.0.0\n", "go.sum": "", "main.go": ""}
WORK = "FROM golang:1\nRUN git clone https://a.b/c\nWORKDIR /src\nRUN apt-get install -y git\n"
BOUND = (
    "--mount=type=bind,source=go.mod,target=go.mod --mount=type=bind,source=go.sum,target=go.sum"
)


@pytest.mark.parametrize(
    ("mounts", "narrow"),
    [
        ("--mount=type=bind,source=.", BOUND),
        ("--mount=type=bind,target=.", BOUND),
        ("--mount=target=/src,ro", BOUND),
        (
            "--mount=type=bind,source=. \\\n    --mount=type=cache,target=/go/pkg/mod",
            BOUND.replace(" ", " \\\n    ") + " \\\n    --mount=type=cache,target=/go/pkg/mod",
        ),
    ],
)
def test_a_mount_of_the_whole_context_becomes_mounts_of_the_manifests(mounts, narrow):
    rest = " go mod download\nRUN --mount=type=bind,source=. go build -o /c .\n"
    check_fixed(
        rule,
        f"{WORK}RUN {mounts}{rest}",
        f"{WORK}RUN {narrow}{rest}",
        GO,
        edit="main.go",
    )


@pytest.mark.parametrize(
    "steps",
    [
        "RUN --mount=type=bind,target=.,rw go mod download\n",
        "RUN --mount=type=bind,target=. go mod download && ls\n",
        "RUN --mount=type=bind,target=. go mod download > /log\n",
        "RUN --mount=type=bind,target=. --mount=type=bind,from=golang,target=/x go mod download\n",
        "RUN mkdir vendor\nRUN --mount=type=bind,target=. go mod download\n",
        "WORKDIR /\nRUN mkdir src/x\nWORKDIR /src\nRUN --mount=type=bind,target=. go mod download\n",
        "COPY main.go ./\nRUN --mount=type=bind,target=. go mod download\n",
        "COPY --from=tools / /\nRUN --mount=type=bind,target=. go mod download\n",
        "COPY --from=tools:1 / /\nRUN --mount=type=bind,target=. go mod download\n",
    ],
)
def test_a_mount_that_may_be_needed_whole_stays(steps):
    tools = "FROM scratch AS tools\nCOPY go.work /src/\n"
    found = findings(rule, {**GO, "go.work": "", "Dockerfile": tools + WORK + steps})
    assert found
    assert all(finding.fix is None for finding in found)


def test_tools_from_a_stage_that_brings_nothing_where_the_mount_lies_are_no_hindrance():
    start = "FROM scratch AS tools\nCOPY --from=golang:1 /usr/bin/xx /usr/bin/\n" + WORK
    rest = " go mod download\nRUN make\n"
    check_fixed(
        rule,
        f"{start}COPY --from=tools / /\nRUN --mount=type=bind,target=.{rest}",
        f"{start}COPY --from=tools / /\nRUN {BOUND}{rest}",
        GO,
        edit="main.go",
    )
