"""`docker build` and its like in shell text: scripts, Makefiles, the steps of CI files.

A literal reading: variables that are set to plain text in the same script are filled in, loops
over plain words are run, functions are called; a build whose context or file hangs on anything
else is left out.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from rules.model.dataclass import dataclass
from rules.model.invocations.build_command import read_build, resolve
from rules.model.invocations.documents import BeyondError, check_length, fill
from rules.model.invocations.invocation import TOP, Invocation
from rules.model.repository import Repository
from rules.model.shell import Block, Command, Compound, Expansion, Word, read

MAX_COMMANDS = 5_000
MAX_CALLS = 3
MAX_CHARACTERS = 128 * 1024

_PROGRAMS = ("docker", "podman", "buildah", "nerdctl", "depot", "kaniko", "az acr")
_WRAPPERS = frozenset("sudo time exec command nice eval nohup retry".split())


def mentions_build(text: str) -> bool:
    """Whether a text may hold a build at all: asked before it is read."""
    builds = "build" in text or "bud" in text or "executor" in text
    return builds and any(program in text for program in _PROGRAMS)


@dataclass(slots=True)
class _State:
    """What the shell knows: its working directory and its variables."""

    folder: str | None
    variables: dict[str, str | None]
    functions: dict[str, Block] = field(default_factory=dict)

    def copy(self) -> "_State":
        return _State(self.folder, dict(self.variables), dict(self.functions))


@dataclass
class _Shell:
    repository: Repository
    source: str
    home: str
    left: int = MAX_COMMANDS
    depth: int = 0

    def run(self, block: Block, state: _State) -> Iterator[Invocation]:
        for item in block:
            for command in item.pipeline:
                self.left -= 1
                if self.left < 0:
                    raise BeyondError
                if isinstance(command, Compound):
                    yield from self._compound(command, state)
                else:
                    yield from self._command(command, state)

    def _compound(self, compound: Compound, state: _State) -> Iterator[Invocation]:
        if compound.kind == "function":
            state.functions[compound.name] = compound.blocks[0]
            return
        if compound.kind == "{":
            yield from self.run(compound.blocks[0], state)
            return
        branches = []
        if compound.kind == "for":
            for word in compound.words[:50]:
                branch = state.copy()
                branch.variables[compound.name] = self.value(word, state)
                for block in compound.blocks:
                    yield from self.run(block, branch)
                branches.append(branch)
        else:
            for block in compound.blocks:
                branch = state.copy()
                yield from self.run(block, branch)
                branches.append(branch)
        if compound.kind == "(":
            return
        for branch in branches:
            for name, value in branch.variables.items():
                if state.variables.get(name) != value:
                    state.variables[name] = None

    def _command(self, command: Command, state: _State) -> Iterator[Invocation]:
        given = {a.name: self.value(a.value, state) for a in command.assignments}
        if not command.argv:
            state.variables.update(given)
            return
        words = _unwrap([self.value(word, state) for word in command.argv], given)
        if not words or words[0] is None:
            return
        name = posixpath.basename(words[0])
        if name in ("export", "local", "readonly", "declare", "typeset"):
            for word in words[1:]:
                if word and "=" in word:
                    key, _, value = word.partition("=")
                    state.variables[key] = value
        elif name in ("cd", "pushd", "popd"):
            target = next((w for w in words[1:] if w is None or not w.startswith("-")), None)
            state.folder = self._enter(state.folder, target)
        elif words[0] in state.functions:
            yield from self._call(words, state)
        elif name in ("bash", "sh") and "-c" in words[:-1]:
            text = words[words.index("-c") + 1]
            if text:
                yield from self.run(read(text).items, state.copy())
        elif state.folder is not None:
            found = read_build(words, legacy=_off(given, state))
            if found is not None:
                yield from resolve(self.repository, self.source, state.folder, found)

    def _call(self, words: list[str | None], state: _State) -> Iterator[Invocation]:
        """Run a function of the script with its arguments."""
        if self.depth >= MAX_CALLS:
            return
        inner = state.copy()
        inner.variables.update({str(place): word for place, word in enumerate(words[1:], 1)})
        self.depth += 1
        yield from self.run(state.functions[words[0] or ""], inner)
        self.depth -= 1

    def _enter(self, folder: str | None, target: str | None) -> str | None:
        if folder is None or target is None:
            return None
        return posixpath.normpath(posixpath.join(folder, target))

    def value(self, word: Word, state: _State) -> str | None:
        """What a word comes to; None when it is not plain."""
        if "$(" in word.raw or "`" in word.raw:
            return self._substituted(word.raw, state)
        if not word.parts:
            return word.value
        found = [p if isinstance(p, str) else self._variable(p, state) for p in word.parts]
        return None if None in found else "".join(piece or "" for piece in found)

    def _variable(self, part: Expansion, state: _State) -> str | None:
        if part.name is None and ":-" in part.raw:
            return fill(part.raw, state.variables.get)
        name = part.name or part.raw.strip("${}")
        value = state.variables.get(name)
        if value is None and name == "PWD":
            return state.folder
        if value is None and name in _ROOTS:
            return TOP
        return None if value is None or (" " in value and not part.quoted) else value

    def _substituted(self, raw: str, state: _State) -> str | None:
        """`$(dirname "$0")/..`, `$(git rev-parse --show-toplevel)`, `$(pwd)` and the like."""
        found = _OWN_FOLDER.search(raw)
        last = raw.rfind(")")
        if found is not None:
            inner = "" if last < found.start(1) else found[1]
            base = posixpath.join(TOP, self.home, inner.lstrip("/"))
        elif "git rev-parse --show-toplevel" in raw:
            base = TOP
        elif "$(pwd)" in raw and state.folder is not None:
            base = state.folder
        else:
            return None
        rest = re.sub(r'["\s]', "", raw[last + 1 :])
        if "$" in rest or "`" in rest:
            return None
        return posixpath.normpath(base + "/" + rest.lstrip("/"))


_OWN_FOLDER = re.compile(
    r'dirname\s{1,9}(?:--\s{1,9})?"?(?:\$0|\$\{0\}|\$\{?BASH_SOURCE(?:\[0\])?\}?'
    r'|\$\(\s{0,9}(?:readlink|realpath)[^()]{0,80}\))"?\s{0,9}\)"?((?:/\.\.){0,9})'
)
_ROOTS = frozenset(
    """GITHUB_WORKSPACE CI_PROJECT_DIR WORKSPACE BUILD_SOURCESDIRECTORY CODEBUILD_SRC_DIR
    CIRCLE_WORKING_DIRECTORY TRAVIS_BUILD_DIR BITBUCKET_CLONE_DIR""".split()
)


def _unwrap(words: list[str | None], given: dict[str, str | None]) -> list[str | None]:
    """The words without `sudo`, `env A=b` and the like; `given` takes what env sets."""
    while words and (words[0] in _WRAPPERS or words[0] == "env"):
        words = words[1:]
        while words and words[0] and "=" in words[0]:
            name, _, value = words[0].partition("=")
            given[name] = value
            words = words[1:]
    return words


def _off(given: Mapping[str, str | None], state: _State) -> bool:
    """Whether BuildKit is switched off."""
    said = given.get("DOCKER_BUILDKIT", state.variables.get("DOCKER_BUILDKIT"))
    return said in ("0", "false")


def read_script(
    repository: Repository,
    source: str,
    text: str,
    folders: Iterable[str],
    variables: Mapping[str, str | None] | None = None,
) -> list[Invocation]:
    """The builds of a shell text, run in the first of `folders` in which a build makes sense.

    `DOCKER_BUILDKIT` among the variables switches BuildKit off, as it does in the text. Raises
    BeyondError.
    """
    if not mentions_build(text):
        return []
    check_length(text, MAX_CHARACTERS)
    script = read(text)
    for folder in folders:
        shell = _Shell(repository, source, source.rpartition("/")[0])
        state = _State(posixpath.normpath(posixpath.join(TOP, folder)), dict(variables or {}))
        found = [i for i in shell.run(script.items, state) if repository.has(i.dockerfile)]
        if found:
            return found
    return []


_RECIPE_VARIABLE = re.compile(
    r"\$(?:\$|\(([\w.-]{1,80})\)|\{([\w.-]{1,80})\}|\([^()]{0,400}\)|[@<*^%?+])"
)
_MAKE_ASSIGNMENT = re.compile(
    r"(?:export[ \t]{1,9})?([\w.-]{1,80})[ \t]{0,40}(?::{0,3}|\?)=[ \t]{0,40}([^\n]*)"
)


def read_makefile(repository: Repository, source: str, text: str) -> list[Invocation]:
    """The builds in the recipes of a Makefile; each line is a shell of its own."""
    if not mentions_build(text):
        return []
    check_length(text, MAX_CHARACTERS)
    lines = text.replace("\\\r\n", "\\\n").replace("\\\n", " ").split("\n")
    variables: dict[str, str] = {}
    for line in lines:
        found = _MAKE_ASSIGNMENT.match(line)
        if found is not None and "$" not in found[2]:
            variables.setdefault(found[1], found[2].split("#")[0].strip())

    def replace_variable(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return variables.get(found[1] or found[2] or "", "${MAKE_UNKNOWN}")

    folder = source.rpartition("/")[0]
    builds: list[Invocation] = []
    for line in lines:
        if line.startswith("\t"):
            recipe = _RECIPE_VARIABLE.sub(replace_variable, line.lstrip("\t @-+"))
            builds += read_script(repository, source, recipe, (folder, ""), variables)
    return builds
