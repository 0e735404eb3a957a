import pytest

from rules.model.installs.bundler import BUNDLER
from tests.rules.model.installs.image import ask, listed, reason

GEMFILE = """\
# frozen_string_literal: true
source "https://rubygems.org"
git_source(:github) { |repo| "https://github.com/#{repo}.git" }
ruby "3.3.0"
gem "rails", "~> 7.1", # path: "x"
    require: false
gem "pg" if ENV["DB"] == "pg"
group :development, :test do
  gem "debug", platforms: %i[ mri ]
end
version = "1"
git_source(:x) do |name|
  "https://x/#{name}.git"
end
"""
ONE = {"Gemfile": GEMFILE, "Gemfile.lock": "GEM\n  remote: https://x\n", "app/a.rb": ""}


@pytest.mark.parametrize("command", ["bundle install --jobs 4", "bundle", "bundle --without test"])
def test_an_install_reads_manifest_and_lock(command):
    assert listed(BUNDLER, command, ONE) == ["Gemfile", "Gemfile.lock"]


def test_files_that_a_gemfile_takes_in_are_read():
    files = {
        **ONE,
        "Gemfile": 'ruby file: ".ruby-version"\neval_gemfile "more/Gemfile.common"\n',
        "more/Gemfile.common": 'gem "x"\n',
        ".ruby-version": "3.3.0",
        ".bundle/config": "",
        "bin/bundle": "",
    }
    assert set(listed(BUNDLER, "bin/bundle install", files)) == set(files) - {"app/a.rb"}


def test_the_version_may_be_read_with_ruby():
    files = {**ONE, "Gemfile": 'ruby File.read(".ruby-version").strip\n', ".ruby-version": ""}
    assert listed(BUNDLER, "bundle install", files) == ["Gemfile", ".ruby-version", "Gemfile.lock"]


def test_the_gemfile_may_be_elsewhere():
    files = {"x/Gemfile": "", "x/Gemfile.lock": ""}
    environment = {"BUNDLE_GEMFILE": "/app/x/Gemfile"}
    assert listed(BUNDLER, "bundle install", files, environment=environment) == [
        "x/Gemfile",
        "x/Gemfile.lock",
    ]
    assert listed(BUNDLER, "bundle", ONE, folder="/app/sub") == ["Gemfile", "Gemfile.lock"]
    assert reason(BUNDLER, "bundle", ONE, environment={"BUNDLE_GEMFILE": None})


@pytest.mark.parametrize(
    ("command", "environment", "config", "writes"),
    [
        ("bundle install", {}, "", ()),
        ("bundle install --path vendor/gems", {}, "", ("/app/vendor/gems",)),
        ("bundle install --deployment", {}, "", ("/app/vendor/bundle",)),
        ("bundle install", {"BUNDLE_PATH": "/bundle"}, "", ("/bundle",)),
        ("bundle install", {}, 'BUNDLE_PATH: "x"\n', ("/app/x",)),
    ],
)
def test_where_gems_go_is_told(command, environment, config, writes):
    files = {**ONE, ".bundle/config": config}
    reads = ask(BUNDLER, command, files, environment=environment)
    assert reads.writes == writes
    assert bool(reads.caches) == bool(writes)


@pytest.mark.parametrize(
    "line",
    ['gem "x", path: "."', 'gem "x", :path => "lib/x"', "gemspec", 'eval File.read("x")', 'Dir["*"].each { }',
     'require "./x"', "gem `cat x`", 'eval_gemfile "none"', 'ruby file: ".none"', "foo do", 'plugin "x"',
     'path "engines" do', 'gem "x", File.read("v")'],
)  # fmt: skip
def test_a_gemfile_that_may_read_files_needs_the_source(line):
    assert "`Gemfile`" in reason(
        BUNDLER, "bundle install", {**ONE, "Gemfile": GEMFILE + line + "\n"}
    )


def test_a_lock_file_with_local_gems_needs_the_source():
    assert "own files" in reason(BUNDLER, "bundle", {**ONE, "Gemfile.lock": "PATH\n  remote: .\n"})
    assert "does not come" in reason(BUNDLER, "bundle", {})
    assert reason(BUNDLER, "bundle update", ONE)


def test_settings_touch_only_their_own_file():
    reads = ask(BUNDLER, "bundle config set --local path x", ONE)
    assert (reads.project, reads.writes) == (False, ("/app/.bundle",))
    reads = ask(BUNDLER, "bundle config set path x", {".bundle/config": ""})
    assert (reads.project, reads.files) == (True, ("/app/.bundle/config",))


@pytest.mark.parametrize("command", ["bundle exec rake", "bundle --version", "bundle binstubs x"])
def test_other_commands_install_nothing(command):
    assert ask(BUNDLER, command, ONE) is None
