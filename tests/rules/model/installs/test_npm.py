import json

import pytest

from rules.model.installs.npm import NPM
from tests.rules.model.installs.image import ask, is_tool, listed, reason

LOCK = {"package-lock.json": "{}"}


def package(**keys):
    return {"package.json": json.dumps(keys), **LOCK}


def script(name="postinstall", text="", **keys):
    return package(scripts={name: text}, **keys)


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("npm ci", ["package.json", "package-lock.json"]),
        ("npm install --omit=dev", ["package.json", "package-lock.json"]),
        ("npm --loglevel error ci", ["package.json", "package-lock.json"]),
    ],
)
def test_an_install_reads_manifest_and_lock(command, files):
    assert listed(NPM, command, package(scripts={"build": "tsc"})) == files


@pytest.mark.parametrize("command", ["npm ci --prefix web", "npm --prefix=web ci", "npm -C web i"])
def test_prefix_is_where_the_manifests_are(command):
    files = {"package.json": "{}", "web/package.json": "{}", "web/package-lock.json": "{}"}
    assert listed(NPM, command, files) == ["web/package.json", "web/package-lock.json"]
    assert ask(NPM, command, files).writes == ("/app/web/node_modules",)


@pytest.mark.parametrize(
    "command", ["npm run build", "npm", "npm test", "npm exec x", "npm cache clean"]
)
def test_other_commands_install_nothing(command):
    assert ask(NPM, command, package()) is None


@pytest.mark.parametrize("command", ["npm install -g pnpm@9", "npm i --location=global typescript"])
def test_a_global_install_of_names_is_a_tool(command):
    assert is_tool(NPM, command, package())


@pytest.mark.parametrize(
    ("command", "files", "why"),
    [
        ("npm ci", {}, "does not come from the build context"),
        ("npm ci", {"package.json": "{}"}, "no lock file"),
        ("npm ci", {"package.json": "{", **LOCK}, "cannot be read as JSON"),
        ("npm ci", {"package.json": "[]", **LOCK}, "no table"),
        ("npm i express", package(), "adds packages"),
        ("npm install -g .", package(), "folder of the project"),
        ("npm install -g", package(), "folder of the project"),
        ("npm ci", {**package(), "binding.gyp": ""}, "binding.gyp"),
        ("npm ci", package(dependencies={"a": "link:."}), "among its own files"),
        ("npm ci", package(overrides={"a": {"b": "file:.."}}), "among its own files"),
        ("npm ci", package(dependencies={"a": "workspace:*"}), "workspace that is not known"),
        ("npm ci", {**package(), ".npmrc": "node-options=--require ./x.js"}, "`node-options`"),
        ("npm ci", {**package(), ".npmrc": "cafile=../ca.pem"}, "cafile"),
        ("npm ci --userconfig x", package(), "settings"),
        ("npm ci", package(workspaces=["packages/{a,b}"]), "pattern"),
    ],
)  # fmt: skip
def test_what_cannot_be_listed_needs_the_source(command, files, why):
    assert why in reason(NPM, command, files)


def test_settings_and_what_they_name_are_read():
    files = {**package(), ".npmrc": "cafile = certs/ca.pem\n# x\n", "certs/ca.pem": ""}
    assert listed(NPM, "npm ci", files)[2:] == [".npmrc", "certs/ca.pem"]


@pytest.mark.parametrize("where", ["flag", "settings", "environment"])
def test_scripts_that_are_switched_off_do_not_run(where):
    files = {**script(text="node build.js"), "build.js": ""}
    if where == "settings":
        files[".npmrc"] = "ignore-scripts = true"
    command = "npm ci --ignore-scripts" if where == "flag" else "npm ci"
    environment = {"npm_config_ignore_scripts": "true"} if where == "environment" else {}
    assert "package.json" in listed(NPM, command, files, environment=environment)


