"""What a Dockerfile needs from outside, so that it can be faked.

Read with an independent port of BuildKit's parser (e2b-dockerfile-utils), not with the project's own
model: a fault of the model must not hide itself here.
"""

import hashlib
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from e2b_dockerfile_utils import (
    DockerfileInstruction,
    DockerfileSyntaxError,
    ShellLex,
    parse_dockerfile_ast,
    parse_words,
)

PLATFORM = {
    "BUILDPLATFORM": "linux/amd64",
    "TARGETPLATFORM": "linux/amd64",
    "BUILDOS": "linux",
    "TARGETOS": "linux",
    "BUILDARCH": "amd64",
    "TARGETARCH": "amd64",
    "BUILDVARIANT": "",
    "TARGETVARIANT": "",
    "TARGETSTAGE": "default",
}
NO_STEP = frozenset(
    "ARG ENV LABEL EXPOSE CMD ENTRYPOINT USER SHELL VOLUME HEALTHCHECK STOPSIGNAL MAINTAINER ONBUILD".split()
)
"""Instructions that never make a step."""
FILE_NAME = re.compile(r"[^.]\.[A-Za-z0-9]+$")
INSTALL = re.compile(r"\b(npm|yarn|pnpm|bun|pip3?|poetry|uv|pdm|pipenv|bundle|composer)\b")
INSTALLED = re.compile(
    r"\b(?:pip3?|pipx|npm|yarn|corepack|apt-get|apt|apk|dnf|gem|curl|wget)\b[^\n;&|]*?"
    r"[ /](poetry|pipenv|uv|pdm|pnpm|bun|yarn|composer|bundler|nodejs|npm|golang|cargo|rustup|maven|gradle)\b"
)
PROVIDES = {
    "bundler": "bundle",
    "nodejs": "node",
    "golang": "go",
    "rustup": "cargo",
    "maven": "mvn",
}
BUILD = re.compile(
    r"\b(build|compile|make|package|publish|assemble|bootJar|install|export|generate)\b"
)


@dataclass(slots=True)
class Stage:
    """A stage as far as the fakes need it."""

    name: str
    image: str
    parent: int | None
    steps: list[DockerfileInstruction] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """The base images with the paths that are taken from them, and the outputs of RUNs that are copied on."""

    instructions: list[DockerfileInstruction]
    stages: list[Stage] = field(default_factory=list)
    images: dict[str, set[str]] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    outputs: set[tuple[str, str]] = field(default_factory=set)
    """(key of a RUN, path it has to leave behind); a path that ends in "/" is a folder."""
    installed: set[str] = field(default_factory=set)
    """Tools that a RUN installs: before it they are not there."""


def read(text: str, build_args: Mapping[str, str]) -> Plan:
    """Plan the fakes for a Dockerfile; raises ValueError where BuildKit would refuse it."""
    try:
        ast = parse_dockerfile_ast(text)
    except DockerfileSyntaxError as error:
        raise ValueError(str(error)) from error
    plan = Plan(ast.instructions)
    reader = _Reader(plan, ast.escape_token, build_args)
    for instruction in ast.instructions:
        reader.take(instruction)
    for index, stage in enumerate(plan.stages):
        for step in stage.steps:
            reader.follow_sources(index, step)
    return plan


def joined(plans: Sequence[Plan]) -> Plan:
    """What serves all of several plans; instructions and stages are those of the last."""
    made = Plan(plans[-1].instructions, plans[-1].stages)
    for plan in plans:
        for image, paths in plan.images.items():
            made.images.setdefault(image, set()).update(paths)
        made.accounts |= plan.accounts
        made.secrets |= plan.secrets
        made.outputs |= plan.outputs
        made.installed |= plan.installed
    return made


