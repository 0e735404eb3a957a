"""Reads a Dockerfile's layers: the folder, the user, the shell and the variables of each."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rules.model.copies import Copy, is_remote, keeps_name
from rules.model.dockerfile import Dockerfile, Heredoc, Instruction
from rules.model.environment import Environments
from rules.model.heredoc import marker
from rules.model.ignore import IgnoreFile
from rules.model.images import read_image
from rules.model.layer import Layer
from rules.model.mount import read_mount
from rules.model.sources import Files, clean
from rules.model.variables import Scope, scopes

SHELL = ("/bin/sh", "-c")
MAX_LAYERS = 6_000
"""ONBUILD may multiply instructions; beyond this many layers its triggers are left out."""
_FOLDERS = frozenset(
    """
    / /bin /boot /dev /etc /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr
    /usr/bin /usr/lib /usr/local /usr/local/bin /usr/local/lib /usr/sbin /usr/share /usr/src /var
    /var/cache /var/lib /var/log /var/tmp
    """.split()
)


@dataclass(frozen=True, slots=True)
class _State:
    """What the next instruction of a stage sees."""

    folder: str | None
    user: str | None
    folder_text: str
    """As the key of a RUN has it: `/app` and `/app/` differ."""
    user_text: str = ""
    """USER as written; "" when the base's is in force."""
    shell: tuple[str, ...] = SHELL
    folders: frozenset[str] = frozenset()
    """Paths known to be folders of the image."""
    makers: tuple[Layer, ...] = ()
    """RUNs that may make more of them."""
    onbuild: tuple[Instruction, ...] = ()


