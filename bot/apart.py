"""Thinking apart from the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

_Asked = ParamSpec("_Asked")
_Found = TypeVar("_Found")

_thread = ThreadPoolExecutor(1, thread_name_prefix="analysis")
"""One: of several Python would run one at a time all the same, and what answers GitHub would have
to wait for its turn among them."""


async def apart(
    work: Callable[_Asked, _Found], *args: _Asked.args, **kwargs: _Asked.kwargs
) -> _Found:
    """What `work` gives, worked out after what others asked for before, while the loop runs on."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_thread, partial(work, *args, **kwargs))
