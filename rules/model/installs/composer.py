"""Composer: `composer install` (https://getcomposer.org/doc/03-cli.md#install-i)."""

from typing import Any

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
    NeedsSourceError,
    following,
    here,
    is_url,
    json_table,
    mapping,
    named,
    reads_files,
    small_folder,
    table,
)
from rules.model.prose import code

_VALUED = frozenset(
    "-d --working-dir --prefer-install --ignore-platform-req --apcu-autoloader-prefix".split()
)
_OPTIMIZING = frozenset(
    "-o --optimize-autoloader -a --classmap-authoritative --apcu-autoloader".split()
)
_EVENTS = frozenset(
    "pre-install-cmd post-install-cmd pre-autoload-dump post-autoload-dump pre-package-install "
    "post-package-install pre-operations-exec pre-pool-create pre-file-download "
    "post-file-download init command pre-command-run post-root-package-install".split()
)
_PLAIN_PLUGINS = frozenset(
    "symfony/flex symfony/runtime pestphp/pest-plugin php-http/discovery composer/installers "
    "composer/package-versions-deprecated phpstan/extension-installer ergebnis/composer-normalize "
    "infection/extension-installer tbachert/spi kylekatarnls/update-helper "
    "cweagans/composer-patches".split()
)
"""Plugins that read nothing of the project but its manifests (and symfony.lock, and patches)."""
_WITHOUT_PLUGINS = (
    "With `--no-plugins --no-scripts --no-autoloader` before the source the packages would stay; a "
    "second `composer install` behind it does the rest."
)


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `composer install`."""
    options, arguments = split_options(call.words, _VALUED)
    names = {name for name, _ in options}
    verb = arguments[0] if arguments else ""
    if verb == "global" and arguments[1:2] in (["require"], ["install"]) and arguments[2:]:
        return tool_install()
    if verb == "create-project" and arguments[1:]:
        return tool_install(tuple(call.at(path) for path in arguments[2:3]))
    if verb in ("require", "update", "remove"):
        return source_install("it changes the manifest or the lock file of the project")
    if verb not in ("install", "i"):
        return None
    said = [call.at(v) for n, v in options if n in ("-d", "--working-dir")]
    return _install(call, image, said[0] if said else call.folder, names)


def _install(call: Call, image: Image, folder: str, names: set[str]) -> Reads:
    told = call.environment.get("COMPOSER", "composer.json")
    if told is None:
        raise NeedsSourceError("the file that COMPOSER names is not known")
    path = join(folder, told or "composer.json")
    manifest = json_table(image, path)
    files = [path, path.removesuffix(".json") + ".lock"]
    files += here(image, folder, "symfony.lock", "auth.json")
    files += _repositories(image, folder, manifest)
    if "--no-plugins" not in names:
        _refuse_plugins(manifest)
        files += _patches(image, folder, manifest)
    settings = table(manifest, "config")
    vendor = settings.get("vendor-dir", "vendor")
    writes = [join(folder, vendor if isinstance(vendor, str) else "vendor")]
    if isinstance(settings.get("bin-dir"), str):
        writes.append(join(folder, settings["bin-dir"]))
    writes += [
        join(folder, place.partition("{")[0])
        for place in table(manifest, "extra", "installer-paths")
    ]
    found = reads_files(image, files, writes)
    missing = _needed(manifest, settings, names)
    if not missing:
        return found
    words = (call.program or "composer", *call.words, *missing)
    split = Split(words, found)
    if "--no-autoloader" not in missing:
        return source_install("scripts of `composer.json` may read the source", split)
    return source_install("the class loader that it makes reads the source", split)


def _needed(manifest: dict[str, Any], settings: dict[str, Any], names: set[str]) -> list[str]:
    """The options without which it would read the source.

    https://getcomposer.org/doc/articles/scripts.md and
    https://getcomposer.org/doc/articles/autoloader-optimization.md
    """
    missing = []
    scripts = mapping(manifest.get("scripts"))
    if "--no-scripts" not in names and any(scripts.get(event) for event in _EVENTS):
        missing.append("--no-scripts")
    loaded = [mapping(manifest.get(key)) for key in ("autoload", "autoload-dev")]
    optimized = names & _OPTIMIZING or any(
        settings.get(key) for key in ("optimize-autoloader", "classmap-authoritative")
    )
    whole = any(group.get("classmap") for group in loaded)
    if optimized and any(group.get("psr-4") or group.get("psr-0") for group in loaded):
        whole = True
    if whole and "--no-autoloader" not in names:
        missing.append("--no-autoloader")
    return missing


def _refuse_plugins(manifest: dict[str, Any]) -> None:
    allowed = table(manifest, "config").get("allow-plugins", {})
    if allowed is True:
        raise NeedsSourceError("plugins of Composer may read the source", _WITHOUT_PLUGINS)
    for plugin, yes in mapping(allowed).items():
        if yes and plugin not in _PLAIN_PLUGINS:
            raise NeedsSourceError(
                f"the plugin {code(plugin)} may read the source", _WITHOUT_PLUGINS
            )
        if (
            yes
            and plugin == "composer/installers"
            and not table(manifest, "extra", "installer-paths")
        ):
            raise NeedsSourceError("packages go to folders that are not followed")


def _repositories(image: Image, folder: str, manifest: dict[str, Any]) -> list[str]:
    """Packages among the project's own files, when they are small.

    https://getcomposer.org/doc/05-repositories.md#path
    """
    said = manifest.get("repositories")
    listed = said if isinstance(said, list) else list(mapping(said).values())
    files: list[str] = []
    for repository in map(mapping, listed):
        url = repository.get("url", "https://")
        if repository.get("type") in ("path", "artifact"):
            why = "`composer.json` has a package among its own files"
            if not isinstance(url, str) or set(url) & set("*?{$~["):
                raise NeedsSourceError(why)
            files += small_folder(image, join(folder, url), why)
            continue
        if not isinstance(url, str) or not (
            is_url(url) or "@" in url or "/" not in url.lstrip(".")
        ):
            raise NeedsSourceError("`composer.json` has a repository that is not an address")
    return files


def _patches(image: Image, folder: str, manifest: dict[str, Any]) -> list[str]:
    """What cweagans/composer-patches applies (https://docs.cweagans.net/composer-patches/)."""
    extra = table(manifest, "extra")
    listed = [mapping(patches) for patches in mapping(extra.get("patches")).values()]
    said = extra.get("patches-file")
    files = []
    if isinstance(said, str):
        files.append(join(folder, said))
        inside = json_table(image, files[0])
        listed += [mapping(patches) for patches in mapping(inside.get("patches")).values()]
    for patches in listed:
        for patch in patches.values():
            if not isinstance(patch, str) or not (is_url(patch) or image.has(join(folder, patch))):
                raise NeedsSourceError(f"{named('composer.json')} names a patch that is not there")
            if not is_url(patch):
                files.append(join(folder, patch))
    return files


COMPOSER = Manager(
    name="composer",
    programs=("composer", "composer.phar"),
    read=read,
    caches=(
        Cache(
            folder=".composer/cache",
            variables=(("COMPOSER_CACHE_DIR", ""), ("COMPOSER_HOME", "/cache")),
            in_images=(("composer", "/tmp/cache"),),  # noqa: S108  (what the image sets)
            purges=("--no-cache",),
            cleaned_by=("composer clear-cache", "composer clearcache", "composer cc"),
            moved_by=("composer config",),
        ),
    ),
    other_folders=(".composer", ".cache/composer"),
    free=frozenset("--ignore-platform-req".split()),
)
"""https://getcomposer.org/doc/06-config.md#cache-dir

Without a mount it may be `.cache/composer`; where `~/.composer` stands, Composer takes that, so a
mount on this folder is where it looks (https://getcomposer.org/doc/03-cli.md#composer-home)."""
