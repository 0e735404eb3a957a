"""Mix (Elixir): `mix deps.get` and `mix deps.compile` (https://hexdocs.pm/mix/Mix.Tasks.Deps.html)."""

import posixpath

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    join,
    source_install,
    tool_install,
)
from rules.model.installs.lines import literals, without_comments, words_of
from rules.model.installs.reading import (
    NeedsSourceError,
    below,
    chosen,
    following,
    here,
    named,
    reads_files,
    required,
)
from rules.model.prose import code

_DEPENDENCIES = frozenset("deps.get deps.compile deps".split())
_TOOLS = frozenset("local.hex local.rebar archive.install hex.repo hex.organization".split())
_READS = {'File.read!("")': False, 'File.read("")': False, 'Path.join(__DIR__, "")': True}
"""Plain ways to name a file; whether its name counts from the file that names it."""
_WRITES = (
    *("File.cwd!()", "File.rm!(", "File.rm_rf!(", "File.mkdir_p!("),
    *("File.read!()", "File.read()"),  # of a path that was followed
)
_READING = frozenset(
    "File cmd shell os wildcard eval_file require_file install Git git_ops open_port".split()
)


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `mix deps.get`, `mix deps.compile`, `mix do …` of these, and `mix local.hex`."""
    tasks = _tasks(call.words)
    if not tasks:
        return None
    if all(task in _TOOLS for task in tasks):
        return tool_install()
    if not any(task in _DEPENDENCIES | _TOOLS for task in tasks):
        return None
    if not all(task in _DEPENDENCIES | _TOOLS for task in tasks):
        return source_install("`mix do` goes on to compile the source")
    if call.sets("MIX_EXS", "MIX_DEPS_PATH", "MIX_BUILD_PATH", "MIX_BUILD_ROOT"):
        return source_install("variables of Mix name files that are not followed")
    return _project(call.folder, image, compiles="deps.compile" in tasks)


def _tasks(words: tuple[str, ...]) -> list[str]:
    """The names of the tasks of a call; `do` joins several with commas or `+`.

    https://hexdocs.pm/mix/Mix.Tasks.Do.html
    """
    if words[:1] != ("do",):
        return list(words[:1])
    tasks = []
    starts = True
    for word in words[1:]:
        if word.startswith("--app"):
            return ["do"]
        if word == "+":
            starts = True
            continue
        if starts:
            tasks.append(word.rstrip(","))
        starts = word.endswith(",")
    return tasks


def _project(root: str, image: Image, *, compiles: bool) -> Reads:
    files, text = _follow_manifest(image, root)
    files += here(image, root, "mix.lock")
    for line in text.split("\n"):
        if "apps_path:" in line:
            apps = literals(line.partition("apps_path:")[2])[:1] or ["apps"]
            for app in chosen(image, join(root, apps[0]), "mix.exs", ["*"]):
                files += _follow_manifest(image, app)[0]
    # Every task but those of Hex itself reads the settings for compiling.
    for path in below(image, join(root, "config"), ".exs"):
        if posixpath.basename(path) != "runtime.exs":
            files += _follow(image, path, root)[0]
    writes = [join(root, "deps"), *([join(root, "_build")] if compiles else [])]
    return reads_files(image, files, writes)


def _follow_manifest(image: Image, folder: str) -> tuple[list[str], str]:
    """A mix.exs and what it reads, and its text.

    https://hexdocs.pm/mix/Mix.Tasks.Deps.html
    """
    path = join(folder, "mix.exs")
    files, text = _follow(image, path, folder)
    if '"deps.get":' in text or '"deps.compile":' in text:
        raise NeedsSourceError(f"{named(path)} puts something else in the place of `deps.get`")
    if "path:" in text.replace("apps_path:", "").replace("_path:", ""):
        raise NeedsSourceError(f"{named(path)} may have a package among its own files")
    return files, text


def _follow(image: Image, path: str, folder: str) -> tuple[list[str], str]:
    """A file of Elixir and what it reads, where that is a plain `File.read!("VERSION")`.

    `folder`: the working directory when it is evaluated.
    """
    text = without_comments(required(image, path), "#")
    files = [path]
    kept = []
    for line in text.split("\n"):
        bare = _without_literals(line)
        for call, base in _READS.items():
            start, reads, after = bare.partition(call)
            if reads and start.count('""') < len(literals(line)):
                name = literals(line)[start.count('""')]
                files.append(join(posixpath.dirname(path) if base else folder, name))
                bare = start + after
        for harmless in _WRITES:
            bare = bare.replace(harmless, "")
        if bare.strip().startswith("import_config") and ".." in line:
            raise NeedsSourceError(f"{named(path)} takes in other files")
        kept.append(bare)
    risky = words_of("\n".join(kept)) & _READING
    if risky:
        raise NeedsSourceError(f"{named(path)} may read other files ({code(min(risky))})")
    return files, text


def _without_literals(line: str) -> str:
    for text in literals(line):
        line = line.replace(f'"{text}"', '""', 1)
    return line


_OWN = ("local.hex", "local.rebar", "archive.install", "escript.install")
"""What installs programs of mix itself, which it keeps in no cache."""

MIX = Manager(
    name="mix",
    programs=("mix",),
    read=read,
    caches=(
        Cache(folder=".hex/packages", variables=(("HEX_HOME", "/packages"),), not_for=_OWN),
        Cache(
            folder=".cache/rebar3",
            variables=(("REBAR_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/rebar3")),
            not_for=_OWN,
        ),
    ),
    free=frozenset("--only".split()),
)
"""https://hexdocs.pm/hex/Mix.Tasks.Hex.Config.html (`cache_home`; tools lie beside `packages`)"""
