"""The text of a settings file -> Config; imported only where there is one."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import yaml

from bot.config import BUILDERS, CHECKS, DRAFTS, FAIL_ON, PROFILES, Config, ConfigError


def read(text: str, rules: Iterable[str]) -> tuple[Config, list[ConfigError]]:
    """Settings and their faults."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Config(), [ConfigError(line, f"not YAML: {error.problem}")]
    except (yaml.YAMLError, RecursionError, ValueError):
        return Config(), [ConfigError(1, "not YAML")]
    if root is None:
        return Config(), []
    reader = _Reader(tuple(rules))
    return reader.read(root), reader.errors


class _Loader(yaml.SafeLoader):
    """YAML without aliases, by which a few lines could become millions."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="aliases are not read here", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)


class _Reader:
    """Reads settings one by one and gathers faults."""

    def __init__(self, rules: tuple[str, ...]) -> None:
        self.rules = rules
        self.errors: list[ConfigError] = []
        self._loader = yaml.SafeLoader("")

    def read(self, root: yaml.Node) -> Config:
        config = Config()
        readers: dict[str, Callable[[yaml.Node], Any]] = {
            "version": self._version,
            "profile": self._one_of(PROFILES),
            "rules": self._rules,
            "ignore_paths": self._strings,
            "contexts": self._folders,
            "builder": self._one_of(BUILDERS),
            "persistent_builder": self._maybe,
            "max_comments": self._count,
            "drafts": self._one_of(DRAFTS),
            "check": self._one_of(CHECKS),
            "fail_on": self._one_of(FAIL_ON),
        }
        for key, node in self._pairs(root, "the settings"):
            read = readers.get(key)
            if read is None:
                self._fault(node, f"unknown setting {key!r}{_meant(key, readers)}")
                continue
            value = read(node)
            if value is not None:
                config = replace(config, **{key: value})
        return config

    def _fault(self, node: yaml.Node, message: str) -> None:
        self.errors.append(ConfigError(node.start_mark.line + 1, message))

    def _pairs(self, node: yaml.Node, what: str) -> Iterable[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, f"{what} must be `name: value` pairs")
            return
        seen = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in seen:
                self._fault(key, f"{name!r} is given twice")
                continue
            seen.add(name)
            yield name, value

    def _value(self, node: yaml.Node) -> Any:
        """A scalar as YAML types it; `on` and `off` are true and false."""
        if not isinstance(node, yaml.ScalarNode):
            return None
        return self._loader.construct_object(node)

    def _version(self, node: yaml.Node) -> None:
        if self._value(node) != 1:
            self._fault(node, "version must be 1")

    def _one_of(self, allowed: tuple[str, ...]) -> Callable[[yaml.Node], str | None]:
        def read(node: yaml.Node) -> str | None:
            value = node.value if isinstance(node, yaml.ScalarNode) else ""
            if value in allowed:
                return str(value)
            self._fault(node, f"{value!r} is none of {', '.join(allowed)}{_meant(value, allowed)}")
            return None

        return read

    def _rules(self, node: yaml.Node) -> dict[str, bool]:
        found = {}
        for name, value in self._pairs(node, "rules"):
            wanted = self._value(value)
            if name not in self.rules:
                self._fault(value, f"no rule is called {name!r}{_meant(name, self.rules)}")
            elif not isinstance(wanted, bool):
                self._fault(value, f"{name} must be on or off")
            else:
                found[name] = wanted
        return found

    def _strings(self, node: yaml.Node) -> tuple[str, ...] | None:
        items = node.value if isinstance(node, yaml.SequenceNode) else None
        if items is None or not all(isinstance(item, yaml.ScalarNode) for item in items):
            self._fault(node, "must be a list of paths")
            return None
        return tuple(item.value for item in items)

    def _folders(self, node: yaml.Node) -> dict[str, str]:
        found = {}
        for path, value in self._pairs(node, "contexts"):
            if not isinstance(value, yaml.ScalarNode):
                self._fault(value, f"the context of {path} must be a folder")
                continue
            folder = value.value.strip("/").removeprefix("./")
            if ".." in folder.split("/"):
                self._fault(value, f"the context of {path} must lie in the repository")
                continue
            found[path.removeprefix("./")] = "" if folder == "." else folder
        return found

    def _maybe(self, node: yaml.Node) -> bool | None:
        value = self._value(node)
        if isinstance(value, bool):
            return value
        if value != "auto":
            self._fault(node, "persistent_builder must be auto, true or false")
        return None

    def _count(self, node: yaml.Node) -> int | None:
        value = self._value(node)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 50:
            return value
        self._fault(node, "max_comments must be a number from 0 to 50")
        return None


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""
