"""R: `renv::restore()` (https://rstudio.github.io/renv/articles/docker.html)."""

from rules.model.installs.install import (
    Cache,
    Call,
    Image,
    Manager,
    Reads,
    join,
    tool_install,
)
from rules.model.installs.lines import literals
from rules.model.installs.reading import NeedsSourceError, following, here, reads_files, required

_RESTORE = frozenset(["prompt", "rebuild", "clean", "repos"])
_INSTALLERS = frozenset(
    "install.packages utils::install.packages install_version install_cran install_github "
    "remotes::install_version remotes::install_cran remotes::install_github pak::pkg_install "
    "pak::pak".split()
)
_SWITCHES = frozenset(
    "--vanilla --slave --quiet -q -s --no-save --no-echo --no-restore --silent".split()
)


@following
def read(call: Call, image: Image) -> Reads | None:
    """Read `Rscript -e 'renv::restore()'` and installs of names."""
    expressions = []
    words = iter(call.words)
    for word in words:
        if word == "-e":
            expressions.append("".join(next(words, "").split()).rstrip(";"))
        elif word not in _SWITCHES:
            return None
    steps = [step for text in expressions for step in text.split(";")]
    if not steps or not all(_restores(step) or _installs_names(step) for step in steps):
        return None
    profile = [] if "--vanilla" in call.words else _profile(image, call.folder)
    if not any(_restores(step) for step in steps):
        return reads_files(image, profile) if profile else tool_install()
    if not here(image, call.folder, "renv.lock"):
        raise NeedsSourceError("`renv.lock` does not come from the build context")
    settings = here(image, call.folder, "renv/settings.json", "renv/settings.dcf")
    files = [join(call.folder, "renv.lock"), *profile, *settings]
    return reads_files(image, files, (join(call.folder, "renv/library"),))


def _restores(step: str) -> bool:
    """Whether an expression is `renv::restore()` with arguments that name no files."""
    function, opened, rest = step.partition("(")
    arguments = rest.removesuffix(")").split(",") if rest != ")" else []
    known = all(argument.partition("=")[0] in _RESTORE for argument in arguments)
    return function == "renv::restore" and bool(opened) and rest.endswith(")") and known


def _installs_names(step: str) -> bool:
    """Whether an expression installs packages by their names."""
    function, _, rest = step.partition("(")
    names = literals(rest)
    local = any(name.startswith((".", "/", "~", "local::")) or ".tar" in name for name in names)
    nested = rest.replace("c(", "", 1)
    plain = nested.count("(") == 0 and "repos=NULL" not in rest
    return function in _INSTALLERS and bool(names) and plain and not local


def _profile(image: Image, folder: str) -> list[str]:
    """The profile that R runs when it starts there, if it only starts renv."""
    files = here(image, folder, ".Rprofile", ".Renviron")
    for path in here(image, folder, ".Rprofile"):
        for line in required(image, path).split("\n"):
            bare = line.partition("#")[0].strip().replace("'", '"')
            if not bare or bare.startswith("options("):
                continue
            if bare != 'source("renv/activate.R")':
                raise NeedsSourceError("`.Rprofile` may read other files")
            files += here(image, folder, "renv/activate.R")
    return files


RENV = Manager(
    name="renv",
    programs=("R", "Rscript"),
    read=read,
    caches=(
        Cache(
            folder=".cache/R/renv/cache",
            variables=(("RENV_PATHS_CACHE", ""), ("XDG_CACHE_HOME", "/R/renv/cache")),
            refused="the project's library links to the packages in the cache",
        ),
    ),
)
"""https://rstudio.github.io/renv/articles/package-install.html#cache"""
