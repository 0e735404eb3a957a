""".NET: `dotnet restore`, and `dotnet publish`, which restores what is not there.

https://learn.microsoft.com/en-us/dotnet/core/tools/dotnet-restore
"""

import json
import posixpath
from typing import TYPE_CHECKING

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    Split,
    join,
    source_install,
    split_options,
    tool_install,
)
from rules.model.installs.reading import (
    MAX_FILES,
    NeedsSourceError,
    above,
    following,
    here,
    mapping,
    named,
    nearest,
    reads_files,
    required,
    strings,
    xml_root,
)
from rules.model.prose import code

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_VALUED = frozenset(
    "-r --runtime -s --source -v --verbosity -a --arch --os --configfile --packages "
    "--lock-file-path -f --framework -c --configuration -o --output --version-suffix --tool-path "
    "--version --add-source --artifacts-path --logger -l --filter --settings --project".split()
)
_BUILDING = frozenset("build publish test pack run msbuild".split())
_PROJECTS = (".csproj", ".fsproj", ".vbproj", ".esproj", ".dcproj", ".proj", ".sqlproj")
_SOLUTIONS = (".sln", ".slnx", ".slnf")
_AROUND = (
    "Directory.Build.props",
    "Directory.Build.targets",
    "Directory.Packages.props",
    "Directory.Build.rsp",
    "Directory.Solution.props",
    "Directory.Solution.targets",
)
_CONFIGS = ("nuget.config", "NuGet.config", "NuGet.Config")
_BY_HAND = "`dotnet restore` with the project files alone, or a cache mount, keeps the packages."
_MOST_NAMED = 1000
_PROPERTIES = ("-p:", "/p:", "--property:", "-property:", "/property:")


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `dotnet restore`, `dotnet tool restore`, and commands that restore and build."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    verb = arguments[0] if arguments else ""
    if verb == "tool":
        return _tool(call, image, arguments, names)
    if verb in _BUILDING:
        if "--no-restore" in names or "--no-build" in names or (verb == "msbuild"):
            return None
        return _build(call, image, arguments, options)
    if verb != "restore":
        return None
    return _restore(call, image, arguments[1:], options)


def _tool(call: Call, image: Image, arguments: list[str], names: set[str]) -> Reads | None:
    if arguments[1:2] == ["install"] and arguments[2:]:
        if names & {"-g", "--global", "--tool-path"} and "--configfile" not in names:
            files = [*_configs(image, call.folder), *_sdk(image, call.folder)]
            return reads_files(image, files) if files else tool_install()
        return source_install("it changes the list of tools of the project")
    if arguments[1:2] != ["restore"]:
        return None
    lists = (".config/dotnet-tools.json", "dotnet-tools.json")
    files = above(image, call.folder, *lists)
    if not files:
        raise NeedsSourceError("the list of tools does not come from the build context")
    return reads_files(image, [*files, *_configs(image, call.folder)])


def _build(call: Call, image: Image, arguments: list[str], options: list[tuple[str, str]]) -> Reads:
    """A build, which restores first; the restore can be done before with the same project."""
    said = dict(options)
    why = f"`dotnet {arguments[0]}` compiles the source when it has restored the packages"
    if {"-a", "--arch", "--os", "-p", "--property"} & said.keys() or arguments[0] == "run":
        return source_install(why, instead=_BY_HAND)
    kept = [word for word in call.words if word.startswith(_PROPERTIES)]
    for name in ("-r", "--runtime"):
        kept += ["-r", said[name]] if name in said else []
    try:
        found = _restore(call, image, arguments[1:], [])
    except NeedsSourceError:
        return source_install(why, instead=_BY_HAND)
    projects = [a for a in arguments[1:] if not _is_switch(image, a)]
    words = (call.program or "dotnet", "restore", *projects, *kept)
    return source_install(why, Split(words, found), _BY_HAND)