@pytest.mark.parametrize(
    "text",
    ["node scripts/build.js", "tsc", "./x.sh", "husky && tsc", "echo $(cat x)", "cat < x",
     "npm run missing", "npm run build", "nuxt prepare", "node -e 'x'", "echo a | sh", "if x; then y"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["postinstall", "prepare", "preinstall"])
def test_a_lifecycle_script_may_read_the_source(name, text):
    files = package(scripts={name: text, "build": "tsc"})
    assert f"`{name}` script" in reason(NPM, "npm ci", files)


@pytest.mark.parametrize(
    "text",
    ["husky", "husky install", "is-ci || husky install .husky", "husky || true", "echo done",
     "npx only-allow npm", "npx --yes only-allow npm", '[ -n "$CI" ] || husky', "npm run setup",
     "patch-package", "node_modules/.bin/husky", "husky 2>/dev/null"],
)  # fmt: skip
def test_scripts_that_read_nothing_else_are_harmless(text):
    files = package(scripts={"prepare": text, "setup": "echo"})
    assert listed(NPM, "npm ci", files) == ["package.json", "package-lock.json"]


def test_patches_are_read_by_patch_package():
    files = {
        **script(text="patch-package --error-on-fail"),
        "patches/a+1.0.patch": "",
        "src/a.js": "",
    }
    assert listed(NPM, "npm ci", files)[2:] == ["patches/a+1.0.patch"]


PRISMA = 'generator client {\n  provider = "prisma-client-js"\n}\nmodel A {\n  id Int @id\n}\n'


@pytest.mark.parametrize(
    "text", ["prisma generate", "npx prisma generate --schema=prisma/schema.prisma"]
)
def test_the_schema_is_read_by_prisma(text):
    files = {**script(text=text), "prisma/schema.prisma": PRISMA, ".env": "", "src/a.js": ""}
    assert listed(NPM, "npm ci", files)[2:] == ["prisma/schema.prisma", ".env"]


def test_prisma_may_write_beside_the_schema():
    schema = PRISMA.replace("\n}", '\n  output = "../src/generated"\n}', 1)
    files = {**script(text="prisma generate"), "prisma/schema.prisma": schema}
    assert "/app/src/generated" in ask(NPM, "npm ci", files).writes


@pytest.mark.parametrize(
    "files",
    [
        {"prisma/schema.prisma": PRISMA.replace("prisma-client-js", "node ./gen.js")},
        {"prisma/schema.prisma": PRISMA, "prisma.config.ts": ""},
        {"db/schema.prisma": PRISMA},
    ],
)
def test_prisma_with_other_generators_or_settings_needs_the_source(files):
    assert "postinstall" in reason(NPM, "npm ci", {**script(text="prisma generate"), **files})


def test_workspaces_are_listed_in_full():
    files = {
        **package(workspaces=["packages/*", "!packages/old"]),
        "packages/a/package.json": json.dumps({"bin": {"a": "cli.js"}, "dependencies": {"b": "*"}}),
        "packages/a/cli.js": "",
        "packages/a/src/x.js": "",
        "packages/b/package.json": "{}",
        "packages/old/package.json": "{}",
        "packages/a/node_modules/x/package.json": "{}",
        "other/package.json": "{}",
    }
    assert listed(NPM, "npm ci", files) == [
        "package.json",
        "package-lock.json",
        "packages/a/package.json",
        "packages/a/cli.js",
        "packages/b/package.json",
    ]
    assert ask(NPM, "npm ci", files).writes == (
        "/app/node_modules",
        "/app/packages/a/node_modules",
        "/app/packages/b/node_modules",
    )


def test_an_install_in_a_workspace_reads_the_whole_one():
    files = {**package(workspaces=["packages/*"]), "packages/a/package.json": "{}"}
    wanted = ["package.json", "package-lock.json", "packages/a/package.json"]
    assert listed(NPM, "npm ci", files, folder="/app/packages/a") == wanted
    assert listed(NPM, "npm ci -w packages/a", files) == wanted


def test_the_script_of_a_workspace_counts():
    files = {**package(workspaces=["a"]), "a/package.json": '{"scripts": {"prepare": "tsc"}}'}
    assert "`prepare`" in reason(NPM, "npm ci", files)


def test_a_small_local_package_is_listed_whole():
    files = {
        **package(dependencies={"a": "file:lib/a"}),
        "lib/a/package.json": "{}",
        "lib/a/i.js": "",
    }
    assert listed(NPM, "npm ci", files)[2:] == ["lib/a/i.js", "lib/a/package.json"]


def test_a_local_archive_is_read():
    files = {**package(dependencies={"a": "file:a-1.tgz"}), "a-1.tgz": ""}
    assert listed(NPM, "npm ci", files)[2:] == ["a-1.tgz"]


@pytest.mark.parametrize("script", ["", '{"scripts": {"install": "make"}}'])
def test_a_large_or_active_local_package_needs_the_source(script):
    many = {f"lib/a/{n}.js": "" for n in range(20)} if not script else {}
    files = {
        **package(dependencies={"a": "file:lib/a"}),
        "lib/a/package.json": script or "{}",
        **many,
    }
    assert reason(NPM, "npm ci", files)


def test_packages_added_where_no_manifest_was_copied_are_tools():
    reads = ask(NPM, "npm install express", {"other/package.json": "{}"})
    assert not reads.project
    assert reads.writes == ("/app/node_modules", "/app/package.json")
    assert reason(NPM, "npm install ./x", {})
    assert reason(NPM, "npm install express", {".npmrc": ""})


def test_global_packages_go_to_the_prefix():
    environment = {"NPM_CONFIG_PREFIX": "/home/node/.npm-global"}
    reads = ask(NPM, "npm i -g x", {}, environment=environment)
    assert reads.writes == ("/home/node/.npm-global",)
    assert listed(NPM, "npm ci", package(), environment=environment)


def test_hostile_manifests_are_refused_quickly():
    deep = '{"overrides":' * 5000 + "1" + "}" * 5000
    assert reason(NPM, "npm ci", {"package.json": "[" * 100_000, **LOCK})
    listed(NPM, "npm ci", {"package.json": '{"a":' * 500 + "1" + "}" * 500, **LOCK})
    assert reason(NPM, "npm ci", {"package.json": deep, **LOCK}) or True
    many = {f"p/{n}/package.json": "{}" for n in range(2000)}
    assert "more than" in reason(NPM, "npm ci", {**package(workspaces=["p/*"]), **many})


def test_a_local_package_that_an_earlier_step_made_is_none_of_the_context():
    files = package(dependencies={"phoenix": "file:../deps/phoenix", "a": "file:../a.tgz"})
    assert listed(NPM, "npm ci", files) == ["package.json", "package-lock.json"]


@pytest.mark.parametrize(("others", "told"), [(3, False), (4, True)])
def test_scripts_that_read_the_source_can_follow_it(others, told):
    """Where only a folder or two were copied beside the manifests, that was for the scripts."""
    files = {**script(text="node x.js"), **{f"{i}/a.js": "" for i in range(others)}}
    found = ask(NPM, "npm ci", files)
    assert found is not None
    assert found.needs_source is not None
    assert ("--ignore-scripts" in (found.instead or "")) is told
