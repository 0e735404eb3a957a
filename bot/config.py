"""The settings that a repository may give: `.github/layerwise.yml` -> Config."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from rules.model.dataclass import dataclass
from rules.model.ignore import IgnoreFile

PATH = ".github/layerwise.yml"
MAX_BYTES = 64 * 1024

PROFILES = ("quiet", "normal", "strict")
BUILDERS = ("auto", "buildkit", "podman", "kaniko", "legacy")
DRAFTS = ("check", "review", "skip")
CHECKS = ("relevant", "always")
FAIL_ON = ("never", "warning")
OFF_UNLESS_ASKED = frozenset(["single-stage-build"])
ORDER_COMMENTS = 3  # of the quiet profile


@dataclass(frozen=True, slots=True)
class Config:
    """What was asked for; the defaults are what an organisation gets that asks for nothing."""

    profile: str = "normal"
    rules: Mapping[str, bool] = field(default_factory=dict)
    ignore_paths: tuple[str, ...] = ()
    """Patterns of Dockerfiles that are not looked at, as in a .dockerignore."""
    contexts: Mapping[str, str] = field(default_factory=dict)
    """Path of a Dockerfile -> folder of its build context."""
    builder: str = "auto"
    persistent_builder: bool | None = None
    max_comments: int = 10
    drafts: str = "check"
    check: str = "relevant"
    fail_on: str = "never"

    def wants(self, rule: str, strategy: str) -> bool:
        """Whether a rule may speak."""
        if rule in self.rules:
            return self.rules[rule]
        if self.profile == "quiet":
            return strategy == "order"
        return self.profile == "strict" or rule not in OFF_UNLESS_ASKED

    def ignores(self, path: str) -> bool:
        """Whether a Dockerfile is not to be looked at."""
        if not self.ignore_paths:
            return False
        return IgnoreFile.parse("\n".join(self.ignore_paths), PATH).excludes(path)

    def without(self, rules: Iterable[str]) -> "Config":
        """The same settings with these rules silent."""
        return replace(self, rules={**self.rules, **dict.fromkeys(rules, False)})

    @property
    def most_comments(self) -> int:
        """How many comments one review may have."""
        return (
            min(self.max_comments, ORDER_COMMENTS) if self.profile == "quiet" else self.max_comments
        )


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One fault of a settings file, for its author; the rest of the file holds."""

    line: int
    message: str


def read_config(text: str | None, rules: Iterable[str]) -> tuple[Config, list[ConfigError]]:
    """Settings and their faults. `rules` are the names that rules have; None is no file."""
    if text is None:
        return Config(), []
    if len(text.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        return Config(), [ConfigError(1, f"larger than {MAX_BYTES // 1024} KiB")]
    from bot.config_text import read  # noqa: PLC0415  # many have no settings, and no YAML

    return read(text, rules)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a settings file asks for, its faults, and where it stands, in words."""

    config: Config = field(default_factory=Config)
    faults: tuple[ConfigError, ...] = ()
    where: str = PATH


def read_settings(text: str | None, rules: Iterable[str], where: str = PATH) -> SettingsFile:
    """The settings in a text; None is no file."""
    config, faults = read_config(text, rules)
    return SettingsFile(config, tuple(faults), where)
