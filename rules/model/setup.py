"""Commands that set up an image and read nothing of the project: packages, users, folders, tools.

Only what is certain is named here. A command, an option or a path that is not known may read what
was copied, and then stays behind it.
"""

import posixpath
from collections.abc import Callable, Iterable, Sequence

from rules.model.dataclass import dataclass
from rules.model.installs.copied import NOTHING
from rules.model.installs.install import Call, join_known, split_options
from rules.model.managers import manager_of
from rules.model.places import is_home, is_inside, is_project_folder, overlap


def may_read_source(words: tuple[str, ...], folder: str, targets: Sequence[str]) -> bool:
    """Whether a command may read or change what was copied to `targets`.

    `words`: a simple command, unwrapped (no `sudo`, `env`, `python -m`), each word after quote
    removal; a pattern such as `*` may stand in a path, any other expansion makes the answer True
    before this is asked. `folder`: the working directory, absolute. `targets`: absolute paths.
    What the command is redirected to is the caller's to compare with `targets`.
    """
    if not words or not all(is_project_folder(place) or is_home(place) for place in targets):
        return True
    program = posixpath.basename(words[0])
    asked = _Asked(words[1:], folder, targets)
    judge = _JUDGES.get(program)
    return judge(asked) if judge is not None else _installs(program, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The words after the program, where it runs, and what it must not touch."""

    words: tuple[str, ...]
    folder: str
    targets: Sequence[str]

    def touches(self, word: str) -> bool:
        """Whether a path lies in a target, or a target in it."""
        if word.startswith("~") or "$" in word or "`" in word:
            return True
        path = join_known(self.folder, word)
        return any(overlap(path, posixpath.normpath(target)) for target in self.targets)

    def touches_any(self, words: Iterable[str]) -> bool:
        return any(self.touches(word) for word in words)

    def inside(self) -> bool:
        """Whether the working directory is a target or lies in one."""
        return any(is_inside(self.folder, target) for target in self.targets)


_Judge = Callable[[_Asked], bool]


def _nothing(asked: _Asked) -> bool:
    """`echo`, `true`: only an unquoted pattern reads the names of files (`echo *`)."""
    return any(
        set(word) & set("*?[") and not set(word) & set(" \t\n") and "://" not in word
        for word in asked.words
    )


def _paths(asked: _Asked) -> bool:
    """`mkdir`, `rm`: what is no option is a path; a value joined to an option may be one."""
    return asked.touches_any(_arguments(asked.words)) or _option_paths(asked)


def _owned_paths(asked: _Asked) -> bool:
    """`chown app:app PATH…`: the first argument is an owner or a mode."""
    if any(word.startswith("--reference") for word in asked.words):
        return True
    return asked.touches_any(_arguments(asked.words)[1:])


def _accounts(asked: _Asked) -> bool:
    """`useradd`: it makes a home, and leaves one alone that stands already."""
    if any(target.startswith("/home/") for target in asked.targets):
        return True
    return _named_paths(asked)


def _named_paths(asked: _Asked) -> bool:
    """Words are names and numbers, or paths when they hold a `/`."""
    return asked.touches_any(
        value
        for word in asked.words
        for value in word.split("=")
        if "/" in value and not _url(value)
    )


def _outside(asked: _Asked) -> bool:
    """`cp`, `tar`, `git`: it works where it runs, unless it is told of other places."""
    return asked.inside() or asked.touches_any(asked.words)


def _downloads(asked: _Asked) -> bool:
    """`curl`: it writes to its output, or to a file that an option names.

    https://curl.se/docs/manpage.html
    """
    words = iter(asked.words)
    for word in words:
        letters = word[1:] if word.startswith("-") and not word.startswith("--") else ""
        if not word.startswith("-"):
            if not _url(word) and ("/" in word or word.startswith("file:")):
                return True
        elif letters and set(letters[:-1]) <= _CURL_FLAGS and letters[-1] in "oHAmOfsSLkgv#46":
            if "O" in letters and asked.inside():
                return True
            value = next(words, "") if letters[-1] in "oHAm" else "/dev/null"
            if (letters[-1] == "o" and asked.touches(value)) or value.startswith("@"):
                return True
        elif word in ("--output", "--header", "--user-agent"):
            value = next(words, "")
            if (word == "--output" and asked.touches(value)) or value.startswith("@"):
                return True
        elif word in _CURL_NUMBERS:
            next(words, "")
        elif word not in _CURL_SWITCHES:
            return True
    return False


_CURL_FLAGS = frozenset("fsSLkgv#46O")
_CURL_NUMBERS = frozenset(
    "--proto --proto-redir --retry --retry-delay --retry-max-time --connect-timeout "
    "--max-time".split()
)
_CURL_SWITCHES = frozenset(
    "--fail --silent --show-error --location --insecure --compressed --tlsv1.2 --tlsv1.3 "
    "--create-dirs --retry-all-errors --retry-connrefused --no-progress-meter --progress-bar "
    "--http1.1 --ipv4".split()
)


def _makes_environment(asked: _Asked) -> bool:
    """`python -m venv DIR`: one folder is made."""
    paths = split_options(asked.words, frozenset(["-p", "--python", "--prompt"]))[1]
    return not paths or asked.touches_any(paths) or _option_paths(asked)


def _wget(asked: _Asked) -> bool:
    """`wget`: it writes where it runs, or to what `-O` or `-P` names.

    https://www.gnu.org/software/wget/manual/wget.html
    """
    words = [
        f"-{w[-1]}" if len(w) > 2 and w[0] == "-" and set(w[1:-1]) <= {*"qnvc"} else w
        for w in asked.words
    ]
    options, addresses = split_options(words, _WGET_VALUED)
    if not all(map(_url, addresses)) or {name for name, _ in options} - _WGET_KNOWN:
        return True
    places = [value for name, value in options if name in _WGET_PLACES]
    if asked.touches_any(place for place in places if "/" in place):
        return True
    return asked.inside() and not any(place.startswith("/") or place == "-" for place in places)


_WGET_PLACES = frozenset("-O --output-document -P --directory-prefix".split())
_WGET_VALUED = _WGET_PLACES | frozenset("-t --tries -T --timeout".split())
_WGET_KNOWN = _WGET_VALUED | frozenset(
    "-q -v -c -S -qO- --quiet --no-verbose --continue --no-clobber --server-response --progress "
    "--show-progress --no-check-certificate --https-only --secure-protocol --header --user-agent "
    "--content-disposition --no-config --no-cache --max-redirect --waitretry --retry-connrefused "
    "--post-data --http-user --http-password".split()
)


def _absolute(asked: _Asked) -> bool:
    """`cp`, `mv`: inside the source only paths from the root on are known not to be of it."""
    near = (word for word in _arguments(asked.words) if not word.startswith("/"))
    return asked.touches_any(asked.words) if not asked.inside() else any(near) or _paths(asked)


def _extensions(asked: _Asked) -> bool:
    """`install-php-extensions`, `pecl install`: words are names, but for paths and archives."""
    words = _arguments(asked.words)
    return asked.touches(_PHP) or any(
        "/" in word or word.endswith((".tgz", ".xml", ".tar")) for word in words
    )


def _bundled_extensions(asked: _Asked) -> bool:
    """`docker-php-ext-install`: names are folders of PHP's own source.

    https://github.com/docker-library/docs/tree/master/php#how-to-install-more-php-extensions
    """
    return asked.touches(_PHP) or _named_paths(asked)


_PHP = "/usr/src/php"
"""Where the images of PHP have its source: an extension of the project's may be copied there."""


def _composer_installer(asked: _Asked) -> bool:
    """`php -- --install-dir=DIR`: Composer's installer from standard input.

    https://getcomposer.org/download/
    """
    places = [w.partition("=")[2] for w in asked.words if w.startswith("--install-dir=/")]
    return asked.words[:1] != ("--",) or len(places) != 1 or asked.touches_any(places)


def _gems(asked: _Asked) -> bool:
    """`gem install NAME` reads no file and no Gemfile.

    https://guides.rubygems.org/command-reference/#gem-install
    """
    words = _arguments(asked.words)
    risky = ("-g", "--file", "-i", "--install-dir", "-n", "--bindir", "--config-file", "-l")
    if words[:1] not in (["install"], ["update"]) or not words[1:]:
        return "--system" not in asked.words
    if any(word.startswith(risky) for word in asked.words if word.startswith("-")):
        return True
    return any(word.endswith(".gem") or "/" in word for word in words)


def _corepack(asked: _Asked) -> bool:
    """`corepack enable` and `corepack prepare NAME@VERSION` read no manifest.

    https://github.com/nodejs/corepack#readme
    """
    verb, *names = _arguments(asked.words) or [""]
    if any(word.startswith(("--install-directory", "-o", "--output")) for word in asked.words):
        return True
    if verb in ("enable", "disable"):
        return False
    versions = all("@" in name and "/" not in name for name in names)
    return not (verb in ("prepare", "install") and names and versions)


def _cleans(program: str, asked: _Asked) -> bool:
    """Whether a command only empties the cache of a package manager (`npm cache clean`)."""
    manager = manager_of(program)
    commands = [c for cache in manager.caches for c in cache.cleaned_by] if manager else []
    calls = [" ".join([program, *words, ""]) for words in (asked.words, _arguments(asked.words))]
    return any(call.startswith(command + " ") for command in commands for call in calls)


def _configures(program: str, asked: _Asked) -> bool:
    """Whether a command only changes settings of the user (`npm config set x y`)."""
    words = _arguments(asked.words)
    if "--local" in asked.words or any(word.startswith("--location") for word in asked.words):
        return False
    if program == "poetry":
        return words[:1] == ["config"]
    return program in ("npm", "pip") and words[:1] == ["config"] and "set" in words[1:2]


def _installs(program: str, asked: _Asked) -> bool:
    """Whether a program is no package manager that installs only what its words name.

    Some look for settings where they run: which toolchain, which registry.
    """
    if _cleans(program, asked) or _configures(program, asked):
        return False
    manager = manager_of(program)
    reads = manager.read(Call(asked.words, asked.folder), NOTHING) if manager is not None else None
    if reads is None or reads.project or asked.touches_any(reads.writes):
        return True
    values = (value for word in asked.words for value in word.split("="))
    if asked.touches_any(value for value in values if value.startswith("/")):
        return True
    return program not in _ANYWHERE and asked.inside()


def _arguments(words: Sequence[str]) -> list[str]:
    """List what is no option, and all after `--`."""
    end = words.index("--") if "--" in words else len(words)
    return [w for w in words[:end] if not w.startswith("-") or w == "-"] + list(words[end + 1 :])


def _option_paths(asked: _Asked) -> bool:
    values = (w.partition("=")[2] for w in asked.words if w.startswith("--"))
    return asked.touches_any(value for value in values if value)


def _url(word: str) -> bool:
    scheme, found, _ = word.partition("://")
    return bool(found) and scheme.lower() in ("http", "https", "ftp")


_ANYWHERE = frozenset(
    "apt apt-get apk dnf yum microdnf tdnf zypper pip pip3 npm go mix conda mamba dotnet "
    "bundle bundler".split()
)
"""Package managers that read no settings where they run, but for those that have effect there."""

_JUDGES: dict[str, _Judge] = {
    **dict.fromkeys(
        "echo printf true : false set exit date uname id whoami nproc".split(), _nothing
    ),
    **dict.fromkeys(
        "locale-gen ldconfig update-ca-certificates update-locale update-alternatives "
        "dpkg-reconfigure add-apt-repository apt-mark docker-php-ext-enable a2enmod a2dismod "
        "phpenmod".split(),
        _named_paths,
    ),
    **dict.fromkeys(("docker-php-ext-install", "docker-php-ext-configure"), _bundled_extensions),
    **dict.fromkeys("install tar unzip gunzip rpm sed test [ git sha256sum gpg".split(), _outside),
    **dict.fromkeys("cp mv cat dpkg".split(), _absolute),
    "wget": _wget,
    "php": _composer_installer,
    **dict.fromkeys(("pecl", "install-php-extensions"), _extensions),
    "curl": _downloads,
    "gem": _gems,
    "corepack": _corepack,
    **dict.fromkeys(("venv", "virtualenv"), _makes_environment),
    **dict.fromkeys("mkdir rmdir rm touch ln".split(), _paths),
    **dict.fromkeys("chown chmod chgrp".split(), _owned_paths),
    **dict.fromkeys(
        "useradd groupadd adduser addgroup usermod groupmod userdel groupdel".split(), _accounts
    ),
}
