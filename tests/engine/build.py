"""Builds on the real engine: what a change re-runs, and the file tree that a build leaves.

    engine = use()
    with engine.alone():
        for step in rebuild(engine, Case(tree, text=dockerfile), {"op": "modify", "path": "src/a.py"}).steps:
            print(step.line, step.keyword, step.status)
        same = build(engine, case, export=True).tree == build(engine, fixed, export=True).tree

Base images are faked (images.py) in one of two sorts. `shims="easy"` never fails and answers questions
about the cache; `shims="faithful"` fails where the real tools would miss a file, and writes outputs
where they do. `shims="real"` is no fake: Debian with the package managers themselves (real.py).
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.engine import plan as planning
from tests.engine import real
from tests.engine.engine import Engine
from tests.engine.images import Image, load
from tests.engine.serve import git_server, url_address, url_server
from tests.engine.tree import OPERATIONS, Change, Tree, copy_folder, operations, write_tree


@dataclass(frozen=True, slots=True)
class Case:
    """A build: the context, the Dockerfile and what is given beside them."""

    context: Tree | Path
    dockerfile: str = "Dockerfile"
    """Its path in the context."""
    text: str | None = None
    """Put in its place, if given."""
    target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    urls: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    """What ADD https://HOST/PATH is answered: "/HOST/PATH" to (text, headers)."""
    flags: tuple[str, ...] = ()
    network: str = "none"
    platform: str = ""
    kind: str = "local"
    """"git": the context is a commit that the engine fetches from a git server on loopback."""
    message: str = "first"
    """Of that commit: another message makes another commit of the same files."""
    shims: str = "easy"
    outputs: str = "hash"
    """What a RUN leaves for a later COPY --from: "hash" of all its inputs, "const", "random"."""
    imported: str = ""
    """"min" or "max": rebuild on an empty engine that imports what the first build exported so."""


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction and what became of it.

    `status`: "cached", "run", "unevaluated" (its result was not needed), "base" (FROM), "meta" (makes
    no step), "skipped" (the stage was not built, or a WORKDIR that changes nothing).
    """

    line: int
    end_line: int
    stage: int
    keyword: str
    status: str
    merge: str = ""
    """Of COPY --link: what became of putting its layer on the one before."""
    triggers: tuple[tuple[str, str], ...] = ()
    """Of FROM: the base's ONBUILD steps by name, and their statuses."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a file tree."""

    kind: str
    mode: int
    uid: int
    gid: int
    sha: str
    link: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a build went; without steps when it failed."""

    steps: tuple[Step, ...]
    seconds: float
    log: str
    error: str | None = None
    tree: Mapping[str, Entry] | None = None

    def lines(self, status: str) -> list[int]:
        """First lines of the instructions of one status."""
        return [step.line for step in self.steps if step.status == status]


def rebuild(engine: Engine, case: Case, change: Change) -> Result:
    """Build from an empty cache, make a change, build again: what was reused. Hold `engine.alone()`.

    Each build has a folder of its own, as a fresh clone has: in the same folder the engine trusts
    stat() and misses a folder's chmod and edits that keep size and time. The faked images serve both
    builds, so that they do not change along with the Dockerfile. Raises RuntimeError when the first
    build fails.
    """
    with (
        tempfile.TemporaryDirectory(prefix="layerwise-cache-") as store,
        _prepared(
            _with_flags(case, f"--cache-to=type=local,dest={store}/c,mode={case.imported}")
        ) as first,
        _prepared(_with_flags(case, f"--cache-from=type=local,src={store}/c"), change) as second,
    ):
        try:
            plans = [first.plan(), second.plan()]
        except ValueError as error:
            return Result((), 0, "", error=str(error))
        engine.forget()
        result = first.run(engine, plans)
        if result.error is not None:
            raise RuntimeError(result.error)
        if case.imported:
            engine.forget()
        return second.run(engine, plans)


def _with_flags(case: Case, flag: str) -> Case:
    return replace(case, flags=(*case.flags, flag)) if case.imported else case


def build(engine: Engine, case: Case, change: Change = (), *, export: bool = False) -> Result:
    """Build a case, after a change, and read from the engine which instruction was reused."""
    with _prepared(case, change) as work:
        try:
            plan = work.plan()
        except ValueError as error:
            return Result((), 0, "", error=str(error))
        return work.run(engine, [plan], export=export)


@dataclass(slots=True)
class _Work:
    """A context on disk, ready to be built."""

    folder: Path
    case: Case
    address: str
    """Of the server that answers the ADDs of the Dockerfile."""

    @property
    def context(self) -> Path:
        return self.folder / "context"

    @property
    def text(self) -> str:
        return _read(self.context / self.case.dockerfile)

    def plan(self) -> planning.Plan:
        """What has to be faked; raises ValueError for a Dockerfile that BuildKit refuses."""
        return planning.read(self.text, self.case.build_args)

    def run(
        self, engine: Engine, plans: Sequence[planning.Plan], *, export: bool = False
    ) -> Result:
        """Build it, on images that serve all of the plans."""
        needs, case = planning.joined(plans), self.case
        architecture = (case.platform or "linux/amd64").split("/")[1]
        with url_server(case.urls):
            if case.shims == "real":
                real.load(engine, needs.images)
                return _run(engine, case, self.plan(), self.folder, export=export)
            while True:
                load(
                    engine,
                    needs,
                    case.images,
                    shims=case.shims,
                    outputs=case.outputs,
                    architecture=architecture,
                )
                result = _run(engine, case, self.plan(), self.folder, export=export)
                unforeseen = _missing_paths(result, needs) if case.shims == "easy" else set()
                if not unforeseen:
                    return result
                for (
                    paths
                ) in needs.images.values():  # an output that no plan foresaw: into every image
                    paths.update(unforeseen)


@contextmanager
def _prepared(case: Case, change: Change = ()) -> Iterator[_Work]:
    with tempfile.TemporaryDirectory(prefix="layerwise-build-") as folder:
        work = _Work(Path(folder), case, url_address())
        if isinstance(case.context, Path):
            copy_folder(case.context, work.context)
        else:
            write_tree(work.context, case.context)
        work.context.chmod(0o755)
        if case.text is not None:
            _write(work.context / case.dockerfile, case.text)
        work.case = _apply(case, work.context, change)
        text = _without_pulls(work.text, work.address)
        if text != work.text:
            _write(work.context / work.case.dockerfile, text)
        yield work


def _apply(case: Case, context: Path, change: Change) -> Case:
    """Make a change in the context folder or in the case."""
    for step in operations(change):
        if step["op"] in OPERATIONS:
            OPERATIONS[step["op"]](context, step)
        elif step["op"] in ("dockerfile", "dockerfile-text"):
            _edit_dockerfile(context / case.dockerfile, step)
        else:
            case = _GIVEN[step["op"]](case, step)
    return case


def _edit_dockerfile(dockerfile: Path, step: Mapping[str, Any]) -> None:
    if "text" in step:
        _write(dockerfile, step["text"])
        return
    text = _read(dockerfile)
    if step["old"] not in text:
        raise ValueError(f"not in the Dockerfile: {step['old']!r}")
    _write(dockerfile, text.replace(step["old"], step["new"], 1))


def _replace_image(case: Case, step: Mapping[str, Any]) -> Case:
    changed = replace(case.images.get(step["image"], Image()), salt="changed")
    return replace(case, images={**case.images, step["image"]: changed})


def _answer_url(case: Case, step: Mapping[str, Any]) -> Case:
    return replace(case, urls={**case.urls, step["url_path"]: (step["body"], step["headers"])})


_GIVEN: Mapping[str, Callable[[Case, Mapping[str, Any]], Case]] = {
    "build-arg": lambda case, step: replace(
        case, build_args={**case.build_args, step["name"]: step["value"]}
    ),
    "secret": lambda case, step: replace(case, secrets={**case.secrets, step["id"]: step["value"]}),
    "base": _replace_image,  # image
    "url": _answer_url,  # url_path, body, headers
    "commit": lambda case, step: replace(case, message=step["message"]),
    "target": lambda case, step: replace(case, target=step["stage"]),
    "flag": lambda case, step: replace(case, flags=(*case.flags, *step["value"])),
    "network": lambda case, step: replace(case, network=step["value"]),
    "platform": lambda case, step: replace(case, platform=step["value"]),
}
"""Changes of what is given beside the context, by name."""


def _missing_paths(result: Result, needs: planning.Plan) -> set[str]:
    named = re.findall(r'"(/[^"]+)": not found|lstat (/\S+): no such', result.error or "")
    missing = {planning.concrete(a or b) for a, b in named}
    return {path for path in missing if any(path not in paths for paths in needs.images.values())}


def _run(engine: Engine, case: Case, needs: planning.Plan, work: Path, *, export: bool) -> Result:
    metadata, exported = work / "metadata.json", work / "tree.tar"
    command = [
        str(engine.buildx),
        "build",
        "--progress=rawjson",
        f"--network={case.network}",
        f"--metadata-file={metadata}",
        f"--output=type=tar,dest={exported}" if export else "--output=type=cacheonly",
        *(["--allow=network.host"] if case.network == "host" else []),
        *([f"--target={case.target}"] if case.target else []),
        *([f"--platform={case.platform}"] if case.platform else []),
        *(f"--build-arg={name}={value}" for name, value in case.build_args.items()),
        *case.flags,
    ]
    for number, (name, value) in enumerate(
        {**dict.fromkeys(needs.secrets, "secret"), **case.secrets}.items()
    ):
        (work / f"secret{number}").write_text(value)
        command.append(f"--secret=id={name},src={work}/secret{number}")
    (work / "settings").mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "DOCKER_HOST": f"unix://{engine.socket}",
        "DOCKER_CONFIG": str(work / "settings"),
        "BUILDX_METADATA_PROVENANCE": "max",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        "BUILDX_GIT_INFO": "0",
    }
    context = work / "context"
    with git_server(context if case.kind == "git" else None, case.message) as address:
        command += [
            "-f",
            case.dockerfile if address else str(context / case.dockerfile),
            address or str(context),
        ]
        begun = time.monotonic()
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=600, check=False
        )
        seconds = time.monotonic() - begun
    vertices, log, rest = _events(done.stderr)
    if done.returncode:
        causes = [*rest, *(v["error"] for v in vertices.values() if v["error"])]
        return Result(
            (), seconds, log, error="\n".join(causes) or f"buildx ended with {done.returncode}"
        )
    provenance = json.loads(metadata.read_text())["buildx.build.provenance"]
    tree = _tree(exported) if export else None
    return Result(_steps(needs, vertices, provenance), seconds, log, tree=tree)


def _events(text: str) -> tuple[dict[str, dict[str, Any]], str, list[str]]:
    """The vertices by digest, what the steps printed, and the lines that are no events."""
    vertices: dict[str, dict[str, Any]] = {}
    log, rest = [], []
    for line in text.split("\n"):
        if not line.startswith("{"):
            rest += [line] if line.strip() else []
            continue
        event = json.loads(line)
        for vertex in event.get("vertexes") or []:
            known = vertices.setdefault(
                vertex["digest"],
                {"name": vertex["name"], "error": "", "cached": False, "done": False},
            )
            if vertex.get("completed"):
                known["done"], known["cached"] = True, bool(vertex.get("cached"))
            known["error"] = vertex.get("error") or known["error"]
        log += [
            base64.b64decode(entry["data"]).decode(errors="replace")
            for entry in event.get("logs") or []
        ]
    return vertices, "".join(log), rest


ORDER = ("skipped", "meta", "base", "unevaluated", "cached", "run")


def _steps(
    needs: planning.Plan, vertices: Mapping[str, Mapping[str, Any]], provenance: Mapping[str, Any]
) -> tuple[Step, ...]:
    """One step an instruction, by the engine's own map of vertices to lines."""
    stage, found = -1, []
    for it in needs.instructions:
        stage += it.name == "FROM"
        status = "meta" if it.name in planning.NO_STEP else "skipped"
        found.append(Step(it.start_line, it.end_line, stage, it.name, status))
    operation = {
        step["id"]: next(iter(step["op"].get("Op") or {}), "")
        for step in provenance["buildConfig"]["llbDefinition"]
    }
    digests: dict[str, list[str]] = {}
    for digest, step_id in provenance["buildConfig"]["digestMapping"].items():
        digests.setdefault(step_id, []).append(digest)
    source = next(
        value for key, value in provenance["metadata"].items() if key.endswith("#metadata")
    )["source"]
    for step_id, places in source["locations"].items():
        vertex = next((vertices[d] for d in digests.get(step_id, []) if d in vertices), None)
        if vertex is None:
            continue
        status = "cached" if vertex["cached"] else "run" if vertex["done"] else "unevaluated"
        for line in _first_lines(places):
            at = next((n for n, s in enumerate(found) if s.line <= line <= s.end_line), None)
            if at is not None:
                found[at] = _note(found[at], operation.get(step_id, ""), vertex["name"], status)
    used = {s.stage for s in found if s.status in ("run", "cached", "unevaluated", "base")}
    return tuple(
        replace(s, status="base") if s.keyword == "FROM" and s.stage in used else s for s in found
    )


