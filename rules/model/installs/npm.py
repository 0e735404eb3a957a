"""npm: `npm ci` and `npm install`, with the scripts and local packages that a manifest names.

https://docs.npmjs.com/cli/v11/commands/npm-ci and https://docs.npmjs.com/cli/v11/using-npm/scripts
"""

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
from rules.model.installs.node import Packages, added, project_folder, workspace_root
from rules.model.installs.reading import NeedsSourceError, following, here

_INSTALLS = frozenset(
    "install i in ins inst insta instal isnt isnta isntal isntall add "
    "ci clean-install ic install-clean isntall-clean".split()
)
_CLEAN = frozenset("ci clean-install ic install-clean isntall-clean".split())
_VALUED = frozenset(
    "-C --prefix -w --workspace --location --registry --loglevel --cache --omit --include "
    "--only --userconfig --globalconfig "
    "--install-strategy --fetch-retries --fetch-timeout --fetch-retry-mintimeout "
    "--fetch-retry-maxtimeout --maxsockets --network-timeout --tag --before --cpu --os "
    "--libc --script-shell --https-proxy --proxy --cafile".split()
)
_PREFIX = "npm_config_prefix"
_LOCAL = ("file:", "link:", ".", "/", "~/")


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `npm ci` and `npm install`."""
    options, arguments = split_options(call.words, _VALUED)
    if not arguments or arguments[0] not in _INSTALLS:
        return None
    names = {name for name, _ in options}
    if names & {"-g", "--global"} or ("--location", "global") in options:
        local = [a for a in arguments[1:] if a.startswith(_LOCAL) or a.endswith(".tgz")]
        if local or not arguments[1:]:
            return source_install("it installs a folder of the project")
        places = [value for name, value in options if name == "--prefix"]
        places += [v or "." for n, v in call.environment.items() if n.lower() == _PREFIX]
        return tool_install(tuple(call.at(place) for place in places))
    said = [call.at(value) for name, value in options if name in ("-C", "--prefix")]
    if arguments[1:]:
        return added(call, image, arguments[1:], said[0] if said else None)
    if names & {"--userconfig", "--globalconfig", "--install-links"} or _moved(call):
        return source_install("it reads settings that are not followed")
    folder = project_folder(image, said[0] if said else call.folder)
    return _project(call, image, folder if said else workspace_root(image, folder), arguments[0])


def _moved(call: Call) -> bool:
    """Whether variables name other settings (npm reads `npm_config_x` in any case)."""
    moving = ("npm_config_userconfig", "npm_config_globalconfig")
    return any(name.lower() in moving for name in call.environment)


def _project(call: Call, image: Image, root: str, verb: str) -> Reads:
    packages = Packages(image, root)
    locks = here(image, root, "package-lock.json", "npm-shrinkwrap.json")
    if verb in _CLEAN and not locks:
        raise NeedsSourceError("`npm ci` has no lock file in the build context")
    packages.files += locks
    packages.settings(root)
    switches = ("npm_config_ignore_scripts", "NPM_CONFIG_IGNORE_SCRIPTS")
    if "--ignore-scripts" in call.words or call.sets(*switches):
        packages.scripts = ()
    packages.project()
    return packages.reads()


NPM = Manager(
    name="npm",
    programs=("npm",),
    read=read,
    caches=(
        Cache(
            folder=".npm",
            variables=(("npm_config_cache", ""), ("NPM_CONFIG_CACHE", "")),
            options=("--cache",),
            cleaned_by=("npm cache clean", "npm cache clear", "npm cache rm"),
            offline=("--offline",),
            moved_by=("npm config set cache", "npm set cache"),
        ),
    ),
    other_folders=(".cache/npm", ".npm/_cacache"),
    free=frozenset(
        "--omit --include --only --loglevel --registry --network-timeout --fetch-retries "
        "--fetch-timeout --maxsockets --omit= --include= --only= --loglevel= --registry=".split()
    ),
)
