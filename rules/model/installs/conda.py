"""conda, mamba and micromamba: `conda env create -f environment.yml`.

https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html
"""

import posixpath

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    source_install,
    split_options,
    tool_install,
)
from rules.model.installs.pip import follow, is_local
from rules.model.installs.reading import (
    NeedsSourceError,
    following,
    is_url,
    named,
    reads_files,
    required,
    strings,
    yaml_table,
)

_VALUED = frozenset(
    "-n --name -p --prefix -c --channel -f --file --platform --subdir --solver --repodata-fn "
    "--experimental --root-prefix -r --rc-file --category".split()
)
_FILES = ("-f", "--file")
_WHY = "the packages of the base image itself lie there"


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `conda env create`, `conda env update`, `conda create` and `conda install`."""
    options, arguments = split_options(call.words, _VALUED)
    if arguments[:1] == ["env"]:
        arguments = arguments[1:]
        if arguments[:1] not in (["create"], ["update"]):
            return None
        default = "environment.yml"
    elif arguments[:1] in (["create"], ["install"], ["update"]):
        default = ""
    else:
        return None
    if "--rc-file" in dict(options):
        return source_install("it reads settings that are not followed")
    paths = [value for name, value in options if name in _FILES]
    if default and not paths:
        paths = [default]
    if any(is_local(a) and "::" not in a for a in arguments[1:]):
        return source_install("it installs a package from the project's own files")
    moved = [call.at(v) for n, v in options if n in ("-p", "--prefix")]
    local = [call.at(path) for path in paths if not is_url(path)]
    if not local:
        return tool_install(tuple(moved))
    files = [path for start in local for path in _file(image, start)]
    return reads_files(image, files, moved)


def _file(image: Image, path: str) -> list[str]:
    """A list of packages, or an environment with a list for pip inside."""
    if not path.endswith((".yml", ".yaml")):
        for line in required(image, path).split("\n"):
            bare = line.partition("#")[0].strip()
            if is_local(bare) and "::" not in bare:
                raise NeedsSourceError(f"{named(path)} names a package among the project's files")
        return [path]
    files = [path]
    said = yaml_table(image, path)
    channels = strings(said.get("channels"))
    if any(channel.startswith((".", "/", "file:")) for channel in channels):
        raise NeedsSourceError(f"{named(path)} names a folder of packages")
    listed = said.get("dependencies")
    for item in listed if isinstance(listed, list) else []:
        for requirement in strings(item.get("pip")) if isinstance(item, dict) else []:
            files += _for_pip(image, path, requirement)
    return files


def _for_pip(image: Image, path: str, requirement: str) -> list[str]:
    """What a line for pip names, from the folder of the environment's file."""
    option, _, value = requirement.strip().partition(" ")
    if option in ("-r", "--requirement", "-c", "--constraint"):
        if is_url(value.strip()):
            return []
        return follow(image, [posixpath.join(posixpath.dirname(path), value.strip())])
    if option.startswith("-"):
        if option in ("-e", "--editable", "-f", "--find-links") and is_url(value.strip()):
            return []
        if option in ("-i", "--index-url", "--extra-index-url", "--pre", "--trusted-host"):
            return []
        raise NeedsSourceError(f"{named(path)} installs a folder of the project")
    bare = requirement.partition(";")[0].strip()
    if is_local(bare) or is_local(bare.partition("@")[2].strip()):
        raise NeedsSourceError(f"{named(path)} names a package among the project's own files")
    return []


CONDA = Manager(
    name="conda",
    programs=("conda", "mamba", "micromamba"),
    read=read,
    caches=(
        Cache(
            folder="/opt/conda/pkgs",
            variables=(("CONDA_PKGS_DIRS", ""), ("MAMBA_ROOT_PREFIX", "/pkgs")),
            cleaned_by=("conda clean", "mamba clean", "micromamba clean"),
            locked=True,
            refused=_WHY,
        ),
    ),
)
"""https://docs.conda.io/projects/conda/en/stable/user-guide/configuration/ (`pkgs_dirs`)"""
