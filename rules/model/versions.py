"""Whether a build reads `.git`: then it must stay in the build context."""

from rules.model.cache import Build, Layer, once, once_of_tree
from rules.model.gitless import lacks_git
from rules.model.lineage import seen_by
from rules.model.processes import Process
from rules.model.program import asked, brought, flattened, places_of_git, why_program_reads_git
from rules.model.prose import code
from rules.model.settings import mentions, neighbours_copy, settings, stands_in
from rules.model.sources import ROOT

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
_NODE = frozenset("npm yarn pnpm bun".split())
_INSTALLS = frozenset("install i ci add".split())
_HOOKS = tuple("husky lefthook simple-git-hooks yorkie".split())
_RUNNERS = frozenset("make gmake just task mage bazel ninja cmake sh bash goreleaser".split())
_STAMPING = ("go build", "go install", "go run", "dotnet build", "dotnet publish", "dotnet pack")
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
    return _hooks(build) or _settings(build) or why_program_reads_git(build)


def _run(build: Build, layer: Layer) -> str | None:
    line = layer.instruction.span.start
    for process in layer.processes:
        first = next((arg for arg in process.args if arg is not None), "")
        if process.name == "git" and first not in _HARMLESS:
            return f"line {line} runs {code(f'git {first}')}"
        stamps = first in _STAMPS.get(process.name or "", ())
        if stamps and "-buildvcs=false" not in process.args and _finds_git(build, layer, process):
            return f"{code(f'{process.name} {first}')} writes the commit into what it builds"
        if process.name not in ("rm", None) and any(
            arg is not None and mentions(arg, ".git") for arg in process.args
        ):
            return f"line {line} mentions {code('.git')}"
    opaque = layer.script is None or layer.script.opaque is not None
    if opaque and mentions(layer.instruction.value, "git"):
        return f"line {line} mentions {code('git')} and cannot be read"
    return None


def _finds_git(build: Build, layer: Layer, process: Process) -> bool:
    """Whether what stamps the commit learns it: Go asks the program, .NET reads `.git` itself."""
    return process.name != "go" or not lacks_git(build, layer)


def _hooks(build: Build) -> str | None:
    """What installs hooks of git when packages are installed behind the copy: some fail without."""
    for layer in build.layers:
        if not any(map(_runs_lifecycle, layer.processes)) or not _finds_source(build, layer):
            continue
        for path, text in (settings(build) or {}).items():
            tool = next((name for name in _HOOKS if mentions(text, name)), None)
            if path.endswith("package.json") and tool is not None:
                return f"{code(path)} mentions {code(tool)}, which looks for it"
    return None


def _runs_lifecycle(process: Process) -> bool:
    installs = process.name == "yarn" or not _INSTALLS.isdisjoint(process.args)
    return process.name in _NODE and installs


def _finds_source(build: Build, layer: Layer) -> bool:
    """Whether a step finds the whole context copied, `.git` with it, from another stage even."""
    held = places_of_git(build)
    copies = (each.copy for each in seen_by(build, layer) if each.copy is not None)
    return any(
        copy.local and ROOT in copy.named
        if copy.stage is None
        else bool(brought(copy, held[copy.stage]))
        for copy in copies
    )


def _settings(build: Build) -> str | None:
    texts = settings(build)
    if texts is None:
        return "the files that steer the build are too many to be read"
    may_ask = _may_run_git(build)
    for path, text in texts.items():
        asking, tool, stamp = _signs(build, text)
        word = (asking if may_ask else None) or tool
        if word is not None:
            return f"{code(path)} mentions {code(word)}"
        if stamp and _starts_others(build):
            return f"{code(path)} mentions {code(stamp)}, which writes the commit"
    return None


@once_of_tree
def _signs(_: Build, text: str) -> tuple[str | None, str | None, str | None]:
    """What in a text asks git, which tool that reads `.git` it names, and what writes a commit."""
    flat = flattened(text)
    lower = flat.lower()
    tool = next((name for name in _TOOLS if name in lower), None)
    tool = tool or next((name for name in _SHORT if stands_in(lower, name)), None)
    stamp = next((words for words in _STAMPING if words in flat), None)
    return asked(flat), tool, None if "-buildvcs=false" in flat else stamp


def _may_run_git(build: Build) -> bool:
    """Whether a stage that sees `.git` may have the program that reads it."""
    held = places_of_git(build)
    seeing = {stage for stage, places in held.items() if places}
    seeing |= {layer.stage for layer in build.layers if ROOT in layer.local_sources}
    last = {layer.stage: layer for layer in build.layers}
    return not all(lacks_git(build, last[stage]) for stage in seeing)


def _starts_others(build: Build) -> bool:
    """Whether a RUN starts what may start more, such as `make`, where `git` may be."""
    for layer in build.layers:
        if layer.instruction.keyword == "RUN" and not lacks_git(build, layer):
            opaque = layer.script is None or layer.script.opaque is not None
            if opaque or any(_is_other(process.name) for process in layer.processes):
                return True
    return False


def _is_other(name: str | None) -> bool:
    return name is None or name in _RUNNERS or name.endswith(".sh")