def _is_switch(image: Image, word: str) -> bool:
    """Whether an argument is one of MSBuild's switches (`/p:x=y`), not a path."""
    return word.startswith("/") and not image.has(word) and not image.below(word)


def _restore(
    call: Call, image: Image, arguments: list[str], options: list[tuple[str, str]]
) -> Reads:
    said = dict(options)
    named_projects = [a for a in arguments if not _is_switch(image, a)]
    if len(named_projects) > 1 or "--lock-file-path" in said:
        raise NeedsSourceError("it restores in ways that are not followed")
    projects = _Projects(image)
    start = named_projects[0] if named_projects else "."
    projects.add(_entry(image, call.at(start.replace("\\", "/"))))
    files = [*projects.files]
    if "--configfile" in said:
        files.append(call.at(said["--configfile"]))
        _refuse_folders(image, files[-1])
    sources = [value for name, value in options if name in ("-s", "--source")]
    if not all(source.startswith("https://") for source in sources):
        raise NeedsSourceError("it takes packages from a folder")
    folders = {posixpath.dirname(path) for path in projects.projects}
    for folder in sorted(folders | {call.folder}):
        files += _configs(image, folder)
    files += _sdk(image, call.folder)
    writes = [join(folder, "obj") for folder in sorted(folders)]
    if "--packages" in said:
        writes.append(call.at(said["--packages"]))
    return reads_files(image, files, writes)


def _sdk(image: Image, folder: str) -> list[str]:
    """Which SDK runs: https://learn.microsoft.com/en-us/dotnet/core/tools/global-json."""
    place = nearest(image, folder, "global.json")
    return here(image, place, "global.json") if place is not None else []


def _configs(image: Image, folder: str) -> list[str]:
    """Settings of NuGet from the folder up.

    https://learn.microsoft.com/en-us/nuget/consume-packages/configuring-nuget-behavior
    """
    files = above(image, folder, *_CONFIGS)
    for path in files:
        _refuse_folders(image, path)
    return files


def _refuse_folders(image: Image, path: str) -> None:
    """Sources of packages, and places for them, in folders of the project."""
    root = xml_root(image, path)
    for section in root.iter("packageSources"):
        for source in section.iter("add"):
            if not source.get("value", "").startswith(("http://", "https://")):
                raise NeedsSourceError(f"{named(path)} takes packages from a folder")
    for setting in root.iter("add"):
        if setting.get("key") in ("globalPackagesFolder", "repositoryPath"):
            raise NeedsSourceError(f"{named(path)} keeps packages in a folder of the project")


def _entry(image: Image, path: str) -> str:
    """The solution or project that a command means when it names a folder."""
    if image.has(path):
        return path
    own = [file for file in image.below(path) if posixpath.dirname(file) == path]
    found = [file for file in own if file.endswith(_SOLUTIONS)]
    found = found or [file for file in own if file.endswith(_PROJECTS)]
    if len(found) != 1:
        raise NeedsSourceError(
            "the project does not come from the build context, or is not the only one"
        )
    return found[0]


