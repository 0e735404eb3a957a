import pytest

from rules.copy_source_before_install import rule
from rules.proof import applied
from tests.rules.tools import NPM, PIP, build, check_fixed, check_words, findings

APP = "FROM python:3\nWORKDIR /app\n"
JS = "FROM node:22\nWORKDIR /app\n"
GO = {"go.mod": "module a\nrequire b v1\n", "go.sum": "", "main.go": ""}


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


def test_lower_case_files_stay_lower_case():
    check_fixed(
        rule,
        "from python:3\nworkdir /app\ncopy . .\nrun pip install -r requirements.txt\n",
        "from python:3\nworkdir /app\ncopy requirements.txt ./\nrun pip install -r requirements.txt\ncopy . .\n",
        PIP,
        edit="main.py",
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


def test_manifests_that_the_steps_behind_them_leave_alone_are_not_copied_again():
    start = JS + "COPY package.json package-lock.json ./\nRUN apt-get install -y git\n"
    check_fixed(
        rule,
        start + "COPY src src\nRUN npm ci\n",
        start + "RUN npm ci\nCOPY src src\n",
        NPM,
        edit="src/a.ts",
    )


@pytest.mark.parametrize(
    "step", ["make manifests", "npm ci", "tar xf /a.tar", "cp /a package.json"]
)
def test_manifests_that_a_step_may_have_changed_are_copied_again(step):
    start = JS + f"COPY package.json package-lock.json ./\nRUN {step}\n"
    check_fixed(
        rule,
        start + "COPY . .\nRUN npm ci\n",
        start + "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n",
        NPM,
        edit="src/a.ts",
    )
