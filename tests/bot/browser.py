"""A headless Chromium for tests, to which this machine has the name that PUBLIC_URL gives it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

HOST = "layerwise.example"
PUBLIC = f"http://{HOST}"
"""GitHub refuses addresses of a machine itself, so the browser is told another name for it."""


@asynccontextmanager
async def browsing(port: int, **context: Any) -> AsyncIterator[Any]:
    """A page that reaches the server on `port` as PUBLIC. Skips where there is no browser."""
    playwright = pytest.importorskip("playwright.async_api", reason="no playwright")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed")
    names = f"--host-resolver-rules=MAP {HOST}:80 127.0.0.1:{port}"
    async with playwright.async_playwright() as driver:
        chromium = await driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", names]
        )
        page = await chromium.new_page(viewport={"width": 900, "height": 1000}, **context)
        page.set_default_timeout(15_000)
        yield page
        await chromium.close()


async def picture(page: Any, name: str) -> None:
    """Keep what the page looks like, in the folder LAYERWISE_SCREENSHOTS where that is set."""
    if folder := os.environ.get("LAYERWISE_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)