class _Projects:
    """Solutions and projects, with all that they refer to and import."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.files: list[str] = []
        self.projects: list[str] = []

    def add(self, path: str) -> None:
        """Take in a solution, a project or an imported file, and what they name."""
        waiting = [path]
        while waiting:
            path = waiting.pop(0)
            if path in self.files:
                continue
            if len(self.files) > MAX_FILES:
                raise NeedsSourceError(f"more than {MAX_FILES} files belong to it")
            self.files.append(path)
            if path.endswith(_SOLUTIONS):
                waiting += self._existing(_solution(self._image, path))
                waiting += above(self._image, posixpath.dirname(path), *_AROUND[3:])
                continue
            if path.endswith(".rsp"):
                raise NeedsSourceError("`Directory.Build.rsp` may name other files")
            root = xml_root(self._image, path)
            folder = posixpath.dirname(path)
            if path.endswith(_PROJECTS):
                self.projects.append(path)
                waiting += above(self._image, folder, *_AROUND)
                self.files += here(self._image, folder, "packages.lock.json", "packages.config")
            waiting += self._named(path, root)

    def _existing(self, paths: list[str]) -> list[str]:
        return [path for path in paths if self._image.has(path)]

    def _named(self, path: str, root: "Element") -> list[str]:
        """What a project or an imported file refers to.

        https://learn.microsoft.com/en-us/visualstudio/msbuild/import-element-msbuild
        """
        found = []
        named_here = 0
        for element in root.iter():
            if element.tag in ("ProjectReference", "Import"):
                said = element.get("Include") or element.get("Project") or ""
                named_here += said.count(";") + 1
                if named_here > _MOST_NAMED:
                    raise NeedsSourceError(f"{named(path)} names very many projects")
                for part in said.split(";"):
                    found += self._target(path, part.strip(), element)
            texts = (*element.attrib.values(), element.text or "")
            if any("System.IO" in text or "ReadAllText" in text for text in texts):
                raise NeedsSourceError(f"{named(path)} reads other files")
        return found

    def _target(self, path: str, said: str, element: "Element") -> list[str]:
        folder = posixpath.dirname(path)
        value = said.replace("\\", "/")
        if not value or element.get("Sdk"):
            return []
        if value.startswith("$([MSBuild]::GetPathOfFileAbove("):
            # The same names are taken from every folder above as it is.
            return above(self._image, folder, *_AROUND)
        value = value.replace("$(MSBuildThisFileDirectory)", folder + "/")
        if path.endswith(_PROJECTS):
            for known in ("$(MSBuildProjectDirectory)", "$(ProjectDir)"):
                value = value.replace(known, folder + "/")
        if "$(" in value or "@(" in value or "*" in value:
            outside = value.startswith(("$(MSBuild", "$(VSTools", "$(NuGet", "$(Microsoft"))
            if element.tag == "Import" and outside and "*" not in value:
                return []  # files of the SDK
            raise NeedsSourceError(
                f"{named(path)} names projects in a way not followed ({code(said)})"
            )
        return self._existing([join(folder, value)])


def _solution(image: Image, path: str) -> list[str]:
    """The projects of a solution, in any of its three forms.

    https://learn.microsoft.com/en-us/visualstudio/extensibility/internals/solution-dot-sln-file
    """
    folder = posixpath.dirname(path)
    if path.endswith(".slnx"):
        root = xml_root(image, path)
        found = [project.get("Path", "") for project in root.iter("Project")]
    elif path.endswith(".slnf"):
        try:
            said = mapping(mapping(json.loads(required(image, path))).get("solution"))
        except (ValueError, RecursionError):
            raise NeedsSourceError(f"{named(path)} cannot be read as JSON") from None
        solution = join(folder, str(said.get("path", "")).replace("\\", "/"))
        at = posixpath.dirname(solution)
        projects = [join(at, p.replace("\\", "/")) for p in strings(said.get("projects"))]
        return [solution, *projects, *_solution(image, solution)]
    else:
        found = []
        for line in required(image, path).split("\n"):
            if line.startswith("Project("):
                parts = line.split('"')
                found.append(parts[5] if len(parts) > 5 else "")
    wanted = [name.replace("\\", "/") for name in found]
    return [join(folder, name) for name in wanted if name.endswith(_PROJECTS)]


DOTNET = Manager(
    name="dotnet",
    programs=("dotnet",),
    read=read,
    caches=(
        Cache(
            folder=".nuget/packages",
            variables=(("NUGET_PACKAGES", ""),),
            options=("--packages",),
            cleaned_by=("dotnet nuget locals",),
            offline=("--no-restore", "--no-build"),
            shared=True,
        ),
    ),
    free=frozenset(
        "-a --arch -r --runtime -c --configuration -v --verbosity --os -f --framework "
        "--version-suffix -p: /p: --property:".split()
    ),
)
"""https://learn.microsoft.com/en-us/nuget/consume-packages/managing-the-global-packages-and-cache-folders"""
