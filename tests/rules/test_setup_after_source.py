import pytest

import rules
from rules.copy_source_before_install import rule as order
from rules.setup_after_source import rule
from tests.rules.tools import build, check_fixed, check_silent, findings

FILES = {"main.py": "", "requirements.txt": "flask\n", "setup.sh": "", ".dockerignore": ".git\n"}
APP = "FROM python:3.12-bookworm\nWORKDIR /app\n"
APT = "RUN apt-get update && apt-get install -y libpq-dev\n"


def test_the_example_of_the_documentation():
    e = rule.example
    check_fixed(rule, e.before, e.after, e.files, edit=e.edit)


@pytest.mark.parametrize(
    "step",
    [
        "RUN useradd --create-home appuser\n",
        "RUN pip install --upgrade pip\n",
        "RUN apk add --no-cache curl\n",
        "RUN set -eux; apt-get update; apt-get install -y curl; rm -rf /var/lib/apt/lists/*\n",
        "RUN groupadd -r app && useradd -r -g app app\n",
    ],
)
def test_what_reads_nothing_of_the_source_goes_before_it(step):
    check_fixed(rule, APP + "COPY . .\n" + step, APP + step + "COPY . .\n", FILES, edit="main.py")


@pytest.mark.parametrize(
    "rest",
    [
        "RUN ./setup.sh\n",
        "RUN make\n",
        "RUN mkdir -p /app/logs\n",
        "RUN mkdir -p /data && chown 1000 /data\n",
        "RUN git config --global --add safe.directory /app\n",
        "RUN npm config set fund false && pip config set global.timeout 60\n",
        "WORKDIR /srv\nRUN git init && poetry config virtualenvs.create false\n",
        "RUN sed -i s/http:/https:/ /etc/apt/sources.list && touch /etc/stamp\n",
        "RUN apt-get update && apt-get install -y ./local.deb\n",
        "RUN apt-get update && apt-get install -y $PACKAGES\n",
        "RUN xargs apt-get install -y < packages.txt\n",
        "RUN --mount=type=bind,target=/src apt-get install -y curl\n",
    ],
)
def test_what_may_read_the_source_or_takes_no_time_stays(rest):
    check_silent(rule, APP + "COPY . .\n" + rest, FILES)


@pytest.mark.parametrize("target", ["/", "/etc", "/usr/local/bin/", "/root/", "/home/app"])
def test_copies_to_places_that_are_read_unseen_are_not_crossed(target):
    check_silent(rule, f"FROM debian:12\nCOPY . {target}\n{APT}", FILES)


def test_a_step_before_the_source_is_left_alone():
    check_silent(rule, APP + APT + "COPY . .\n", FILES)


def test_the_naive_file_reaches_a_good_order_by_its_own_suggestions():
    text = (
        APP
        + "COPY . .\n"
        + APT
        + "RUN pip install --upgrade pip && pip install -r requirements.txt\n"
        + "RUN useradd --create-home --shell /bin/bash appuser\n"
        + "USER appuser\n"
        + 'CMD ["uvicorn", "main:app"]\n'
    )
    whole = build({**FILES, "Dockerfile": text})
    found, _ = rules.check(whole)
    mine = [f for f in found if f.rule in (order.name, rule.name)]
    assert len(mine) == 3
    assert all(f.fix for f in mine)
    fixed, done = rules.combine(whole, mine)
    assert len(done) == 3
    assert fixed.dockerfile.text == (
        APP
        + APT
        + "COPY requirements.txt ./\n"
        + "RUN pip install --upgrade pip && pip install -r requirements.txt\n"
        + "RUN useradd --create-home --shell /bin/bash appuser\n"
        + "COPY . .\n"
        + "USER appuser\n"
        + 'CMD ["uvicorn", "main:app"]\n'
    )
    assert [f for f in rules.check(fixed)[0] if f.rule in (order.name, rule.name)] == []


def test_two_set_up_steps_are_two_findings():
    text = APP + "COPY . .\n" + APT + "RUN useradd app\n"
    assert len(findings(rule, {**FILES, "Dockerfile": text})) == 2


def test_settings_beside_an_install_move_with_it_unsaid():
    step = "RUN npm config set fund false && apt-get update && apt-get install -y git\n"
    check_fixed(rule, APP + "COPY . .\n" + step, APP + step + "COPY . .\n", FILES, edit="main.py")
    (found,) = findings(rule, {**FILES, "Dockerfile": APP + "COPY . .\n" + step})
    assert "config" not in found.message


PHP = "FROM php:8.3\nWORKDIR /app\n"


@pytest.mark.parametrize(
    "step",
    [
        "docker-php-ext-install -j$(nproc) pdo",
        'docker-php-ext-install -j"$(nproc)" pdo',
        "curl -sS https://getcomposer.org/installer | php -- --install-dir=/usr/local/bin",
    ],
)
def test_extensions_of_php_go_before_the_source(step):
    before, after = PHP + f"COPY . .\nRUN {step}\n", PHP + f"RUN {step}\nCOPY . .\n"
    check_fixed(rule, before, after, FILES, edit="main.py")


def test_a_step_is_named_by_its_command_and_not_by_what_counts_for_it():
    text = PHP + "COPY . .\nRUN docker-php-ext-install -j$(nproc) pdo\n"
    (found,) = findings(rule, {**FILES, "Dockerfile": text})
    assert found.message.startswith("`docker-php-ext-install -j$(nproc) pdo` reads nothing")


@pytest.mark.parametrize("count", ["-j$(cat jobs)", "-j`nproc --all`", "$(ls)", "-j$JOBS"])
def test_another_word_that_is_not_known_may_come_from_the_source(count):
    check_silent(rule, PHP + f"COPY . .\nRUN docker-php-ext-install {count} pdo\n", FILES)


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("apk add --no-cache curl", "make"),
        ("apt-get update && apt-get install -y curl", "./setup.sh && make"),
        ("pip install flask", "cp main.py app.py && rm -f main.py docs/*"),
        ("set -e; useradd app; pip install flask", "cp main.py app.py"),
        ("pip install flask", "pip install ."),
        ("npm install -g pnpm", "npm run build"),
    ],
)
def test_a_run_that_sets_up_and_then_reads_the_source_is_split(first, rest):
    repeated = "set -e; " if first.startswith("set") else ""
    check_fixed(
        rule,
        APP + f"COPY . .\nRUN {first} && {rest}\n",
        APP + f"RUN {first}\nCOPY . .\nRUN {repeated}{rest}\n",
        FILES,
        edit="main.py",
    )


@pytest.mark.parametrize(
    "run",
    [
        "apt-get update && make && apt-get install -y curl",
        "apt-get update && apt-get install -y $TOOLS && make",
        "mkdir /data && make",
        "set -e && make",
    ],
)
def test_what_belongs_together_or_costs_nothing_is_not_split(run):
    check_silent(rule, APP + f"COPY . .\nRUN {run}\n", FILES)


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("apk add gcc && make && apk del gcc", "removes"),
        ("pip install flask && make && rm -rf /root/.cache", "removes"),
        ("pip install flask && make && rm -rf $CACHE", "removes"),
        ("pip install flask && make && rm -rf ../*", "removes"),
        ("export A=1 && pip install flask && make", "relies on"),
    ],
)
def test_a_run_is_not_split_where_its_parts_need_each_other(run, reason):
    found = findings(rule, {**FILES, "Dockerfile": APP + f"COPY . .\nRUN {run}\n"})
    assert all(f.fix is None and reason in (f.no_fix or "") for f in found)
    assert found or "apk" in run


def test_what_is_split_leaves_an_install_behind_the_source_to_be_told():
    """The packages that a script of the project hides are another rule's."""
    files = {**FILES, "package.json": '{"scripts": {"prepare": "make"}}', "package-lock.json": "{}"}
    files |= {f"{name}/x.js": "" for name in "abcd"}
    files["Dockerfile"] = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN apk add git && npm ci\n"
    assert [f.fix is not None for f in findings(rule, files)] == [True]
    assert [f.severity for f in findings(order, files)] == ["info"]


TOOL = "COPY --from=composer:2 /usr/bin/composer /usr/bin/composer\n"


def test_a_copy_from_another_image_goes_before_the_source():
    files = {**FILES, "Dockerfile": APP + "COPY . .\n" + TOOL}
    (found,) = findings(rule, files)
    after, done = rules.combine(build(files), [found])
    assert done == [found]
    assert found.severity == "info"
    assert after.dockerfile.text == APP + TOOL + "COPY . .\n"
    check_silent(rule, after.dockerfile.text, FILES)


