"""Whether a build reads `.git`: then it must stay in the build context."""

from rules.model.cache import Build, Layer, once
from rules.model.installs.find import processes_of
from rules.model.prose import code
from rules.model.settings import mentions, neighbours_copy, settings

_BETWEEN = str.maketrans(dict.fromkeys("\"'`,[](){}", " "))
_ASKS = tuple(
    f"git {verb}"
    for verb in (
        "describe rev-parse rev-list log show status branch tag diff ls-files symbolic-ref "
        "name-rev shortlog blame submodule archive grep -C --git-dir -c --no-pager"
    ).split()
)
_TOOLS = tuple(
    """
    setuptools_scm setuptools-scm hatch-vcs hatch_vcs versioneer versioningit dunamai vcs-versioning
    dynamic-versioning setuptools-git git-commit-id buildnumber-maven jgitver gitversion minver nbgv
    git-version git_version axion-release nebula.release shadow-rs shadow_rs sbt-dynver sbt-git
    simple-git git-rev isomorphic-git nodegit git-describe git-last-commit git-repo-info gitinfo
    lastupdated showlastupdate enablegitinfo gitpython pygit2 libgit2 .git/
    """.split()
)
_SHORT = tuple("pbr grgit reckon vergen git2 gix rugged jgit go-git".split())
"""Those that other words may hold too."""
_HARMLESS = frozenset("clone config init lfs ls-remote --version version".split())
_STAMPS = {"go": ("build", "install", "run"), "dotnet": ("build", "publish", "pack", "run", "test")}
"""Programs that write the commit into what they build (`-buildvcs`, Source Link)."""


@once
def why_git_is_read(build: Build) -> str | None:
    """What in the build reads `.git`, or may, in words; None when nothing does."""
    for layer in build.layers:
        if any(source == ".git" or source.startswith(".git/") for source in layer.local_sources):
            return f"line {layer.instruction.span.start} names {code('.git')}"
        if layer.instruction.keyword == "RUN" and (reason := _run(build, layer)):
            return reason
        if layer.instruction.keyword in ("CMD", "ENTRYPOINT") and mentions(
            layer.instruction.value, "git"
        ):
            return f"{layer.instruction.keyword} mentions {code('git')}"
    if any(neighbours_copy(build, name) for name in ("git", *_STAMPS)):
        return "another Dockerfile of this context may read it"
    return _settings(build)


def _run(build: Build, layer: Layer) -> str | None:
    line = layer.instruction.span.start
    for process in processes_of(build, layer):
        first = next((arg for arg in process.args if arg is not None), "")
        if process.name == "git" and first not in _HARMLESS:
            return f"line {line} runs {code(f'git {first}')}"
        stamps = first in _STAMPS.get(process.name or "", ())
        if stamps and "-buildvcs=false" not in process.args:
            return f"{code(f'{process.name} {first}')} writes the commit into what it builds"
        if process.name not in ("rm", None) and any(
            arg is not None and mentions(arg, ".git") for arg in process.args
        ):
            return f"line {line} mentions {code('.git')}"
    opaque = layer.script is None or layer.script.opaque is not None
    if opaque and mentions(layer.instruction.value, "git"):
        return f"line {line} mentions {code('git')} and cannot be read"
    return None


def _settings(build: Build) -> str | None:
    texts = settings(build)
    if texts is None:
        return "the files that steer the build are too many to be read"
    for path, text in texts.items():
        flat = " ".join(text.translate(_BETWEEN).split())
        lower = flat.lower()
        asked = next((words for words in _ASKS if words in flat), None)
        tool = next((name for name in _TOOLS if name in lower), None)
        tool = tool or next((name for name in _SHORT if mentions(lower, name)), None)
        if asked or tool:
            return f"{code(path)} mentions {code(asked or tool or '')}"
    return None
