import pytest

from rules.model.installs.leiningen import LEININGEN
from tests.rules.model.installs.image import ask, listed, reason

ONE = {
    "project.clj": '(defproject a "1"\n  :dependencies [[org.clojure/clojure "1.11"]])\n',
    "src/a.clj": "",
}


@pytest.mark.parametrize("command", ["lein deps", "lein with-profile production deps"])
def test_deps_reads_the_manifest(command):
    assert listed(LEININGEN, command, {**ONE, "profiles.clj": "{}"}) == [
        "project.clj",
        "profiles.clj",
    ]


def test_other_tasks_need_the_source_or_install_nothing():
    assert "compiles the source" in reason(LEININGEN, "lein uberjar", ONE)
    assert ask(LEININGEN, "lein version", ONE) is None


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"project.clj": '(defproject a (slurp "VERSION"))'},
        {"project.clj": "(defproject a ~(version))"},
        {"project.clj": '(defproject a :plugins [[lein-parent "1"]])'},
        {**ONE, "checkouts/b/project.clj": ""},
    ],
)  # fmt: skip
def test_what_may_read_files_needs_the_source(files):
    assert reason(LEININGEN, "lein deps", files)
