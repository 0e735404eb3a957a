"""Conan: `conan install` (https://docs.conan.io/2/reference/commands/install.html)."""

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
from rules.model.installs.lines import refuse_words
from rules.model.installs.reading import following, here, reads_files

_VALUED = frozenset(
    "-of --output-folder -if --install-folder -b --build -r --remote -pr --profile -pr:b "
    "--profile:build -pr:h --profile:host -pr:a --profile:all -s --settings -s:h -s:b -s:a -o "
    "--options -o:h -o:b -c --conf -c:h -c:b -g --generator -l --lockfile --lockfile-out --name "
    "--version --user --channel --requires --tool-requires -d --deployer".split()
)
_READING = frozenset(
    "open os Path pathlib load git Git subprocess run recipe_folder exports exports_sources "
    "python_requires extend".split()
)


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `conan install`."""
    options, arguments = split_options(call.words, _VALUED)
    if arguments[:1] != ["install"]:
        return None
    profiles = [value for name, value in options if name.startswith(("-pr", "--profile"))]
    files = [path for value in profiles for path in here(image, call.folder, value)]
    files += [call.at(v) for name, v in options if name in ("-l", "--lockfile") and v]
    for path in files:
        refuse_words(image, path, ("include", "os"), "#")
    folders = ("-of", "--output-folder", "-if", "--install-folder")
    writes = [call.at(value) for name, value in options if name in folders]
    if {"--requires", "--tool-requires"} & dict(options).keys() or "@" in "".join(arguments[1:]):
        return reads_files(image, files, writes) if files else tool_install(tuple(writes))
    start = call.at(arguments[1] if arguments[1:] else ".")
    if not image.has(start):
        found = here(image, start, "conanfile.py", "conanfile.txt")
        if not found:
            return source_install("`conanfile.txt` does not come from the build context")
        start = found[0]
    if start.endswith(".py"):
        refuse_words(image, start, _READING, "#")
    files = [start, *here(image, posixpath.dirname(start), "conan.lock"), *files]
    return reads_files(image, files, writes or [call.folder])


CONAN = Manager(
    name="conan",
    programs=("conan",),
    read=read,
    caches=(
        Cache(folder=".conan2", variables=(("CONAN_HOME", ""),), locked=True, shared=True),
        Cache(
            folder=".conan", variables=(("CONAN_USER_HOME", "/.conan"),), locked=True, shared=True
        ),
    ),
)
"""https://docs.conan.io/2/reference/environment.html (2, then 1); not for several at once"""
