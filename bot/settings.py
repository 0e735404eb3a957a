"""Environment -> Settings, or one SettingsError that names everything missing or malformed."""

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

APP_VARIABLES = ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET")
DEFAULT_DATABASE = "sqlite:///layerwise.sqlite"
DEFAULT_API = "https://api.github.com"
DEFAULT_PORT = 8080
DEFAULT_APP_FILE = "layerwise-app.json"
SHORTEST_TOKEN = 20


class SettingsError(Exception):
    """The settings cannot be used; the message has one line for each fault, and no secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("The settings are incomplete or wrong:\n" + "\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class App:
    """The GitHub App that we are. Its secrets stay out of `repr`."""

    id: str
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service runs.

    `app` is None when no variable of the App is set at all and there is no `app_file`, in which
    the set-up page keeps the App that it makes. Without `operator_token` no operator's page.
    """

    app: App | None = None
    app_file: Path = Path(DEFAULT_APP_FILE)
    operator_token: str | None = field(default=None, repr=False)
    database_url: str = field(default=DEFAULT_DATABASE, repr=False)
    port: int = DEFAULT_PORT
    public_url: str | None = None
    github_api_url: str = DEFAULT_API
    sentry_dsn: str | None = field(default=None, repr=False)
    try_page: bool = True
    """Whether `/try` is served."""

    @property
    def github_url(self) -> str:
        """GitHub's website: its API is at https://api.HOST, or on GHES at https://HOST/api/v3."""
        parts = urlsplit(self.github_api_url)
        host = parts.netloc if parts.path else parts.netloc.removeprefix("api.")
        return f"{parts.scheme}://{host}"


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read every variable, each also as NAME_FILE, the path of a file that holds it.

    Raises SettingsError, once, with all that is missing or malformed.
    """
    reader = _Reader(environment)
    settings = Settings(
        app=reader.app(),
        app_file=reader.app_file(),
        operator_token=reader.operator_token(),
        database_url=reader.database_url(),
        port=reader.port(),
        public_url=reader.url("PUBLIC_URL"),
        github_api_url=reader.api_url(),
        sentry_dsn=reader.sentry_dsn(),
        try_page=reader.switch("TRY_PAGE", default=True),
    )
    if reader.faults:
        raise SettingsError(reader.faults)
    return settings


class _Reader:
    """Takes values out of an environment and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def text(self, name: str) -> str | None:
        """The variable or the content of its file, None when neither is set or it is blank."""
        value = self._environment.get(name, "").strip()
        path = self._environment.get(f"{name}_FILE", "").strip()
        if value and path:
            self._fault(name, f"is given twice, also as {name}_FILE")
        elif path:
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it is not UTF-8"
                self._fault(f"{name}_FILE", f"names a file that cannot be read ({reason})")
                return None
            if not value:
                self._fault(f"{name}_FILE", "names a file that is empty")
        return value or None

    def app(self) -> App | None:
        """The App, or None when nothing of it is set; a part of it is a fault."""
        names = [name + end for name in APP_VARIABLES for end in ("", "_FILE")]
        if not any(self._environment.get(name, "").strip() for name in names):
            return self._kept_app()
        found = len(self.faults)
        values = {name: self.text(name) for name in APP_VARIABLES}
        for name, value in values.items():
            if value is None and not any(name in fault for fault in self.faults[found:]):
                self._fault(name, "is missing")
        number, key, secret = (values[name] or "" for name in APP_VARIABLES)
        if number and not (number.isascii() and number.isdigit()):
            self._fault("GITHUB_APP_ID", "must be the number that GitHub shows as App ID")
        return App(number, self._private_key(key), secret)

    def app_file(self) -> Path:
        """GITHUB_APP_FILE: where the set-up page keeps the App."""
        return Path(self._environment.get("GITHUB_APP_FILE", "").strip() or DEFAULT_APP_FILE)

    def _kept_app(self) -> App | None:
        """The App that the set-up page made, where it was told to keep it here."""
        path = self.app_file()
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            self._fault("GITHUB_APP_FILE", f"names a file that cannot be read ({reason})")
            return None
        try:
            return read_app(text)
        except ValueError as error:
            self._fault("GITHUB_APP_FILE", f"({path}): {error}")
            return None

    def operator_token(self) -> str | None:
        """OPERATOR_TOKEN: long enough that nobody guesses it."""
        token = self.text("OPERATOR_TOKEN")
        if token is not None and len(token) < SHORTEST_TOKEN:
            self._fault("OPERATOR_TOKEN", f"must have at least {SHORTEST_TOKEN} characters")
        return token

    def _private_key(self, text: str) -> str:
        """The PEM with real line ends: environments often hold them as a backslash and an n."""
        if not text:
            return text
        pem = text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n").strip()
        if not is_private_key(pem):
            self._fault("GITHUB_PRIVATE_KEY", "must be the RSA key in PEM form, not encrypted")
        return pem

    def switch(self, name: str, *, default: bool) -> bool:
        """A variable that is on or off."""
        text = self.text(name)
        if text not in (None, "on", "off"):
            self._fault(name, "must be on or off")
        return default if text is None else text == "on"

    def port(self) -> int:
        """PORT, 1 to 65535."""
        text = self.text("PORT") or str(DEFAULT_PORT)
        if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536:
            return int(text)
        self._fault("PORT", "must be a number from 1 to 65535")
        return DEFAULT_PORT

    def database_url(self) -> str:
        """DATABASE_URL: a SQLite file or a PostgreSQL database."""
        url = self.text("DATABASE_URL") or DEFAULT_DATABASE
        if url.startswith("postgres://"):  # what Heroku and its like still hand out
            url = url.replace("postgres://", "postgresql://", 1)
        if not url.startswith(("sqlite:///", "postgresql://")) or url == "sqlite:///":
            self._fault("DATABASE_URL", "must begin with sqlite:/// (and a path) or postgresql://")
        return url

    def url(self, name: str) -> str | None:
        """An http or https URL without the slash at its end, None when it is not set or wrong."""
        text = self.text(name)
        if text is None:
            return None
        try:
            parts = urlsplit(text)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            self._fault(name, "must be a URL that begins with https:// or http://")
            return None
        return text.rstrip("/")

    def api_url(self) -> str:
        """GITHUB_API_URL; tokens go there, so in the clear only to this very machine."""
        url = self.url("GITHUB_API_URL")
        if url is None:
            return DEFAULT_API
        if url.startswith("http://") and not is_loopback(urlsplit(url).hostname or ""):
            self._fault("GITHUB_API_URL", "must begin with https://")
        if "?" in url or "#" in url or "@" in url:
            self._fault("GITHUB_API_URL", "must have no query, fragment or user")
        return url

    def sentry_dsn(self) -> str | None:
        """SENTRY_DSN: a URL with a key before the host and a project after it."""
        url = self.url("SENTRY_DSN")
        if url is not None:
            parts = urlsplit(url)
            if not parts.username or not parts.path.strip("/").isdigit():
                self._fault("SENTRY_DSN", "must look like https://<key>@<host>/<project>")
        return url

    def _fault(self, name: str, what: str) -> None:
        self.faults.append(f"  {name} {what}")


def is_private_key(pem: str) -> bool:
    """Whether it is an RSA key in PEM form, not encrypted. The reason could quote it: no word."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        return False
    return isinstance(key, RSAPrivateKey)


def read_app(text: str | bytes) -> App:
    """The App in the JSON that GitHub answers when it has made one, and that we keep.

    Raises ValueError, and says nothing secret in it.
    """
    try:
        data = json.loads(text)
        app = App(str(data["id"]), data["pem"].strip(), data["webhook_secret"])
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ValueError("it is not the JSON of an App") from None  # which may be quoted there
    if not (app.id.isascii() and app.id.isdigit()):
        raise ValueError("the App has no number")
    if not (isinstance(app.webhook_secret, str) and app.webhook_secret):
        raise ValueError("the App has no webhook secret")
    if not is_private_key(app.private_key):
        raise ValueError("the App's private key is no RSA key in PEM form")
    return app


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, by its name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