class _Reader:
    """Reads the instructions of one Dockerfile in order, keeping the state of each stage."""

    def __init__(
        self, dockerfile: Dockerfile, context: Files, arguments: Mapping[str, str | None]
    ) -> None:
        self._dockerfile = dockerfile
        self._context = context
        self._scopes = scopes(dockerfile, arguments)
        self._environments = Environments(dockerfile, self._scopes.parents)
        self._states: list[_State] = []
        self._extra = len(dockerfile.instructions)
        """The next free number for a trigger."""

    def layers(self) -> Iterator[Layer]:
        state = _State(None, None, "")
        for index, instruction in enumerate(self._dockerfile.instructions):
            scope = self._scopes.before[index]
            if instruction.keyword == "FROM":
                layer, state = self._from(instruction, index, scope)
                self._states.append(state)
            else:
                layer, state = self._next(instruction, index, scope, state)
                if layer.stage >= 0:
                    self._states[layer.stage] = state
            yield layer

    def _from(self, instruction: Instruction, index: int, scope: Scope) -> tuple[Layer, _State]:
        stage = self._dockerfile.stages[instruction.stage]
        platform = _platform(scope, stage.platform)
        parent = self._scopes.parents[stage.index]
        if parent is not None:
            state = self._states[parent]
            triggers, after = self._triggers(instruction, index, state)
            layer = self._made(
                instruction,
                index,
                scope,
                state,
                ("FROM", platform),
                parent=parent,
                triggers=triggers,
            )
            return layer, after
        image = self._scopes.images[stage.index].text or stage.image
        known = read_image(image)
        state = _State(known.folder, known.user, known.folder or "")
        if image != "scratch":
            state = replace(state, folders=_FOLDERS)
        layer = self._made(instruction, index, scope, state, ("FROM", image, platform), image=image)
        return layer, state

    def _triggers(
        self, instruction: Instruction, index: int, state: _State
    ) -> tuple[tuple[Layer, ...], _State]:
        """Run the ONBUILD instructions of the stage that a FROM names."""
        made: list[Layer] = []
        waiting, state = state.onbuild, replace(state, onbuild=())
        following = self._scopes.before[index + 1 : index + 2]
        scope = following[0] if following else self._scopes.before[index]
        for inner in waiting[: max(0, MAX_LAYERS - self._extra)]:
            trigger = replace(inner, stage=instruction.stage, span=instruction.span)
            layer, state = self._next(trigger, self._extra, scope, state)
            self._extra += 1
            made.append(layer)
        return tuple(made), state

    def _next(
        self, instruction: Instruction, index: int, scope: Scope, state: _State
    ) -> tuple[Layer, _State]:
        """Read one instruction: its layer, and the state after it."""
        match instruction.keyword:
            case "RUN":
                return self._run(instruction, index, scope, state)
            case "COPY" | "ADD":
                return self._copy(instruction, index, scope, state)
            case "WORKDIR":
                return self._workdir(instruction, index, scope, state)
        after = state
        if instruction.keyword == "USER":
            user = _expand(scope, instruction.value)
            after = replace(state, user=user, user_text=user or instruction.value)
        elif instruction.keyword == "SHELL" and instruction.args:
            after = replace(state, shell=tuple(word.text for word in instruction.args))
        elif instruction.keyword == "ONBUILD" and instruction.inner is not None:
            after = replace(state, onbuild=(*state.onbuild, instruction.inner))
        return self._made(instruction, index, scope, state, ()), after

    def _run(
        self, instruction: Instruction, index: int, scope: Scope, state: _State
    ) -> tuple[Layer, _State]:
        mounts = tuple(
            read_mount(
                value,
                state.folder,
                lambda text: _expand(scope, text),
                lambda name: self._stage_named(name, instruction.stage, by_number=False),
            )
            for value in instruction.values("mount")
        )
        command = _command(instruction, state.shell)
        environment = self._environments.key(instruction.stage, scope)
        flags = tuple(
            (flag.name, flag.value)
            for flag in instruction.flags
            if flag.name != "mount" and flag.value not in ("default", "sandbox")
        )
        keys = tuple(mount.key for mount in mounts)
        own = ("RUN", command, environment, state.user_text, state.folder_text, keys, flags)
        leaves = ("RUN", command, environment, state.user_text, state.folder, flags)
        layer = self._made(
            instruction, index, scope, state, own, step=True, leaves=leaves, mounts=mounts
        )
        if "mkdir" in instruction.value:
            state = replace(state, makers=(*state.makers, layer))
        return layer, state

    def _workdir(
        self, instruction: Instruction, index: int, scope: Scope, state: _State
    ) -> tuple[Layer, _State]:
        path = _expand(scope, instruction.value)
        folder, text = state.folder, f"{state.folder_text}/{instruction.value}"
        if path is None:
            folder = None
        elif path.startswith("/"):
            folder, text = _clean(path), path
        elif folder is not None:
            folder = text = _clean(posixpath.join(folder, path))
        own = ("WORKDIR", folder or text, state.user_text)
        layer = self._made(instruction, index, scope, state, own, step=folder != "/")
        after = replace(state, folder=folder, folder_text=text)
        return layer, after if folder is None else _with_folders(after, folder)

    def _copy(
        self, instruction: Instruction, index: int, scope: Scope, state: _State
    ) -> tuple[Layer, _State]:
        copy = self._read_copy(instruction, scope, state)
        if not copy.into_folder and copy.destination is not None and _brings_file(copy):
            state = _with_made_folders(state)
            copy = replace(copy, into_folder=copy.destination in state.folders)
        target = _expand(scope, instruction.args[-1].text)
        where = f"?{instruction.args[-1].text}" if target is None else _place(state, target)
        flags = {f.name: f.value for f in instruction.flags if f.name not in ("from", "exclude")}
        flags = {n: v if v is None else _expand(scope, v) or v for n, v in flags.items()}
        linked = flags.get("link", "false") in (None, "true") and "chmod" not in flags
        flags["link"] = str(linked)
        texts = tuple(
            (heredoc.name, self._body(scope, heredoc)) for heredoc in instruction.heredocs
        )
        sources = copy.sources
        if sources is None:
            sources = tuple(word.text for word in instruction.args[:-1])
        given = tuple(sorted((name, value or "true") for name, value in flags.items()))
        excluded = tuple(_expand(scope, value) or value for value in instruction.values("exclude"))
        keyword = instruction.keyword
        own = (keyword, (*sources, *copy.remote), where, (given, excluded), texts)
        rest = (copy.destination or where, copy.into_folder, flags.get("chown"), flags.get("chmod"))
        leaves = ("COPY", (*sources, *copy.remote), rest, excluded, texts)
        layer = self._made(
            instruction,
            index,
            scope,
            state,
            own,
            step=True,
            leaves=leaves,
            copy=copy,
            linked=linked,
        )
        folder = copy.destination
        if folder is not None and not copy.into_folder and _brings_file(copy):
            folder = posixpath.dirname(folder)
        return layer, state if folder is None else _with_folders(state, folder)

    def _read_copy(self, instruction: Instruction, scope: Scope, state: _State) -> Copy:
        *words, last = (word.text for word in instruction.args)
        target = _expand(scope, last)
        destination = None
        if target is not None and (target.startswith("/") or state.folder is not None):
            destination = _clean(posixpath.join(state.folder or "/", target))
        inline = tuple(h.name for h in instruction.heredocs)
        expanded = [_expand(scope, w) for w in words if not w.startswith("<<")]
        known = [word for word in expanded if word is not None]
        adds = instruction.keyword == "ADD"
        remote = tuple(word for word in known if adds and is_remote(word))
        local = tuple(clean(word) for word in known if not (adds and is_remote(word)))
        reference = instruction.flag("from")
        stage = None
        if reference is not None:
            reference = _expand(scope, reference) or reference
            stage = self._stage_named(reference, instruction.stage, by_number=True)
        exclude = instruction.values("exclude")
        return Copy(
            context=self._context,
            stage=stage,
            image=reference if stage is None else None,
            sources=local if len(known) == len(expanded) else None,
            remote=remote,
            inline=inline,
            destination=destination,
            into_folder=keeps_name((*words, *inline), target or ""),
            exclude=IgnoreFile.parse("\n".join(exclude), "") if exclude else None,
            parents=instruction.flag("parents") not in (None, "false"),
            unpacks=adds,
        )

    def _body(self, scope: Scope, heredoc: Heredoc) -> str:
        """Fill in the variables of a COPY's heredoc; where one is unknown they stay as written."""
        if not heredoc.expand:
            return heredoc.body
        return scope.expand(heredoc.body, quotes=False).text or heredoc.body

    def _stage_named(self, name: str, before: int, *, by_number: bool) -> int | None:
        return self._dockerfile.stage_named(name, before, by_number=by_number)

    def _made(  # noqa: PLR0913  # what all layers have, and what only some have
        self,
        instruction: Instruction,
        index: int,
        scope: Scope,
        state: _State,
        own: tuple[object, ...],
        *,
        step: bool = False,
        leaves: tuple[object, ...] | None = None,
        **more: Any,
    ) -> Layer:
        return Layer(
            instruction=instruction,
            index=index,
            stage=instruction.stage,
            step=step,
            folder=state.folder,
            user=state.user,
            shell=state.shell,
            variables=scope,
            own=own,
            leaves=own if leaves is None else leaves,
            **more,
        )


