import pytest

from rules.model.installs.gradle import GRADLE
from tests.rules.model.installs.image import ask, listed, reason

BUILD = "plugins { id 'java' }\nrepositories { mavenCentral() }\ndependencies { implementation 'a:b:1' }\n// file('x')\n"
ONE = {"build.gradle": BUILD, "settings.gradle": "rootProject.name = 'a'\n", "src/A.java": ""}
WRAPPER = {
    "gradlew": "",
    "gradle/wrapper/gradle-wrapper.jar": "",
    "gradle/wrapper/gradle-wrapper.properties": "",
}


def test_a_report_reads_the_build_and_what_belongs_to_it():
    more = {
        "gradle.properties": "",
        "gradle/libs.versions.toml": "",
        "buildSrc/build.gradle": BUILD,
        "buildSrc/src/X.java": "",
    }
    files = {**ONE, **WRAPPER, **more}
    assert set(listed(GRADLE, "./gradlew --no-daemon dependencies", files)) == set(files) - {
        "src/A.java"
    }


def test_projects_of_the_settings_are_listed():
    files = {
        "settings.gradle.kts": 'include("a", "b:c")\ninclude(\n  "d",\n)\n',
        "build.gradle.kts": BUILD,
        "a/build.gradle.kts": BUILD,
        "b/c/build.gradle.kts": BUILD,
        "d/build.gradle": BUILD,
        "e/build.gradle": BUILD,
    }
    assert set(listed(GRADLE, "gradle dependencies", files)) == set(files) - {"e/build.gradle"}
    assert set(listed(GRADLE, "gradle dependencies", files, folder="/app/a")) == set(files) - {
        "e/build.gradle"
    }


def test_the_wrapper_downloads_itself():
    assert set(listed(GRADLE, "./gradlew --version", {**ONE, **WRAPPER})) == set(WRAPPER)
    assert ask(GRADLE, "gradle --version", ONE) is None
    assert ask(GRADLE, "/opt/gradle/bin/gradle --version", ONE) is None
    assert "wrapper" in reason(GRADLE, "./gradlew --version", ONE)


@pytest.mark.parametrize(
    "command",
    [
        "gradle build",
        "./gradlew bootJar -x test",
        "gradle :a:assemble",
        "gradle downloadDependencies",
    ],
)
def test_a_build_needs_the_source(command):
    assert "compiles the source" in reason(GRADLE, command, {**ONE, **WRAPPER})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("build.gradle", "apply from: 'x.gradle'"),
        ("build.gradle", "dependencies { implementation fileTree(dir: 'libs') }"),
        ("build.gradle", "version = new File('VERSION').text"),
        ("build.gradle", "def v = 'git describe'.execute()"),
        ("settings.gradle", "includeBuild 'x'"),
        ("settings.gradle", "include projects"),
        ("settings.gradle", "names.each { include it }"),
        ("settings.gradle", "project(':a').projectDir = x"),
    ],
)
def test_a_script_that_may_read_files_needs_the_source(path, text):
    assert reason(GRADLE, "gradle dependencies", {**ONE, path: text})


def test_a_missing_build_needs_the_source():
    assert "does not come" in reason(GRADLE, "gradle dependencies", {})
    assert "scripts" in reason(GRADLE, "gradle -I x.gradle dependencies", ONE)
