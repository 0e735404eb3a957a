"""HTML pages: those in templates/, under headers that let a page do only its work."""

import asyncio
import secrets
from collections.abc import Sequence
from urllib.parse import parse_qsl

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES = Environment(
    loader=PackageLoader("bot.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


FORM_TIMEOUT = 10.0
"""Seconds for a browser to send a form."""


class BadForm(Exception):  # noqa: N818  an answer, not a mishap
    """A form that no page of ours sends."""

    status = 400


async def read_form(request: web.Request, most: int = 2**14) -> dict[str, str]:
    """The fields of a form of at most so many bytes. Raises BadForm."""
    length = request.content_length
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadForm("That is no form.")
    if length is None or length > most:
        raise BadForm("That is too much for this form.")
    try:
        async with asyncio.timeout(FORM_TIMEOUT):
            body = await request.read()
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=100
        )
    except (TimeoutError, ValueError) as error:
        raise BadForm("The form cannot be read.") from error
    return dict(fields)


def render(template: str, **values: object) -> str:
    """A template with values in it, each escaped."""
    return _TEMPLATES.get_template(template).render(**values)


def page(
    template: str, *, status: int = 200, posts_to: Sequence[str] = (), **values: object
) -> web.Response:
    """A template as an answer that nobody keeps.

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
        text=render(template, nonce=nonce, **values),
        status=status,
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )
