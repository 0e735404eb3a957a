"""Compilers and build tools in the image that runs.

What only the build needs (compilers, headers, development dependencies, the source) makes the image
larger, slower to ship and easier to attack. In two stages the second starts from a slim image and
copies what the first has made (https://docs.docker.com/build/building/multi-stage/); an edit to
the source then re-runs nothing of it but its own COPY.

Off unless the `strict` profile or the settings ask for it. Silent where the file has several
stages, or no step that builds.
"""

from collections.abc import Iterator

from rules.model.cache import Build
from rules.model.dataclass import dataclass
from rules.model.downloads import MOST_LAYERS, Use, uses_of
from rules.model.finding import Finding
from rules.model.lineage import base_image
from rules.model.prose import code
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="stages",
    example=Example(
        edit="main.go",
        files={"go.mod": "module example.com/app\n", "main.go": "package main\n"},
        before="""\
FROM golang:1.25
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /usr/local/bin/app .
CMD ["app"]
""",
        after="""\
FROM golang:1.25 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -o /usr/local/bin/app .

FROM debian:12-slim
COPY --from=build /usr/local/bin/app /usr/local/bin/app
CMD ["app"]
""",
    ),
)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a language's two stages look."""

    verbs: tuple[str, ...]
    """First words of the calls that build; none: compilers among the system packages do."""
    first: str
    """What the first stage ends with."""
    image: str
    """What the second starts from; `{slim}` is the slim sort of the file's own image."""
    copies: tuple[str, ...]
    runs: str


_WAYS = {
    "go": _Way(
        ("build", "install"),
        "RUN CGO_ENABLED=0 go build -o /out/app .",
        "gcr.io/distroless/static-debian12",
        ("COPY --from=build /out/app /app",),
        'CMD ["/app"]',
    ),
    "cargo": _Way(
        ("build", "install"),
        "RUN cargo build --release --locked",
        "debian:12-slim",
        ("COPY --from=build {folder}/target/release/app /usr/local/bin/",),
        'CMD ["app"]',
    ),
    "maven": _Way(
        ("package", "install", "verify"),
        "RUN mvn -B package",
        "eclipse-temurin:21-jre",
        ("COPY --from=build {folder}/target/*.jar /app.jar",),
        'CMD ["java", "-jar", "/app.jar"]',
    ),
    "gradle": _Way(
        ("build", "assemble", "bootJar", "installDist", "shadowJar"),
        "RUN gradle build",
        "eclipse-temurin:21-jre",
        ("COPY --from=build {folder}/build/libs/*.jar /app.jar",),
        'CMD ["java", "-jar", "/app.jar"]',
    ),
    "dotnet": _Way(
        ("publish", "build"),
        "RUN dotnet publish -c Release -o /out",
        "mcr.microsoft.com/dotnet/aspnet",
        ("COPY --from=build /out /app",),
        'CMD ["dotnet", "/app/app.dll"]',
    ),
    "pip": _Way(
        (),
        "RUN python -m venv /opt/venv && /opt/venv/bin/pip install -r requirements.txt",
        "{slim}",
        ("COPY --from=build /opt/venv /opt/venv", "COPY . {folder}"),
        'ENV PATH="/opt/venv/bin:$PATH"',
    ),
    "npm": _Way(
        ("run",),
        "RUN npm ci && npm run build && npm prune --omit=dev",
        "{slim}",
        (
            "COPY --from=build {folder}/node_modules ./node_modules",
            "COPY --from=build {folder}/dist ./dist",
        ),
        'CMD ["node", "dist/index.js"]',
    ),
}
_COMPILERS = frozenset(
    "build-essential build-base gcc g++ clang make cmake musl-dev libc6-dev python3-dev".split()
)
_SERVING = frozenset("start dev serve watch test".split())


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for a file of one stage that builds and is run."""
    if len(build.dockerfile.stages) != 1 or len(build.layers) > MOST_LAYERS:
        return
    if not {layer.instruction.keyword for layer in build.layers} & {"CMD", "ENTRYPOINT"}:
        return
    uses = (use for layer in build.layers for use in uses_of(build, layer))
    building = next((use for use in uses if _builds(build, use)), None)
    if building is not None:
        yield _report(build, building)


def _builds(build: Build, use: Use) -> bool:
    way = _WAYS.get(use.manager.name)
    if way is None:
        return False
    words = [word for word in use.process.args if word and not word.startswith("-")]
    if way.verbs:
        return bool(words) and words[0] in way.verbs and not _SERVING & set(words[1:2])
    return use.is_project and _has_compiler(build)


def _has_compiler(build: Build) -> bool:
    """Whether system packages with a compiler are installed, and stay."""
    for layer in build.layers:
        if layer.instruction.keyword != "RUN":
            continue
        words = [set(process.args) for process in layer.processes]
        if any(_COMPILERS & each and not each & {"remove", "purge", "del"} for each in words):
            return not any(each & {"remove", "purge", "del"} for each in words)
    return False


def _report(build: Build, use: Use) -> Finding:
    way = _WAYS[use.manager.name]
    image = base_image(build, 0)
    folder = use.layer.folder or "/app"
    own = f"{image.name}:{image.tag}" if image.tag else image.name
    has_slim = image.name == _SLIM.get(use.manager.name) and image.tag
    slim = f"{own}-slim" if has_slim and not {"alpine", "slim"} & set(own.split("-")) else own
    lines = [
        f"FROM {own} AS build",
        f"WORKDIR {folder}",
        "COPY . .",
        way.first,
        f"FROM {way.image.format(slim=slim)}",
        f"WORKDIR {folder}",
        *(copy.format(folder=folder.rstrip("/")) for copy in way.copies),
        way.runs,
    ]
    worked = ", ".join(code(line) for line in lines)
    return rule.finding(
        build.path,
        use.layer.instruction.span,
        subject=f"{use.manager.name} {use.words}",
        message=(
            f"{code(use.words)} builds in the image that is run: compilers, development "
            f"dependencies and the source are shipped with it. In two stages the second copies "
            f"what the first has made, for instance: {worked}."
        ),
        no_fix="what the program needs when it runs is for you to say",
    )


_SLIM = {"pip": "python", "npm": "node"}
"""Images that have a `-slim` sort."""
