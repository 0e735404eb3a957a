"""What a script of package.json reads, where it only calls tools whose reading is known.

https://docs.npmjs.com/cli/v11/using-npm/scripts
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from rules.model.dataclass import dataclass
from rules.model.installs.install import Image, join, split_options
from rules.model.installs.reading import NeedsSourceError, below, here, mapping, required, table
from rules.model.script import Command
from rules.model.shell import read
from rules.model.wrappers import unwrap

_DEPTH = 5
_RUNNERS = frozenset("npm pnpm yarn bun".split())
_BIN = "node_modules/.bin/"


@dataclass
class Script:
    """Follows scripts of one manifest; raises NeedsSourceError at what is not known."""

    image: Image
    folder: str
    manifest: Mapping[str, Any]
    files: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def follow(self, name: str, depth: int = 0) -> None:
        """Follow a script by its name."""
        text = mapping(self.manifest.get("scripts")).get(name)
        if name in self.seen:
            return
        self.seen.add(name)
        if not isinstance(text, str) or depth > _DEPTH:
            raise NeedsSourceError(name)
        script = read(text)
        if script.opaque is not None:
            raise NeedsSourceError(name)
        for item in script.items:
            (node, *more) = item.pipeline
            if more or not isinstance(node, Command) or node.assignments or node.substitutions:
                raise NeedsSourceError(name)
            if any(r.target.value not in ("/dev/null", "1", "2") for r in node.redirects):
                raise NeedsSourceError(name)
            self._command(node, name, depth)

    def _command(self, node: Command, name: str, depth: int) -> None:
        words = unwrap(node).argv
        values = [word.value for word in words]
        program = values[0].removeprefix("./").removeprefix(_BIN) if values else ""
        if program in ("[", "test") and values[1:2] in (["-n"], ["-z"]):
            return
        if not all(word.literal for word in words):
            raise NeedsSourceError(name)
        if program in _HARMLESS:
            return
        if program in _RUNNERS or program in ("npm-run-all", "run-s", "run-p"):
            self._run(program, values[1:], depth)
            return
        known = _KNOWN.get(program)
        if known is None:
            raise NeedsSourceError(name)
        known(self, values[1:])

    def _run(self, program: str, words: Sequence[str], depth: int) -> None:
        """`npm run x`, `yarn x`, `run-s x y`: other scripts, with what stands around them."""
        named = [word for word in words if not word.startswith("-")]
        if program in _RUNNERS:
            if named[:1] in (["run"], ["run-script"]):
                named = named[1:]
            elif program == "npm":
                raise NeedsSourceError(program)
            named = named[:1]
        if not named or words[-1] == "--":
            raise NeedsSourceError(program)
        scripts = mapping(self.manifest.get("scripts"))
        for name in named:
            self.follow(name, depth + 1)
            for around in (f"pre{name}", f"post{name}"):
                if around in scripts:
                    self.follow(around, depth + 1)


def _husky(_script: Script, words: list[str]) -> None:
    """Husky sets up git's hooks, and does nothing where there is no `.git`.

    https://typicode.github.io/husky/how-to.html#ci-server-and-docker
    """
    if words[:1] not in ([], ["install"]):
        raise NeedsSourceError("husky")


def _patch_package(script: Script, words: list[str]) -> None:
    """Apply what lies in `patches/` (https://github.com/ds300/patch-package#options)."""
    options, arguments = split_options(words, frozenset(["--patch-dir", "--exclude", "--include"]))
    if arguments:
        raise NeedsSourceError("patch-package")
    folder = next((value for name, value in options if name == "--patch-dir"), "patches")
    script.files += below(script.image, join(script.folder, folder))


def _prisma(script: Script, words: list[str]) -> None:
    """`prisma generate` reads one schema and writes a client.

    https://www.prisma.io/docs/orm/reference/prisma-cli-reference#generate
    """
    image, folder = script.image, script.folder
    options, arguments = split_options(words, frozenset(["--schema", "--generator"]))
    configured = [f"prisma.config.{end}" for end in "ts mts cts js mjs cjs".split()]
    if arguments != ["generate"] or here(image, folder, *configured):
        raise NeedsSourceError("prisma")
    said = next((value for name, value in options if name == "--schema"), None)
    said = said or table(dict(script.manifest), "prisma").get("schema")
    places = [said] if isinstance(said, str) else ["prisma/schema.prisma", "schema.prisma"]
    schema = next(iter(here(image, folder, *places)), None)
    if schema is None:
        raise NeedsSourceError("prisma")
    block = ""
    for line in required(image, schema).split("\n"):
        key, equals, value = (part.strip() for part in line.partition("="))
        if line.rstrip().endswith("{"):
            block = line.split()[0]
        elif block != "generator" or not equals:
            continue
        elif key == "provider" and value not in ('"prisma-client-js"', '"prisma-client"'):
            raise NeedsSourceError("prisma")
        elif key == "output":
            script.writes.append(join(schema.rpartition("/")[0] or "/", value.strip('"')))
    script.files += [schema, *here(image, folder, ".env", "prisma/.env")]


_HARMLESS = frozenset(
    "true : echo exit is-ci only-allow opencollective opencollective-postinstall".split()
)
_KNOWN: dict[str, Callable[[Script, list[str]], None]] = {
    "husky": _husky,
    "patch-package": _patch_package,
    "prisma": _prisma,
}
