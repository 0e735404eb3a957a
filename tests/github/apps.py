"""Apps, their installations, and the tokens that prove who asks."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.github.accounts import API, WEB, Account, node_id
from tests.github.rest import Call, Caller, Refused, Reply, endpoint

if TYPE_CHECKING:
    from tests.github.standin import StandIn

LEVELS = ("read", "write", "admin")


@cache
def key_of(number: int) -> rsa.RSAPrivateKey:
    """Making a key takes long, so all stand-ins of a run use the same few."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class App:
    id: int
    slug: str
    owner: Account
    bot: Account
    permissions: dict[str, str]
    events: list[str]
    secret: str
    webhook_url: str | None
    created: str

    @property
    def client_id(self) -> str:
        return f"Iv23li{self.id:014d}"

    @property
    def key(self) -> rsa.RSAPrivateKey:
        return key_of(self.id)

    @property
    def private_key(self) -> str:
        """PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    def json(self) -> dict[str, Any]:
        """An `integration`."""
        return {
            "id": self.id,
            "client_id": self.client_id,
            "slug": self.slug,
            "node_id": node_id("App", self.id),
            "owner": self.owner.json(),
            "name": self.slug.capitalize(),
            "description": "",
            "external_url": "https://example.org",
            "html_url": f"{WEB}/apps/{self.slug}",
            "created_at": self.created,
            "updated_at": self.created,
            "permissions": dict(self.permissions),
            "events": list(self.events),
        }


@dataclass(slots=True)
class Installation:
    """An App on one account. `permissions` are what the account granted, `suspended` since when."""

    id: int
    app: App
    account: Account
    created: str
    permissions: dict[str, str]
    repository_ids: set[int] = field(default_factory=set)
    suspended: str | None = None
    everything: bool = False

    def json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "client_id": self.app.client_id,
            "account": self.account.json(),
            "repository_selection": "all" if self.everything else "selected",
            "access_tokens_url": f"{API}/app/installations/{self.id}/access_tokens",
            "repositories_url": f"{API}/installation/repositories",
            "html_url": f"{WEB}/settings/installations/{self.id}",
            "app_id": self.app.id,
            "app_slug": self.app.slug,
            "target_id": self.account.id,
            "target_type": self.account.type,
            "permissions": dict(self.permissions),
            "events": list(self.app.events),
            "created_at": self.created,
            "updated_at": self.created,
            "single_file_name": None,
            "has_multiple_single_files": False,
            "single_file_paths": [],
            "suspended_by": self.account.json() if self.suspended else None,
            "suspended_at": self.suspended,
        }


@dataclass(frozen=True, slots=True)
class Token:
    caller: Caller
    expires: datetime


def long_token(app: App) -> str:
    """The form that installation tokens have since 2026: `ghs_APPID_JWT`, about 520 characters.

    https://github.blog/changelog/2026-05-15
    """
    parts = (36, 270, 192)
    return f"ghs_{app.id}_" + ".".join(
        base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in parts
    )


def caller_of(github: "StandIn", authorization: str) -> Caller:
    """Who the `Authorization` header proves; Refused (401) when it proves nothing."""
    scheme, _, credential = authorization.partition(" ")
    if not authorization:
        return Caller()
    if scheme.lower() not in ("bearer", "token"):
        raise Refused(401, "Bad credentials")
    if credential in github.tokens:
        token = github.tokens[credential]
        if github.now() >= token.expires:
            raise Refused(401, "Bad credentials")
        installation = token.caller.installation
        if installation is not None:
            if installation.id not in github.installations:
                raise Refused(401, "Bad credentials")
            if installation.suspended:
                raise Refused(403, "This installation has been suspended")
        return token.caller
    if credential.count(".") == 2 and not credential.startswith("gh"):
        return Caller(app=_app_of(github, credential))
    raise Refused(401, "Bad credentials")


def _app_of(github: "StandIn", assertion: str) -> App:
    """https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app ."""
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
        issuer = str(claims.get("iss"))
        app = next(a for a in github.apps.values() if issuer in (str(a.id), a.client_id))
        jwt.decode(
            assertion,
            app.key.public_key(),
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, StopIteration) as error:
        raise Refused(401, "A JSON web token could not be decoded") from error
    now = github.now().timestamp()
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now + 5:
        raise Refused(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        )
    if not isinstance(expires, int) or expires <= now:
        raise Refused(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        )
    if expires > now + 600:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def _installation(call: Call) -> Installation:
    found = call.github.installations.get(call.number("installation_id"))
    if found is None or found.app is not call.caller.app:
        raise Refused(404, "Not Found")
    return found


@endpoint("GET /app", by="app", gives="Integration")
def show_app(call: Call) -> Reply:
    app = call.caller.app
    assert app is not None
    count = sum(i.app is app for i in call.github.installations.values())
    return Reply(200, {**app.json(), "installations_count": count})


@endpoint("GET /app/installations", by="app", gives="[Installation]")
def list_installations(call: Call) -> Reply:
    mine = [i for i in call.github.installations.values() if i.app is call.caller.app]
    return call.page([i.json() for i in mine])


@endpoint("GET /app/installations/{installation_id}", by="app", gives="Installation")
def show_installation(call: Call) -> Reply:
    return Reply(200, _installation(call).json())


@endpoint("GET /repos/{owner}/{repo}/installation", by="app", gives="Installation")
def show_repository_installation(call: Call) -> Reply:
    for installation in call.github.installations.values():
        if (
            installation.app is call.caller.app
            and call.repository.id in installation.repository_ids
        ):
            return Reply(200, installation.json())
    raise Refused(404, "Not Found")


@endpoint(
    "POST /app/installations/{installation_id}/access_tokens",
    by="app",
    gives="InstallationToken",
)
def create_token(call: Call) -> Reply:
    """A token for one hour, for no more than was granted."""
    installation, github = _installation(call), call.github
    if installation.suspended:
        raise Refused(403, "This installation has been suspended")
    asked = call.body or {}
    names = {
        r.name: r.id for r in github.repositories.values() if r.id in installation.repository_ids
    }
    ids = asked.get("repository_ids", [])
    wanted = set(ids) | {names.get(name, -1) for name in asked.get("repositories", [])}
    if len(wanted) > 500 or not wanted <= installation.repository_ids:
        raise Refused(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    permissions = _scoped(installation, asked.get("permissions"))
    repositories = wanted or set(installation.repository_ids)
    caller = Caller(
        installation.app, installation, installation.app.bot, permissions, frozenset(repositories)
    )
    token, expires = long_token(installation.app), github.now() + timedelta(hours=1)
    github.tokens[token] = Token(caller, expires)
    body: dict[str, Any] = {
        "token": token,
        "expires_at": expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "permissions": dict(permissions),
        "repository_selection": "selected" if wanted or not installation.everything else "all",
    }
    if wanted:
        body["repositories"] = [
            r.json() for r in github.repositories.values() if r.id in repositories
        ]
    return Reply(201, body)


def _scoped(installation: Installation, asked: Mapping[str, str] | None) -> dict[str, str]:
    granted = installation.permissions
    if asked is None:
        return dict(granted)
    for name, level in asked.items():
        if name not in granted or LEVELS.index(level) > LEVELS.index(granted[name]):
            raise Refused(422, "The permissions requested are not granted to this installation.")
    # Metadata comes with every token.
    return {"metadata": "read", **asked}


@endpoint(
    "GET /installation/repositories",
    by="installation",
    gives="InstallationRepositoriesGetResponse200",
)
def list_repositories(call: Call) -> Reply:
    mine = [r for r in call.github.repositories.values() if r.id in call.caller.repository_ids]
    return call.page(
        [r.json for r in mine],
        lambda page: {
            "total_count": len(mine),
            "repository_selection": "selected",
            "repositories": page,
        },
    )
