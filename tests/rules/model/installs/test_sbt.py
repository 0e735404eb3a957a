import pytest

from rules.model.installs.sbt import SBT
from tests.rules.model.installs.image import ask, listed, reason

ONE = {
    "build.sbt": 'name := "a"\nlibraryDependencies += "a" %% "b" % "1"\n',
    "project/build.properties": "sbt.version=1.10.0",
    "project/plugins.sbt": 'addSbtPlugin("a" % "sbt-assembly" % "1")',
    "src/main/scala/A.scala": "",
}


def test_an_update_reads_the_build():
    assert set(listed(SBT, "sbt -Dsbt.rootdir=true update", ONE)) == set(ONE) - {
        "src/main/scala/A.scala"
    }


@pytest.mark.parametrize("command", ["sbt compile", "sbt update assembly", "sbt clean"])
def test_other_tasks_need_the_source(command):
    assert "compiles the source" in reason(SBT, command, ONE)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("build.sbt", 'version := IO.read(file("VERSION"))'),
        ("build.sbt", 'version := "git describe".!!\nimport scala.sys.process._'),
        ("project/plugins.sbt", 'addSbtPlugin("com.github" % "sbt-dynver" % "5")'),
    ],
)
def test_a_build_that_may_read_files_needs_the_source(path, text):
    assert reason(SBT, "sbt update", {**ONE, path: text})


def test_no_build_and_no_task():
    assert "does not come" in reason(SBT, "sbt update", {})
    assert ask(SBT, "sbt sbtVersion", ONE) is None