def _expand(scope: Scope, text: str) -> str | None:
    """Give a word's value, None when it is not known."""
    return scope.expand(text).text


def _platform(scope: Scope, platform: str | None) -> str:
    """Write the platform as the key has it: the machine's, taken for linux/amd64, is no news."""
    if platform is None or platform.strip("${}") in ("BUILDPLATFORM", "TARGETPLATFORM"):
        return ""
    return (_expand(scope, platform) or platform).replace("linux/amd64", "")


def _command(instruction: Instruction, shell: tuple[str, ...]) -> tuple[str, ...]:
    """Give what a RUN executes, as BuildKit hands it over.

    A script that is one heredoc and nothing else is that heredoc's text.
    """
    if instruction.json:
        return tuple(word.text for word in instruction.args)
    script, heredocs = instruction.script, instruction.heredocs
    alone = marker(script.strip()) if heredocs else None
    if alone is not None and alone.name == heredocs[0].name:
        body = heredocs[0].body
        if body.startswith("#!"):
            return (f"/dev/pipes/{heredocs[0].name}", body)
        return (*shell, body)
    return (*shell, script + "".join(f"\n{h.body}{h.name}" for h in heredocs))


def _place(state: _State, target: str) -> str:
    """Write a destination as the key has it: resolved, a final slash kept."""
    path = _clean(posixpath.join(state.folder or f"/?{state.folder_text}", target))
    if target.endswith("/") and path != "/":
        return path + "/"
    if target in (".", ""):
        return path.rstrip("/") + "/"
    return path.rstrip("/") + "/." if target.endswith("/.") else path


def _clean(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def _brings_file(copy: Copy) -> bool:
    """Whether all that it copies is one file (a folder's content lands in the destination)."""
    if copy.inline or copy.remote:
        return True
    return copy.local and len(copy.matches) == 1 and not copy.matches[0].folder


def _with_folders(state: _State, folder: str) -> _State:
    if folder in state.folders:
        return state
    found = {folder}
    while folder not in state.folders and folder != "/":
        folder = posixpath.dirname(folder)
        found.add(folder)
    return replace(state, folders=state.folders | found)


def _with_made_folders(state: _State) -> _State:
    """Look at the RUNs so far for folders that they make."""
    made = {folder for layer in state.makers for folder in _made_folders(layer)}
    return replace(state, folders=state.folders | made, makers=())


def _made_folders(layer: Layer) -> Iterator[str]:
    """Folders that a RUN makes by name."""
    script = layer.script
    for command in script.commands if script is not None else ():
        if command.name != "mkdir":
            continue
        for word in command.argv[1:]:
            if word.literal and (word.value.startswith("/") or layer.folder is not None):
                yield _clean(posixpath.join(layer.folder or "/", word.value))


def read_layers(
    dockerfile: Dockerfile, context: Files, arguments: Mapping[str, str | None]
) -> tuple[Layer, ...]:
    """Read a Dockerfile's layers, one for each instruction, in order.

    `arguments` are build arguments given from outside, None for one whose value is not known.
    """
    return tuple(_Reader(dockerfile, context, arguments).layers())
