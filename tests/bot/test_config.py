import pytest

from bot.config import Config, read_config

RULES = ("missing-cache-mount", "single-stage-build", "setup-after-source")


def read(text):
    return read_config(text, RULES)


def test_no_file_means_the_defaults():
    assert read(None) == (Config(), [])
    assert read("# nothing\n") == (Config(), [])


def test_all_settings_are_read():
    config, errors = read("""\
version: 1
profile: strict
rules: {missing-cache-mount: off, single-stage-build: on}
ignore_paths: [legacy, "**/*.old"]
contexts: {docker/Dockerfile: ., ./web/Dockerfile: web/}
builder: kaniko
persistent_builder: true
max_comments: 3
drafts: review
check: always
fail_on: warning
""")
    assert errors == []
    assert config == Config(
        profile="strict",
        rules={"missing-cache-mount": False, "single-stage-build": True},
        ignore_paths=("legacy", "**/*.old"),
        contexts={"docker/Dockerfile": "", "web/Dockerfile": "web"},
        builder="kaniko",
        persistent_builder=True,
        max_comments=3,
        drafts="review",
        check="always",
        fail_on="warning",
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("version: 1\nprofil: quiet\n", 2, "unknown setting 'profil'; did you mean 'profile'?"),
        ("profile: silent\n", 1, "'silent' is none of quiet, normal, strict"),
        ("version: 2\n", 1, "version must be 1"),
        ("rules:\n  missing-cache-mounts: on\n", 2, "did you mean 'missing-cache-mount'?"),
        ("rules:\n  missing-cache-mount: maybe\n", 2, "must be on or off"),
        ("rules: [a]\n", 1, "rules must be `name: value` pairs"),
        ("max_comments: 1000\n", 1, "from 0 to 50"),
        ("max_comments: true\n", 1, "from 0 to 50"),
        ("persistent_builder: sometimes\n", 1, "auto, true or false"),
        ("contexts: {Dockerfile: ../other}\n", 1, "must lie in the repository"),
        ("ignore_paths: legacy\n", 1, "must be a list"),
        ("profile: quiet\nprofile: strict\n", 2, "given twice"),
        ("a: [\n", 2, "not YAML"),
        ("a: &x [1]\nb: *x\n", 2, "aliases"),
        ("- a\n", 1, "must be `name: value` pairs"),
        ("x" * 70_000, 1, "larger than 64 KiB"),
        ("[" * 5000, 1, "not YAML"),
    ],
)
def test_a_fault_is_told_with_its_line(text, line, message):
    _, errors = read(text)
    assert errors
    assert errors[-1].line == line
    assert message in errors[-1].message


def test_the_rest_holds_beside_a_fault():
    config, errors = read("builder: docker\nmax_comments: 2\n")
    assert len(errors) == 1
    assert (config.builder, config.max_comments) == ("auto", 2)


@pytest.mark.parametrize(
    ("profile", "rule", "strategy", "wanted"),
    [
        ("normal", "missing-cache-mount", "mounts", True),
        ("normal", "single-stage-build", "stages", False),
        ("strict", "single-stage-build", "stages", True),
        ("quiet", "missing-cache-mount", "mounts", False),
        ("quiet", "setup-after-source", "order", True),
    ],
)
def test_a_profile_decides_which_rules_speak(profile, rule, strategy, wanted):
    assert Config(profile=profile).wants(rule, strategy) is wanted


def test_a_rule_that_was_asked_for_speaks_in_any_profile():
    assert Config(profile="quiet", rules={"missing-cache-mount": True}).wants(
        "missing-cache-mount", "mounts"
    )


def test_the_quiet_profile_posts_three_comments_at_most():
    assert Config(profile="quiet").most_comments == 3
    assert Config(profile="quiet", max_comments=1).most_comments == 1
