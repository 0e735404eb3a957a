import pytest

from rules.model.installs.maven import MAVEN
from tests.rules.model.installs.image import ask, listed, reason


def pom(inside="", more=""):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<project xmlns="http://maven.apache.org/POM/4.0.0">{inside}{more}</project>'


ONE = {"pom.xml": pom(), "src/A.java": ""}


@pytest.mark.parametrize(
    "command",
    ["mvn dependency:go-offline", "mvn -B -q dependency:resolve dependency:resolve-plugins",
     "mvn org.apache.maven.plugins:maven-dependency-plugin:3.6.0:go-offline -DskipTests"],
)  # fmt: skip
def test_a_download_reads_the_manifest(command):
    assert listed(MAVEN, command, ONE) == ["pom.xml"]


def test_the_wrapper_and_settings_are_read():
    files = {
        **ONE,
        "mvnw": "",
        ".mvn/wrapper/maven-wrapper.properties": "",
        ".mvn/wrapper/x.jar": "",
    }
    assert listed(MAVEN, "./mvnw dependency:go-offline", files) == [
        "mvnw",
        "pom.xml",
        ".mvn/wrapper/maven-wrapper.properties",
        ".mvn/wrapper/x.jar",
    ]
    files = {**ONE, "settings.xml": ""}
    assert listed(MAVEN, "mvn -s settings.xml dependency:go-offline", files) == [
        "pom.xml",
        "settings.xml",
    ]


def test_modules_and_parents_are_followed():
    files = {
        "pom.xml": pom("<modules><module>a</module><module> b/pom.xml </module></modules>"),
        "a/pom.xml": pom("<parent><relativePath>../parent</relativePath></parent>"),
        "b/pom.xml": pom("<parent><artifactId>x</artifactId></parent>"),
        "parent/pom.xml": pom(
            more="<profiles><profile><modules><module>../c</module></modules></profile></profiles>"
        ),
        "c/pom.xml": pom("<parent><relativePath/></parent>"),
    }
    assert set(listed(MAVEN, "mvn dependency:go-offline", files)) == set(files)
    assert set(listed(MAVEN, "mvn -f b dependency:go-offline", files)) == set(files)


@pytest.mark.parametrize(
    "command",
    [
        "mvn package -DskipTests",
        "mvn -B clean verify",
        "./mvnw install",
        "mvn clean dependency:go-offline",
    ],
)
def test_a_build_needs_the_source_but_for_its_downloads(command):
    files = {**ONE, "mvnw": ""}
    reads = ask(MAVEN, command, files)
    assert "compiles the source" in reads.needs_source
    assert reads.split.words[-1] == "dependency:go-offline"
    assert "/app/pom.xml" in reads.split.reads.files


def test_the_download_before_a_build_keeps_the_options_that_matter():
    files = {"x/pom.xml": pom()}
    reads = ask(MAVEN, "mvn -B -f x/pom.xml -Pprod -DskipTests -T 4 package", files)
    assert reads.split.words == ("mvn", "-B", "-f", "x/pom.xml", "-Pprod", "dependency:go-offline")
    assert ask(MAVEN, "mvn -pl a package", files).split is None


@pytest.mark.parametrize(
    "command", ["mvn --version", "mvn", "mvn help:evaluate", "mvn wrapper:wrapper"]
)
def test_other_goals_install_nothing(command):
    assert ask(MAVEN, command, ONE) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<project", "XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + pom(), "document type"),
        (pom("<modules><module>${x}</module></modules>"), "module"),
        (pom("<modules><module>none</module></modules>"), "module"),
        (
            pom(
                "<dependencies><dependency><systemPath>${basedir}/x.jar</systemPath></dependency></dependencies>"
            ),
            "jar",
        ),
        (
            pom(
                "<repositories><repository><url>file://${basedir}/r</url></repository></repositories>"
            ),
            "repository",
        ),
    ],
)
def test_what_cannot_be_listed_needs_the_source(text, why):
    assert why in reason(MAVEN, "mvn dependency:go-offline", {"pom.xml": text})
    assert reason(MAVEN, "mvn dependency:go-offline", {})
    assert reason(MAVEN, "mvn -s x.xml dependency:go-offline", ONE)


def test_its_repository_is_read_by_every_later_build():
    assert MAVEN.cache.shared
    assert MAVEN.cache.locked