class _Reader:
    def __init__(self, plan: Plan, escape: str, build_args: Mapping[str, str]) -> None:
        self.plan, self.escape, self.build_args = plan, escape, build_args
        self.outer = dict(PLATFORM)

    def expand(self, word: str, variables: Mapping[str, str]) -> str:
        try:
            return ShellLex(self.escape, env=variables, skip_unset_env=False).process_word(word)
        except ValueError:
            return word

    def take(self, it: DockerfileInstruction) -> None:
        if it.name == "FROM" and it.args:
            self._open_stage(it)
        elif self.plan.stages:
            self._take_in_stage(it, self.plan.stages[-1])
        elif it.name == "ARG":
            self._declare(it, self.outer, {})

    def _take_in_stage(self, it: DockerfileInstruction, stage: Stage) -> None:
        scope = {**PLATFORM, **stage.variables}
        if it.name == "ARG":
            self._declare(it, stage.variables, self.outer)
        elif it.name == "ENV":
            for key, value in zip(it.args[::3], it.args[1::3], strict=False):
                stage.variables[key] = self.expand(value, scope)
        elif it.name == "USER" and it.args:
            self._add_account(self.expand(it.args[0], scope))
        elif it.name == "RUN":
            named = INSTALLED.findall(script(it))
            self.plan.installed.update(PROVIDES.get(tool, tool) for tool in named)
        if it.name not in NO_STEP:
            stage.steps.append(it)
        for owner in flags(it, "chown"):
            self._add_account(self.expand(owner, scope))
        for mount in map(_options, flags(it, "mount")):
            if mount.get("type") == "secret":
                target = mount.get("target") or mount.get("dst") or mount.get("destination") or ""
                self.plan.secrets.add(mount.get("id") or posixpath.basename(target))

    def _open_stage(self, it: DockerfileInstruction) -> None:
        plan = self.plan
        image = self.expand(it.args[0], self.outer)
        name = it.args[2] if len(it.args) > 2 else ""
        parent = next(
            (n for n, s in enumerate(plan.stages) if s.name and s.name.lower() == image.lower()),
            None,
        )
        inherited = dict(plan.stages[parent].variables) if parent is not None else {}
        plan.stages.append(Stage(name, image, parent, variables=inherited))
        if parent is None and image != "scratch":
            plan.images.setdefault(image, set())

    def _declare(
        self, it: DockerfileInstruction, into: dict[str, str], outer: Mapping[str, str]
    ) -> None:
        for word in it.args:
            key, has_default, default = word.partition("=")
            if key in self.build_args:
                into[key] = self.build_args[key]
            elif has_default:
                into[key] = self.expand(default, {**PLATFORM, **into})
            elif key in outer or key in PLATFORM:
                into[key] = outer.get(key, PLATFORM.get(key, ""))

    def _add_account(self, owner: str) -> None:
        self.plan.accounts.update(
            part for part in owner.split(":") if re.fullmatch(r"[A-Za-z_][\w.-]*", part)
        )

    def follow_sources(self, index: int, it: DockerfileInstruction) -> None:
        """Note what a COPY --from or a mount takes from a stage or an image."""
        scope = {**PLATFORM, **self.outer, **self.plan.stages[index].variables}
        for origin in flags(it, "from"):
            self._need(
                index, self.expand(origin, scope), [self.expand(s, scope) for s in sources(it)]
            )
        for mount in map(_options, flags(it, "mount")):
            if mount.get("from"):
                path = mount.get("source") or mount.get("src") or "/"
                self._need(index, self.expand(mount["from"], scope), [self.expand(path, scope)])

    def _need(self, index: int, origin: str, paths: list[str]) -> None:
        stages = self.plan.stages
        producer = next(
            (
                n
                for n, s in enumerate(stages[:index])
                if s.name and s.name.lower() == origin.lower()
            ),
            None,
        )
        if producer is None and origin.isdigit() and int(origin) < index:
            producer = int(origin)
        for path in map(concrete, paths):
            if path in ("/", "/./"):
                continue
            if producer is not None:
                self._need_from_stage(producer, path)
            elif origin != "scratch" and not origin.isdigit():
                self.plan.images.setdefault(origin, set()).add(path)

    def _need_from_stage(self, producer: int, path: str) -> None:
        chain: list[int] = []
        at: int | None = producer
        while at is not None:
            chain.insert(0, at)
            at = self.plan.stages[at].parent
        steps = [step for n in chain for step in self.plan.stages[n].steps]
        runs = [step for step in steps if step.name == "RUN"]
        if runs:
            self.plan.outputs.add((run_key(_likely(runs, path)), path))
        elif not any(step.name in ("COPY", "ADD") for step in steps):
            image = self.plan.stages[chain[0]].image
            if image != "scratch":
                self.plan.images[image].add(path)


def _likely(runs: list[DockerfileInstruction], path: str) -> DockerfileInstruction:
    """The RUN that makes a path: the last to name it, else to install or build, else the last."""
    base = posixpath.basename(path.rstrip("/"))
    installed = re.search(r"node_modules|site-packages|venv|\.local|wheels|vendor", path)
    tests: tuple[Callable[[str], object], ...] = (
        lambda body: path.rstrip("/") in body or (len(base) > 3 and base in body),
        lambda body: installed and INSTALL.search(body),
        BUILD.search,
    )
    for test in tests:
        found = [run for run in runs if test(script(run))]
        if found:
            return found[-1]
    return runs[-1]


def flags(it: DockerfileInstruction, name: str) -> list[str]:
    """The values of an instruction's flags of one name."""
    return [f.partition("=")[2] for f in it.flags if f.startswith(f"--{name}=")]


def sources(it: DockerfileInstruction) -> list[str]:
    """What a COPY or ADD copies, as written, heredocs left out."""
    return [word for word in it.args[:-1] if not word.startswith("<<")]


def _options(mount: str) -> dict[str, str]:
    return {part.partition("=")[0].lower(): part.partition("=")[2] for part in mount.split(",")}


def concrete(path: str) -> str:
    """One path that a source pattern matches; ends in "/" when it looks like a folder.

    What has no ending does, but for what lies in a `bin` and the programs of uv, which its image has
    at the root.
    """
    clean = posixpath.normpath("/" + re.sub(r"\[[^]]*\]|[*?]+", "faked", path))
    base = posixpath.basename(clean)
    is_program = posixpath.basename(posixpath.dirname(clean)) in ("bin", "sbin")
    is_program |= clean in ("/uv", "/uvx")
    is_file = not path.endswith("/") and (is_program or FILE_NAME.search(base))
    return clean.replace("//", "/") + ("" if is_file else "/")


def script(run: DockerfileInstruction) -> str:
    """The text that a RUN hands to the shell."""
    if run.json:
        return " ".join(run.args)
    text = run.args[0] if run.args else ""
    if run.heredocs and parse_words(text, "\\") == [
        text.strip()
    ]:  # `RUN <<EOF` alone: the body is the script
        return run.heredocs[0].content
    return text + "".join("\n" + h.content + h.name for h in run.heredocs)


def run_key(run: DockerfileInstruction) -> str:
    """Names a RUN by its script, blanks left out, as the fake shell computes it from what it is handed."""
    return hashlib.md5(re.sub(r"\s+", "", script(run)).encode(errors="surrogateescape")).hexdigest()