def _first_lines(places: Mapping[str, Any]) -> Iterable[int]:
    for group in places.get("locations") or []:
        if group.get("ranges"):
            yield min(r["start"]["line"] for r in group["ranges"])


def _note(step: Step, operation: str, name: str, status: str) -> Step:
    if operation == "source":
        return replace(step, status="base") if step.keyword == "FROM" else step
    if step.keyword == "FROM":
        return replace(step, triggers=(*step.triggers, (name, status)))
    if operation == "merge":
        return replace(step, merge=status)
    return replace(step, status=max(step.status, status, key=ORDER.index))


def _tree(archive: Path) -> Mapping[str, Entry]:
    """A file tree without times, and without what the fakes brought along."""
    kinds = {
        tarfile.DIRTYPE: "folder",
        tarfile.SYMTYPE: "symlink",
        tarfile.REGTYPE: "file",
        tarfile.AREGTYPE: "file",
        tarfile.LNKTYPE: "link",
    }
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.strip("/")
            if name.split("/")[0] in (".layerwise", "proc", "sys", "dev"):
                continue
            content = tar.extractfile(member) if member.isreg() or member.islnk() else None
            sha = hashlib.sha256(content.read()).hexdigest() if content else ""
            kind = "file" if content else kinds.get(member.type, "other")
            found[name] = Entry(
                kind,
                member.mode,
                member.uid,
                member.gid,
                sha,
                member.linkname if member.issym() else "",
            )
    return found


