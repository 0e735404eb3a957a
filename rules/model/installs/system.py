"""The package managers of Linux distributions: they install by name and read nothing of a project.

Their caches need more than a mount: Debian's images delete what apt downloaded (`docker-clean` in
/etc/apt/apt.conf.d), apk keeps nothing without /etc/apk/cache, and dnf, yum and zypper delete
packages once they are installed unless settings say otherwise; apk's index is fetched anew with
`--no-cache`, and so it must be with a mount
(https://docs.docker.com/reference/dockerfile/#example-cache-apt-packages,
https://wiki.alpinelinux.org/wiki/Local_APK_cache, https://dnf.readthedocs.io/en/latest/conf_ref.html).
"""

from dataclasses import replace

from rules.model.installs.install import (
    LATEST,
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    source_install,
    split_options,
    tool_install,
)
from rules.model.installs.reading import Reader, is_url

_ARCHIVES = (".deb", ".rpm", ".apk", ".pkg.tar.zst")


def _reader(verbs: str, valued: str, naming: str) -> Reader:
    """A reader for a manager with these verbs.

    `valued`: options with a value; `naming`: those that name files or another root.
    """
    known, with_value, risky = set(verbs.split()), frozenset(valued.split()), set(naming.split())

    def read(call: Call, _image: Image) -> Reads | None:
        options, arguments = split_options(call.words, with_value | risky)
        if not arguments or arguments[0] not in known:
            return None
        for name, value in options:
            told = value if name in ("-o", "--option", "--setopt") else name
            if name in risky or told.startswith(("Dir", "reposdir", "-oDir", "cachedir")):
                why = "it reads settings that are not followed"
                return replace(source_install(why), caches=(Cache(folder="/", refused=why),))
        for package in arguments[1:]:
            local = "/" in package or package.endswith(_ARCHIVES)
            if local and not is_url(package) and not _is_version(package):
                return source_install("it installs a file that may be copied")
        return tool_install()

    return read


def _is_version(package: str) -> bool:
    """`curl/bookworm-backports` and a program's path (`/usr/bin/make`) are names too."""
    return package.startswith(("/usr/", "/bin/", "/sbin/")) or (
        package.count("/") == 1 and not package.startswith((".", "/", "~"))
        and not package.endswith(_ARCHIVES)
    )  # fmt: skip


_DNF = (
    ("almalinux", 8, 10),
    ("amazonlinux", 2022, 2023),
    ("centos", 8, 8),
    ("fedora", 22, 40),
    ("oraclelinux", 8, 10),
    ("rockylinux", 8, 10),
)
_KEEPS_NOTHING = "it keeps no packages unless the settings of the image say so"


def _rpm(folder: str, *images: tuple[str, int, int]) -> Cache:
    """A cache of dnf or yum; without `keepcache` packages are gone once they are installed.

    https://dnf.readthedocs.io/en/latest/conf_ref.html#main-options
    """
    keeping = "--setopt=keepcache=1"
    return Cache(
        folder=folder,
        locked=True,
        cleaned_by=("dnf clean", "yum clean", "dnf5 clean"),
        on=images,
        accepted=("/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"),
        keep_options=tuple((program, keeping) for program in ("dnf", "dnf5", "yum")),
    )


_RPM_VERBS = (
    "install in update up upgrade dist-upgrade dup reinstall localinstall swap groupinstall "
    "makecache refresh ref module distro-sync builddep check-update remove erase autoremove"
)
_RPM_VALUED = (
    "--setopt --enablerepo --disablerepo --repo --repoid -x --exclude --releasever --comment "
    "--forcearch --nobest-for --advisory -e --errorlevel -d --debuglevel -t --type -r"
)
_RPM_NAMING = "-c --config --installroot --repofrompath --root -R --reposd-dir -D --cache-dir"

APT = Manager(
    name="apt",
    programs=("apt", "apt-get", "aptitude"),
    read=_reader(
        "install update upgrade dist-upgrade full-upgrade build-dep satisfy reinstall remove purge "
        "autoremove autopurge",
        "-o --option -t --target-release --default-release -a --host-architecture",
        "-c --config-file",
    ),
    caches=(
        Cache(
            folder="/var/cache/apt",
            locked=True,
            cleaned_by=("apt-get clean", "apt clean", "apt-get distclean", "apt distclean"),
            accepted=("/var/cache/apt/archives",),
            keep_options=(("apt", "-o APT::Keep-Downloaded-Packages=true"),),
            emptied_by="/etc/apt/apt.conf.d/docker-clean",
        ),
        # Not all of /var/lib/apt: which packages were installed by hand stands there too.
        Cache(folder="/var/lib/apt/lists", locked=True, index=True),
    ),
)
APK = Manager(
    name="apk",
    programs=("apk",),
    read=_reader(
        "add update upgrade fix del",
        "-t --virtual -X --repository --arch --wait --timeout --progress-fd",
        "-p --root --keys-dir --repositories-file --cache-dir",
    ),
    caches=(
        Cache(
            folder="/etc/apk/cache",
            purges=("--no-cache",),
            instead=("--update-cache", "--update", "-U"),  # else the index is up to four hours old
            cleaned_by=("apk cache clean", "apk cache purge"),
            accepted=("/var/cache/apk",),
            locked=True,
        ),
    ),
)
DNF = Manager(
    name="dnf",
    programs=("dnf", "dnf5", "tdnf"),
    read=_reader(_RPM_VERBS, _RPM_VALUED, _RPM_NAMING),
    caches=(
        _rpm("/var/cache/dnf", *_DNF),
        _rpm("/var/cache/libdnf5", ("fedora", 41, LATEST)),
    ),
)
YUM = Manager(
    name="yum",
    programs=("yum",),
    read=_reader(_RPM_VERBS, _RPM_VALUED, _RPM_NAMING),
    caches=(
        _rpm("/var/cache/yum", ("centos", 6, 7), ("amazonlinux", 1, 2)),
        _rpm("/var/cache/dnf", *_DNF),
    ),
)
MICRODNF = Manager(
    name="microdnf",
    programs=("microdnf",),
    read=_reader(_RPM_VERBS, _RPM_VALUED, _RPM_NAMING),
    caches=(Cache(folder="/var/cache/yum", locked=True, refused=_KEEPS_NOTHING),),
)
ZYPPER = Manager(
    name="zypper",
    programs=("zypper",),
    read=_reader(_RPM_VERBS, "-t --type -r --repo --from", _RPM_NAMING),
    caches=(Cache(folder="/var/cache/zypp", locked=True, refused=_KEEPS_NOTHING),),
)