def test_copies_and_steps_go_before_the_source_together():
    steps = [TOOL, "RUN useradd app\n", "COPY --from=alpine /etc/mime.types /etc/\n"]
    text = APP + "COPY . .\n" + "".join(steps)
    files = {**FILES, "Dockerfile": text}
    found = findings(rule, files)
    assert [f.span.end for f in found] == [5, 6]
    after, done = rules.combine(build(files), found)
    assert len(done) == len(found)
    assert after.dockerfile.text == APP + "".join(steps) + "COPY . .\n"


@pytest.mark.parametrize(
    ("step", "ends"), [("RUN pip install -r requirements.txt\n", []), ("RUN useradd app\n", [5])]
)
def test_a_copy_in_front_of_a_step_that_goes_before_the_source_goes_with_it(step, ends):
    found = findings(rule, {**FILES, "Dockerfile": APP + "COPY . .\n" + TOOL + step})
    assert [f.span.end for f in found] == ends


@pytest.mark.parametrize(
    "copy",
    [
        "COPY --link --from=composer:2 /usr/bin/composer /usr/bin/composer\n",  # not made again
        "COPY --from=web /usr/web/dist /srv/dist\n",  # made of the source
        "COPY --from=node:22 /x ./x\n",  # may lie over what a developer has there
        "COPY --from=node:22 / /\n",
        "COPY docker.env /etc/docker.env\n",
    ],
)
def test_other_copies_stay_behind_the_source(copy):
    text = "FROM node:22 AS web\nCOPY . /usr/web/\nRUN make\n" + APP + "COPY . .\n" + copy
    check_silent(rule, text, {**FILES, "docker.env": ""})


@pytest.mark.parametrize(("ignored", "crossed"), [("", False), (".npmrc\n", True)])
def test_a_file_that_a_developer_may_have_is_not_laid_over_by_the_source(ignored, crossed):
    """Git does not track `.npmrc`, so the tree does not show whether the COPY brings one."""
    files = {**FILES, "ci/.npmrc": "", ".dockerignore": ".git\n" + ignored}
    files["Dockerfile"] = APP + "COPY . .\nCOPY ci/.npmrc .npmrc\n" + APT
    assert [f.fix is not None for f in findings(rule, files)] == [True] * crossed


@pytest.mark.parametrize("rest", ["", "RUN apt-get install -y $TOOLS\n", "RUN make\n"])
def test_an_index_alone_does_not_go_before_the_source(rest):
    """It would get old there, and the install behind it works with it."""
    check_silent(rule, APP + f"COPY . .\nRUN apt-get update\n{rest}", FILES)


def test_an_index_goes_before_the_source_with_the_install_behind_it():
    steps = "RUN apt-get update\nRUN apt-get install -y curl\n"
    (found,) = findings(rule, {**FILES, "Dockerfile": APP + "COPY . .\n" + steps})
    assert (found.span.start, found.span.end) == (3, 5)


@pytest.mark.parametrize(
    "run", ["useradd app && make", "corepack enable && make", ". /venv/bin/activate && make"]
)
def test_a_run_is_not_split_for_what_takes_no_time(run):
    check_silent(rule, APP + f"COPY . .\nRUN {run}\n", FILES)


def test_a_copy_of_a_stage_with_source_takes_something_of_it_wherever_it_goes():
    web = "FROM node:22 AS web\nCOPY web /web\nRUN make\nFROM web AS same\n"
    text = web + APP + "COPY src src\nCOPY --from=same /web/dist /usr/share/nginx/html\n"
    check_silent(rule, text, {**FILES, "web/a.js": "", "src/a.py": ""})


def test_a_copy_that_lies_over_the_source_goes_with_it():
    """Only what stands behind both can be before them."""
    over = "COPY --from=node:22 /x ./x\n"
    files = {**FILES, "Dockerfile": "FROM node:22 AS a\n" + APP + "COPY . .\n" + over + APT}
    assert findings(rule, files) == []
    over = "COPY --from=a /x ./x\n"
    check_fixed(
        rule,
        "FROM node:22 AS a\n" + APP + "COPY . .\n" + over + APT,
        "FROM node:22 AS a\n" + APP + APT + "COPY . .\n" + over,
        FILES,
        edit="main.py",
    )


def test_a_destination_whose_variable_holds_an_absolute_path_is_kept_as_written():
    top = "FROM debian:12\nENV DATA=/data\n"
    check_fixed(
        rule,
        top + "COPY . ${DATA}/\nWORKDIR /srv\n" + APT,
        top + "WORKDIR /srv\n" + APT + "COPY . ${DATA}/\n",
        FILES,
        edit="main.py",
    )
