"""HTML pages: the templates in bot/templates, under headers that let a page do only its work."""

import secrets
from collections.abc import Sequence

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES = Environment(
    loader=PackageLoader("bot"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str, *, status: int = 200, posts_to: Sequence[str] = (), **values: object
) -> web.Response:
    """A template of bot/templates as an answer that nobody keeps.

    Its forms may be sent to this server and to the origins in `posts_to`; its own styles and
    scripts are known by `nonce`. Everything in `values` is escaped.
    """
    nonce = secrets.token_urlsafe(12)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        f"connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'{''.join(f' {origin}' for origin in posts_to)}"
    )
    return web.Response(
        text=_TEMPLATES.get_template(template).render(nonce=nonce, **values),
        status=status,
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )
