"""rebar3 (Erlang): `rebar3 get-deps` (https://rebar3.org/docs/configuration/dependencies/)."""

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    join,
    source_install,
)
from rules.model.installs.lines import without_comments
from rules.model.installs.reading import (
    NeedsSourceError,
    below,
    following,
    here,
    reads_files,
    required,
    split_off,
)

_COMPILES = "the build compiles the source when it has downloaded what it needs"
_BY_HAND = "`rebar3 get-deps` with `rebar.config` alone, or a cache mount, keeps what it downloads."
_COMPILING = frozenset("compile release tar escriptize ct eunit do dialyzer".split())


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `rebar3 get-deps`; what compiles needs the source."""
    words = list(call.words)
    if words[:1] == ["as"]:
        words = words[2:]
    tasks = [word for word in words if not word.startswith("-")]
    if tasks[:1] == ["compile"] and {"-d", "--deps_only"} & set(words):
        tasks = ["get-deps"]
    if tasks[:1] and tasks[0] in _COMPILING:
        return source_install(_COMPILES, split_off(read, call, image, "get-deps"), _BY_HAND)
    if tasks != ["get-deps"]:
        return None
    manifest = join(call.folder, "rebar.config")
    text = without_comments(required(image, manifest), "%")
    for word in ("hooks", "project_app_dirs", "_checkouts", "file,"):
        if word in text:
            raise NeedsSourceError("`rebar.config` may read other files")
    if here(image, call.folder, "rebar.config.script") or below(image, call.at("_checkouts")):
        raise NeedsSourceError("`rebar.config.script` or `_checkouts` may read other files")
    if below(image, call.at("apps")) or below(image, call.at("lib")):
        raise NeedsSourceError("it looks for applications in the project")
    files = [manifest, *here(image, call.folder, "rebar.lock"), *call.own_program()]
    return reads_files(image, files, (call.at("_build"),))


REBAR3 = Manager(
    name="rebar3",
    programs=("rebar3",),
    read=read,
    caches=(
        Cache(
            folder=".cache/rebar3",
            variables=(("REBAR_CACHE_DIR", ""), ("XDG_CACHE_HOME", "/rebar3")),
        ),
    ),
)
"""https://rebar3.org/docs/configuration/configuration/ (`REBAR_CACHE_DIR`)"""