def compare(
    before: Mapping[str, Entry], after: Mapping[str, Entry], ignoring: Sequence[str] = ()
) -> list[str]:
    """What differs between two file trees, a line each.

    Not in and below the paths of `ignoring` (no "/" in front), nor the folders on the way to them.
    """

    def kept(tree: Mapping[str, Entry]) -> Mapping[str, Entry]:
        return {
            path: entry
            for path, entry in tree.items()
            if not any(f"{path}/".startswith(f"{out}/") for out in ignoring)
            and not (entry.kind == "folder" and any(out.startswith(f"{path}/") for out in ignoring))
        }

    before, after = kept(before), kept(after)
    lines = [f"lost {path}" for path in sorted(before.keys() - after.keys())]
    lines += [f"new {path}" for path in sorted(after.keys() - before.keys())]
    for path in sorted(before.keys() & after.keys()):
        if before[path] != after[path]:
            lines.append(f"changed {path}: {before[path]} -> {after[path]}")
    return lines


def _without_pulls(text: str, address: str) -> str:
    """The same lines without syntax image and digests, and with every ADD of a URL sent to our server."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not re.match(r"\s*#\s*[A-Za-z][A-Za-z0-9]*\s*=", line):
            break
        if re.match(r"\s*#\s*syntax\s*=", line, re.IGNORECASE):
            # the directives that stand below it must stay directives: the last one takes its place
            last = number
            while re.match(
                r"\s*#\s*(escape|check)\s*=", "".join(lines[last + 1 : last + 2]), re.IGNORECASE
            ):
                last += 1
            lines[number : last + 1] = [*lines[number + 1 : last + 1], "# no syntax image here"]
            break
    for number, line in enumerate(lines):
        line = re.sub(r"@sha256:[0-9a-f]{64}", "", line)
        if "://" in line and not re.match(r"\s*(RUN|ENV|ARG|LABEL|CMD|#)", line, re.IGNORECASE):
            line = re.sub(
                r"https?://(?!127\.0\.0\.1)", f"{address}/", re.sub(r"--checksum=\S+", "", line)
            )
            line = re.sub(r"(http://127\.0\.0\.1:\d+/\S*?)\.git(?=#|\s|$)", r"\1.file", line)
        lines[number] = line
    return "\n".join(lines)


def _read(path: Path) -> str:
    return path.read_bytes().decode(errors="surrogateescape")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(errors="surrogateescape"))
    os.utime(path, (1577836800, 1577836800))
