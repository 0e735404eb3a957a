"""The pages of GitHub's website that a browser meets on the way to an App of one's own.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import json
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from tests.github.standin import StandIn

NEEDS = {
    "check_run": "checks",
    "check_suite": "checks",
    "issue_comment": "issues",
    "merge_group": "merge_queues",
    "pull_request": "pull_requests",
    "pull_request_review_comment": "pull_requests",
    "pull_request_review_thread": "pull_requests",
}
"""The permission without which an App cannot ask for an event."""
KEYS = frozenset(
    "name url hook_attributes redirect_url callback_urls setup_url description public "
    "default_events default_permissions request_oauth_on_install setup_on_update".split()
)


def add_routes(github: "StandIn", router: web.UrlDispatcher) -> None:
    async def ask(request: web.Request) -> web.Response:
        """What comes of the manifest is to be confirmed, and can be renamed."""
        form = await request.post()
        raw, state = str(form.get("manifest", "")), request.query.get("state", "")
        owner = request.match_info.get("organization", "your account")
        faults = faults_of_manifest(raw)
        if set(form) != {"manifest"}:
            faults.append(f"Fields that are not GitHub's: {', '.join(form)}")
        if faults:
            return _page(f"<p class=error>{escape('; '.join(faults))}", 422)
        name = json.loads(raw).get("name", "")
        return _page(
            f"<h1>Create GitHub App for {escape(owner)}</h1><form method=post action=/settings/apps>"
            f"<input type=hidden name=manifest value='{escape(raw)}'>"
            f"<input type=hidden name=state value='{escape(state)}'>"
            f"<input name=name value='{escape(name)}'><button>Create GitHub App</button></form>"
        )

    async def create(request: web.Request) -> web.Response:
        """Back to who sent the manifest, with a code by which to get the App."""
        form = await request.post()
        manifest = {**json.loads(str(form["manifest"])), "name": str(form["name"])}
        query = urlencode({"code": github.manifest_code(manifest), "state": form["state"]})
        raise web.HTTPFound(f"{manifest['redirect_url']}?{query}")

    async def install(request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        if slug not in {app.slug for app in github.apps.values()}:
            raise web.HTTPNotFound
        return _page(f"<h1>Install {escape(slug)}</h1><button>Install</button>")

    for owner in ("", "/organizations/{organization}"):
        router.add_post(f"{owner}/settings/apps/new", ask)
    router.add_post("/settings/apps", create)
    router.add_get("/apps/{slug}/installations/new", install)


def faults_of_manifest(raw: str) -> list[str]:
    """What GitHub refuses in it, in words."""
    try:
        manifest: Mapping[str, Any] = json.loads(raw)
    except ValueError:
        return ["Invalid manifest"]
    faults = [f"Unknown key {key}" for key in sorted(set(manifest) - KEYS)]
    if not 0 < len(manifest.get("name", "")) <= 34:
        faults.append("Name is too long (maximum is 34 characters)")
    hook = manifest.get("hook_attributes", {}).get("url", "")
    for name, url in {"url": manifest.get("url", ""), "hook url": hook}.items():
        if urlsplit(url).scheme not in ("http", "https"):
            faults.append(f"{name} must be a URL")
    if urlsplit(hook).hostname in ("localhost", "127.0.0.1", "::1"):
        faults.append(
            "Hook url is not supported because it isn't reachable over the public Internet"
        )
    granted = manifest.get("default_permissions", {})
    for event in manifest.get("default_events", ()):
        if event not in NEEDS:
            faults.append(f"Default events unsupported: {event}")
        elif NEEDS[event] not in granted:
            faults.append(f"Default events are not supported by permissions: {event}")
    return faults


def _page(body: str, status: int = 200) -> web.Response:
    text = f"<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>GitHub (stand-in)</title>{body}"
    return web.Response(text=text, status=status, content_type="text/html")
