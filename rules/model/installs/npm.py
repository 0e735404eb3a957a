"""npm: `npm ci` and `npm install`, with the scripts and local packages that a manifest names.

https://docs.npmjs.com/cli/v11/commands/npm-ci and https://docs.npmjs.com/cli/v11/using-npm/scripts
"""

import json
from typing import Any

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

_INSTALLS = frozenset(
    "install i in ins inst insta instal isnt isnta isntal isntall add "
    "ci clean-install ic install-clean isntall-clean".split()
)
_CLEAN = frozenset("ci clean-install ic install-clean isntall-clean".split())
_VALUED = frozenset(
    "-C --prefix --registry --loglevel --cache --omit --include --only --userconfig --globalconfig "
    "--install-strategy --fetch-retries --fetch-timeout --fetch-retry-mintimeout "
    "--fetch-retry-maxtimeout --maxsockets --network-timeout --tag --before --cpu --os "
    "--libc --script-shell --https-proxy --proxy --cafile".split()
)
_SCRIPTS = (
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
)
_GROUPS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_LOCAL = ("file:", "link:", "workspace:", ".", "/", "~/")


def read(call: Call, image: Image) -> Reads | None:
    """What `npm ci` or `npm install` reads."""
    options, arguments = split_options(call.words, _VALUED)
    if not arguments or arguments[0] not in _INSTALLS:
        return None
    names = {name for name, _ in options}
    if names & {"-g", "--global", "--location"}:
        local = [a for a in arguments[1:] if a.startswith(_LOCAL) or a.endswith(".tgz")]
        return source_install("it installs a folder of the project") if local else tool_install()
    if arguments[1:]:
        return source_install("it adds packages to the project's own manifest")
    if names & {"-w", "--workspace", "-ws", "--workspaces", "--userconfig", "--globalconfig"}:
        return source_install("it reads workspaces or settings that are not followed")
    folder = next((call.at(v) for n, v in options if n in ("-C", "--prefix")), call.folder)
    return _project(folder, clean=arguments[0] in _CLEAN, options=names, image=image)


def _project(folder: str, *, clean: bool, options: set[str], image: Image) -> Reads:
    here = folder.rstrip("/")
    manifest, lock, settings = f"{here}/package.json", f"{here}/package-lock.json", f"{here}/.npmrc"
    text = image.text(manifest)
    if text is None:
        return source_install("`package.json` does not come from the build context")
    shrinkwrap = f"{here}/npm-shrinkwrap.json"
    locks = [path for path in (lock, shrinkwrap) if image.has(path)]
    if clean and not locks:
        return source_install("`npm ci` has no lock file in the build context")
    files = [manifest, *locks]
    scripts_off = "--ignore-scripts" in options
    if image.has(settings):
        files.append(settings)
        said = (image.text(settings) or "").replace(" ", "").split("\n")
        scripts_off = scripts_off or "ignore-scripts=true" in said
    reason = _needs_source(text, scripts_off=scripts_off)
    if reason is None and not scripts_off and image.has(f"{here}/binding.gyp"):
        reason = "`binding.gyp` makes it compile the project"
    if reason is not None:
        return source_install(reason)
    return Reads(project=True, files=tuple(files), writes=(f"{here}/node_modules",))


def _needs_source(text: str, *, scripts_off: bool) -> str | None:
    """Why an install of this manifest reads more than the manifest, or None."""
    try:
        manifest: Any = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return "`package.json` is not JSON"
    if not isinstance(manifest, dict):
        return "`package.json` is not an object"
    if manifest.get("workspaces"):
        return "`package.json` has workspaces"
    scripts = manifest.get("scripts")
    if not scripts_off and isinstance(scripts, dict):
        for name in _SCRIPTS:
            if scripts.get(name):
                return f"the `{name}` script of `package.json` may read the source"
    for group in _GROUPS:
        named = manifest.get(group)
        for version in named.values() if isinstance(named, dict) else ():
            if isinstance(version, str) and version.startswith(_LOCAL):
                return f"`package.json` has a dependency among its own files ({group})"
    return None


NPM = Manager(
    name="npm",
    programs=("npm",),
    read=read,
    caches=(
        Cache(
            folder=".npm",
            variables=(("npm_config_cache", ""), ("NPM_CONFIG_CACHE", "")),
            options=("--cache",),
            cleaned_by=("npm cache clean",),
        ),
    ),
)
