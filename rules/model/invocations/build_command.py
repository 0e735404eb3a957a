"""One `docker build` command, word by word, and its like of other builders."""

import posixpath
from collections.abc import Iterator

from rules.model.dataclass import dataclass
from rules.model.invocations.compose import read_cache
from rules.model.invocations.invocation import (
    Invocation,
    Name,
    default_dockerfile,
    inside,
    is_remote,
)
from rules.model.repository import Repository

_SWITCHES = frozenset(
    """--all-platforms --cache --check --cleanup --compress --debug --disable-content-trust
    --force-rm --help --http-proxy --layers --lint --load --no-cache --no-format --no-hosts
    --no-logs --no-push --no-wait --pull --pull-always --pull-never --push --quiet --reproducible
    --rm --save --single-snapshot --squash --squash-all --stdin --tls-verify --use-new-run
    -D -h -q""".split()
)


@dataclass(frozen=True, slots=True)
class Build:
    """A command that builds, as written; None where a word is not plain."""

    builder: Name
    context: str | None
    file: str | None = None
    named: bool = False
    """Whether there is a `--file`, be its value plain or not."""
    options: tuple[tuple[str, str | None], ...] = ()

    def values(self, *names: str) -> list[str | None]:
        """The values of all options of these names."""
        return [value for name, value in self.options if name in names]


def read_build(words: list[str | None], *, legacy: bool = False) -> Build | None:
    """The build that a command makes; None when it makes none."""
    found = _builder(words)
    if found is None:
        return None
    builder, at = found
    if builder == "buildkit" and legacy and "buildx" not in words[:at]:
        builder = "legacy"
    options, contexts = _options(words[at:])
    files = [
        v for name, v in options if name in ("-f", "--file", "--dockerfile", "--containerfile")
    ]
    if builder == "kaniko":
        contexts = [v for name, v in options if name in ("-c", "--context")]
        contexts = [v and v.removeprefix("dir://") for v in contexts] or [None]
    if len(contexts) != 1:
        return None
    file = files[-1] if files else None
    return Build(builder, contexts[0], file, bool(files), tuple(options))


def _builder(words: list[str | None]) -> tuple[Name, int] | None:
    """Which builder a command starts, and where its options begin."""
    plain = [word or "" for word in words[:12]]
    program = posixpath.basename(plain[0])
    if program == "executor" and "kaniko" in plain[0]:
        return "kaniko", 1
    at = 1
    while at < len(plain) and plain[at].startswith("-"):  # docker --context x build
        at += 1 if "=" in plain[at] or plain[at] in _SWITCHES else 2
    rest = plain[at:]
    if program in ("podman", "buildah"):
        if rest[:1] in (["build"], ["bud"]):
            return "podman", at + 1
        return ("podman", at + 2) if rest[:2] == ["image", "build"] else None
    if program == "az":
        return ("legacy", at + 2) if rest[:2] == ["acr", "build"] else None
    if program in ("docker", "nerdctl", "depot", "docker-buildx"):
        for lead in (["build"], ["buildx", "build"], ["buildx", "b"], ["image", "build"],
                     ["builder", "build"]):  # fmt: skip
            if rest[: len(lead)] == lead:
                return "buildkit", at + len(lead)
    return None


def _options(words: list[str | None]) -> tuple[list[tuple[str, str | None]], list[str | None]]:
    """Tell options from what stands beside them.

    https://docs.docker.com/reference/cli/docker/buildx/build/#options
    """
    options: list[tuple[str, str | None]] = []
    others: list[str | None] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word is None or word == "-" or not word.startswith("-"):
            others.append(word)
            continue
        name, equals, value = word.partition("=")
        if equals:
            options.append((name, value))
        elif not word.startswith("--") and len(word) > 2 and word[1] in "fto":
            options.append((word[:2], word[2:]))
        elif word in _SWITCHES:
            options.append((word, None))
        else:
            options.append((word, words[at] if at < len(words) else None))
            at += 1
    return options, others


def resolve(repository: Repository, source: str, folder: str, build: Build) -> Iterator[Invocation]:
    """Find the Dockerfile and the context of a build that is made in `folder`.

    Nothing when they are not in the repository or hang on what is not known.
    """
    if build.context is not None and is_remote(build.context):
        return
    root = None if build.context is None else inside(folder, build.context)
    if build.named:
        path = None if build.file is None else inside(folder, build.file)
        if path is not None and build.builder == "legacy" and not repository.has(path) and root:
            path = inside(root, build.file or "")
    else:
        path = None if root is None else default_dockerfile(repository, root, build.builder)
    if path is None:
        return
    args = (v.partition("=") for v in build.values("--build-arg") if v)
    caches = (read_cache(v) for v in build.values("--cache-to") if v)
    targets = build.values("--target")
    yield Invocation(
        source,
        path,
        root,
        builder=build.builder,
        target=targets[-1] if targets else None,
        args=tuple((name, value if equals else None) for name, equals, value in args),
        contexts=tuple(v.partition("=")[0] for v in build.values("--build-context") if v),
        caches=tuple(caches),
        reuses=bool(build.values("--cache-from")),
    )
