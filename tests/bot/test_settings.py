import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.settings import Settings, SettingsError, read

SECRET = "a webhook secret"


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@pytest.fixture
def whole(pem):
    return {
        "GITHUB_APP_ID": "123",
        "GITHUB_PRIVATE_KEY": pem,
        "GITHUB_WEBHOOK_SECRET": SECRET,
    }


def faults(environment) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(environment)
    return caught.value.faults


def test_nothing_set_means_no_app_and_a_sqlite_file():
    assert read({}) == Settings(
        app=None,
        database_url="sqlite:///layerwise.sqlite",
        port=8080,
        public_url=None,
        github_api_url="https://api.github.com",
        sentry_dsn=None,
    )


def test_all_of_an_app_is_read(whole, pem):
    app = read(whole).app
    assert (app.id, app.private_key, app.webhook_secret) == ("123", pem.strip(), SECRET)


@pytest.mark.parametrize(
    "missing", ["GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET"]
)
def test_a_part_of_an_app_is_an_error_that_names_what_is_missing(whole, missing):
    del whole[missing]
    assert faults(whole) == (f"  {missing} is missing",)


def test_one_error_names_all_that_is_missing_and_malformed():
    environment = {"GITHUB_APP_ID": "my-app", "PORT": "0x10", "GITHUB_API_URL": "ghe.example.com"}
    found = "\n".join(faults(environment))
    for name in ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET", "PORT"):
        assert f"  {name} " in found
    assert "  GITHUB_API_URL " in found


def test_a_blank_variable_counts_as_not_set():
    assert read({"GITHUB_APP_ID": "", "GITHUB_PRIVATE_KEY": " ", "PORT": ""}).app is None


@pytest.mark.parametrize("mangle", [
    lambda pem: pem.replace("\n", "\\n"),
    lambda pem: pem.replace("\n", "\r\n"),
    lambda pem: f"\n{pem}\n\n",
])  # fmt: skip
def test_a_private_key_survives_what_environments_do_to_its_line_ends(whole, pem, mangle):
    whole["GITHUB_PRIVATE_KEY"] = mangle(pem)
    assert read(whole).app.private_key == pem.strip()


def elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("key", ["nonsense", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", elliptic()])  # fmt: skip
def test_a_private_key_must_be_an_rsa_key(whole, key):
    whole["GITHUB_PRIVATE_KEY"] = key
    assert faults(whole) == ("  GITHUB_PRIVATE_KEY must be the RSA key in PEM form, not encrypted",)


def test_every_variable_can_be_a_file(whole, tmp_path):
    environment = {}
    for name, value in {**whole, "PORT": "99", "DATABASE_URL": "postgresql://db/x"}.items():
        file = tmp_path / name
        file.write_text(f"{value}\n")
        environment[f"{name}_FILE"] = str(file)
    settings = read(environment)
    assert settings.app == read(whole).app
    assert (settings.port, settings.database_url) == (99, "postgresql://db/x")


def test_a_file_that_cannot_be_read_is_named_once(whole, tmp_path):
    del whole["GITHUB_WEBHOOK_SECRET"]
    whole["GITHUB_WEBHOOK_SECRET_FILE"] = str(tmp_path / "none")
    (fault,) = faults(whole)
    assert fault.startswith(
        "  GITHUB_WEBHOOK_SECRET_FILE names a file that cannot be read (No such"
    )


@pytest.mark.parametrize("content", [None, b"{", b"\xff", b'{"id": 1, "pem": "-----BEGIN"}'])
def test_an_app_that_was_kept_and_cannot_be_read_is_a_fault(tmp_path, content):
    file = tmp_path / "app.json"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    (fault,) = faults({"GITHUB_APP_FILE": str(file)})
    assert fault.startswith("  GITHUB_APP_FILE ")
    assert "BEGIN" not in fault


def test_variables_of_the_app_go_before_the_one_that_was_kept(whole, tmp_path):
    (tmp_path / "app.json").write_text("{")
    assert read({**whole, "GITHUB_APP_FILE": str(tmp_path / "app.json")}).app == read(whole).app


def test_a_variable_and_its_file_at_once_are_refused(whole, tmp_path):
    whole["GITHUB_APP_ID_FILE"] = str(tmp_path / "id")
    assert "is given twice" in "\n".join(faults(whole))


@pytest.mark.parametrize(("name", "value"), [
    ("PORT", "0"), ("PORT", "65536"), ("PORT", "-1"), ("PORT", "١٢"),
    ("PUBLIC_URL", "layerwise.example.com"), ("PUBLIC_URL", "ftp://example.com"),
    ("PUBLIC_URL", "https://"), ("PUBLIC_URL", "https://[::1"),
    ("GITHUB_API_URL", "http://ghe.example.com/api/v3"),
    ("GITHUB_API_URL", "https://user:password@ghe.example.com"),
    ("GITHUB_API_URL", "https://ghe.example.com/?x"),
    ("DATABASE_URL", "mysql://db/x"), ("DATABASE_URL", "sqlite:///"), ("DATABASE_URL", "x"),
    ("SENTRY_DSN", "key@sentry.example.com"), ("SENTRY_DSN", "https://sentry.example.com/1"),
    ("OPERATOR_TOKEN", "nineteen characters"),
])  # fmt: skip
def test_a_malformed_value_is_refused(name, value):
    (fault,) = faults({name: value})
    assert fault.startswith(f"  {name} must")


@pytest.mark.parametrize(("value", "url"), [
    ("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/v3"),
    ("https://api.shop.ghe.com", "https://api.shop.ghe.com"),
    ("http://127.0.0.1:99", "http://127.0.0.1:99"),
    ("http://localhost:99", "http://localhost:99"),
])  # fmt: skip
def test_github_may_be_another_host_in_the_clear_only_here(value, url):
    assert read({"GITHUB_API_URL": value}).github_api_url == url


def test_postgres_is_an_old_name_of_postgresql():
    assert read({"DATABASE_URL": "postgres://u:p@h/d"}).database_url == "postgresql://u:p@h/d"


def test_no_secret_is_in_what_is_printed(whole, pem):
    whole |= {"DATABASE_URL": "postgresql://u:hunter2@h/d", "SENTRY_DSN": "https://k3y@s.example/1"}
    whole["OPERATOR_TOKEN"] = "the token of the operator"
    text = repr(read(whole))
    for secret in (SECRET, pem.split("\n")[1], "hunter2", "k3y", "the token"):
        assert secret not in text
    whole["GITHUB_PRIVATE_KEY"] = f"{pem}x" * 2
    whole["PORT"] = "none"
    assert pem.split("\n")[1] not in "\n".join(faults(whole))
