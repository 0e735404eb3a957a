"""Bundler: `bundle install` (https://bundler.io/man/bundle-install.1.html)."""

import posixpath
import re
from dataclasses import replace

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    join,
    source_install,
    split_options,
    tool_install,
)
from rules.model.installs.lines import literals, without_comments, words_of
from rules.model.installs.reading import (
    NeedsSourceError,
    below,
    following,
    here,
    named,
    nearest,
    reads_files,
    required,
)
from rules.model.prose import code

_VALUED = frozenset(
    "--path --gemfile --jobs -j --retry --without --with --binstubs --shebang --standalone "
    "--trust-policy --target-rbconfig".split()
)
_NAMES = ("Gemfile", "gems.rb")
_OPENERS = frozenset(
    "source gem group platforms platform git github gist git_source ruby if unless else elsif end "
    "install_if env".split()
)
_READING = frozenset(
    "Dir IO Pathname require require_relative load eval instance_eval File FileTest exist? exists? "
    "read open glob system exec Kernel YAML JSON gemspec path plugin __dir__ __FILE__".split()
)
_KEY = re.compile(r"\b([a-z_]+):(?!:)")
_SYMBOL = re.compile(r"(?<!:):([a-z_]+)")
_LOCKS = {"Gemfile": "Gemfile.lock", "gems.rb": "gems.locked"}


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `bundle install`, and `bundle` alone, which is the same."""
    options, arguments = split_options(call.words, _VALUED)
    said = dict(options)
    if arguments[:1] == ["config"]:
        return _config(call, image)
    if arguments[:1] in (["update"], ["add"], ["lock"]):
        return source_install("it changes the lock file of the project")
    if (arguments and arguments != ["install"]) or {"-v", "--version", "--help"} & said.keys():
        return None
    manifest = _manifest(call, image, said)
    folder = posixpath.dirname(manifest)
    files = [*call.own_program(), *_follow(image, manifest)]
    lock = join(
        folder, _LOCKS.get(posixpath.basename(manifest), posixpath.basename(manifest) + ".lock")
    )
    if image.has(lock):
        if "\nPATH\n" in "\n" + required(image, lock):
            raise NeedsSourceError(f"{named(lock)} names gems among the project's own files")
        files.append(lock)
    files += here(image, folder, ".bundle/config")
    files += below(image, join(folder, "vendor/cache"))
    writes = _writes(call, image, folder, said)
    caches = None
    if writes:
        caches = (replace(BUNDLER.cache, refused="its folder depends on the version of Ruby"),)
    return reads_files(image, files, writes, caches=caches)


def _config(call: Call, image: Image) -> Reads:
    """`bundle config` reads and writes settings of the project, or of the user.

    https://bundler.io/man/bundle-config.1.html
    """
    if "--global" in call.words:
        return tool_install()
    own = here(image, call.folder, ".bundle/config")
    return Reads(project=bool(own), files=tuple(own), writes=(call.at(".bundle"),))


def _manifest(call: Call, image: Image, said: dict[str, str]) -> str:
    told = said.get("--gemfile") or call.environment.get("BUNDLE_GEMFILE", "")
    if told is None:
        raise NeedsSourceError("the file that BUNDLE_GEMFILE names is not known")
    if told:
        return call.at(told)
    folder = nearest(image, call.folder, *_NAMES)
    if folder is None:
        raise NeedsSourceError("`Gemfile` does not come from the build context")
    return here(image, folder, *_NAMES)[0]


def _writes(call: Call, image: Image, folder: str, said: dict[str, str]) -> list[str]:
    """Where gems go when they do not go to Ruby's own folder."""
    told = [said.get("--path"), call.environment.get("BUNDLE_PATH")]
    if "--deployment" in said or call.sets("BUNDLE_DEPLOYMENT"):
        told.append("vendor/bundle")
    for path in here(image, folder, ".bundle/config"):
        for line in required(image, path).split("\n"):
            key, _, value = line.partition(":")
            if key == "BUNDLE_PATH":
                told.append(value.strip().strip("\"'"))
    return [join(folder, path) for path in told if path]


def _follow(image: Image, manifest: str) -> list[str]:
    """The Gemfile and those that it takes in; it is a program, so only plain lines are followed.

    https://bundler.io/man/gemfile.5.html
    """
    waiting, files = [manifest], []
    while waiting:
        path = waiting.pop(0)
        if path in files:
            continue
        files.append(path)
        continued = False
        for line in without_comments(required(image, path), "#").split("\n"):
            bare = line.partition(" #")[0].strip()
            if not bare:
                continue
            found = _named_by(image, path, bare)
            if found is None:
                _refuse(path, bare, continued=continued)
            elif bare.startswith("eval_gemfile"):
                waiting += found
            else:
                files += found
            continued = bare.endswith((",", "(", "[", "{", "\\"))
    return files


def _named_by(image: Image, path: str, line: str) -> list[str] | None:
    """The files that a line takes in: `eval_gemfile "x"`, `ruby file: ".ruby-version"`."""
    folder = posixpath.dirname(path)
    words = words_of(line)
    if line.startswith("eval_gemfile"):
        texts = literals(line)
    elif line.startswith("ruby ") and ("file" in words or "File.read(" in line):
        texts = [text for text in literals(line) if text not in ("", " ")][:1]
    else:
        return None
    found = [join(folder, text) for text in texts[:1]]
    if not found or not all(image.has(file) for file in found) or "`" in line:
        raise NeedsSourceError(f"{named(path)} takes in a file that is not followed")
    return found


def _refuse(path: str, line: str, *, continued: bool) -> None:
    bare = _without_literals(line)
    start = (bare.replace("(", " ").split() or [""])[0]
    start = '""' if start.startswith(('"', "'")) else start  # a text alone
    keys = {*_KEY.findall(bare), *_SYMBOL.findall(bare)}
    risky = words_of(_SYMBOL.sub("", _KEY.sub("", bare))) & _READING or keys & {"path", "gemspec"}
    if "`" in line or "%x" in line or risky:
        raise NeedsSourceError(f"{named(path)} may read other files ({code(line[:60])})")
    assigned = "=" in line and start.isidentifier()
    if (
        not continued
        and start not in _OPENERS
        and not assigned
        and start not in ("}", "]", ")", '""')
    ):
        raise NeedsSourceError(f"{named(path)} has a line that is not followed ({code(line[:60])})")


def _without_literals(line: str) -> str:
    for text in literals(line):
        line = line.replace(f"'{text}'", "''", 1).replace(f'"{text}"', '""', 1)
    return line


BUNDLER = Manager(
    name="bundler",
    programs=("bundle", "bundler"),
    read=read,
    caches=(
        Cache(
            folder="/usr/local/bundle/cache",
            variables=(("GEM_HOME", "/cache"),),
            in_images=(("ruby", "/usr/local/bundle/cache"),),
            cleaned_by=("bundle clean", "gem cleanup"),
            moved_with=("BUNDLE_PATH", "BUNDLE_DEPLOYMENT", "BUNDLE_USER_HOME"),
            offline=("--local", "--prefer-local"),
            moved_by=("bundle config", "bundle install --path", "bundle install --deployment"),
        ),
    ),
    free=frozenset("--jobs -j --retry --without --with --jobs= --retry= --without=".split()),
)
"""https://bundler.io/man/bundle-config.1.html (`path`): archives of gems are kept in a folder
`cache` beside the installed gems, which depends on Ruby's version unless GEM_HOME is set."""
