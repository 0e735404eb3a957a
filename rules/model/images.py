"""What is known of base images without asking a registry: the user and the folder they set.

Facts from the images' own Dockerfiles; an image that is not listed is unknown, never guessed.
"""

from functools import lru_cache

from rules.model.dataclass import dataclass

# The Docker Official Images: https://github.com/docker-library/official-images/tree/master/library
_LIBRARY = frozenset(
    """
    adminer aerospike almalinux alpine alt amazoncorretto amazonlinux api-firewall arangodb
    archlinux backdrop bash bonita buildpack-deps busybox caddy cassandra centos chronograf cirros
    clearlinux clefos clickhouse clojure composer convertigo couchbase couchdb crate dart debian
    docker drupal eclipse-mosquitto eclipse-temurin eggdrop elasticsearch elixir emqx erlang
    fedora flink fluentd friendica gazebo gcc geonetwork ghost golang gradle groovy haproxy
    haskell haxe hello-world hitch httpd hylang ibm-semeru-runtimes ibmjava influxdb irssi jetty
    joomla jruby julia kapacitor kibana kong krakend lightstreamer liquibase logstash mageia
    mariadb matomo maven mediawiki memcached mongo mongo-express monica mono mysql nats
    nats-streaming neo4j neurodebian nextcloud nginx node notary odoo open-liberty openjdk
    oraclelinux orientdb percona perl photon php php-zendserver phpmyadmin plone postfixadmin
    postgres pypy python r-base rabbitmq rakudo-star redis redmine registry rethinkdb
    rocket.chat rockylinux ros ruby rust sapmachine satosa scratch silverpeas sl solr sonarqube
    spark spiped storm swift swipl teamspeak telegraf tomcat tomee traefik ubuntu unit varnish
    vault wordpress xwiki yourls znc zookeeper
    """.split()
)
_USERS: dict[str, str | None] = {
    "api-firewall": "api-firewall",
    "elasticsearch": "1000:0",
    "fluentd": "fluent",
    "groovy": "groovy",
    "haproxy": None,  # root up to 2.3
    "irssi": "user",
    "jetty": "jetty",
    "geonetwork": "jetty",
    "kibana": "1000",
    "kong": "kong",
    "liquibase": "liquibase",
    "logstash": "1000",
    "memcached": "memcache",
    "odoo": "odoo",
    "open-liberty": "1001",
    "percona": None,  # by version
    "solr": "solr",
    "sonarqube": None,  # by version
    "spark": "spark",
    "varnish": None,  # root up to 6.0
    "websphere-liberty": "1001",
}
_FOLDERS: dict[str, str | None] = {
    "adminer": "/var/www/html",
    "caddy": "/srv",
    "clojure": "/tmp",  # noqa: S108  # a fact about the image
    "composer": "/app",
    "dart": "/root",
    "drupal": None,  # by version
    "elasticsearch": "/usr/share/elasticsearch",
    "flink": "/opt/flink",
    "geonetwork": None,
    "ghost": "/var/lib/ghost",
    "golang": "/go",
    "gradle": "/home/gradle",
    "groovy": "/home/groovy",
    "haproxy": None,
    "httpd": "/usr/local/apache2",
    "jetty": "/var/lib/jetty",
    "joomla": "/var/www/html",
    "kibana": "/usr/share/kibana",
    "liquibase": "/liquibase",
    "logstash": "/usr/share/logstash",
    "matomo": "/var/www/html",
    "mediawiki": "/var/www/html",
    "monica": "/var/www/html",
    "nextcloud": "/var/www/html",
    "open-liberty": None,
    "perl": None,  # /usr/src/app in newer ones
    "phpmyadmin": "/var/www/html",
    "plone": None,
    "redis": "/data",
    "redmine": "/usr/src/redmine",
    "solr": None,
    "sonarqube": None,
    "spark": "/opt/spark/work-dir",
    "storm": None,
    "tomcat": "/usr/local/tomcat",
    "tomee": "/usr/local/tomee",
    "varnish": None,
    "websphere-liberty": None,
    "wordpress": "/var/www/html",
    "xwiki": None,
    "yourls": "/var/www/html",
    "zookeeper": None,
}
# Others that are used often: the start of the name, the user, the folder.
_OTHERS: tuple[tuple[str, str | None, str | None], ...] = (
    ("mcr.microsoft.com/dotnet/", "root", "/"),
    ("mcr.microsoft.com/playwright", "root", "/"),
    ("mcr.microsoft.com/devcontainers/", "root", "/"),
    ("mcr.microsoft.com/vscode/devcontainers/", "root", "/"),
    ("gcr.io/distroless/", "root", "/"),
    ("ghcr.io/astral-sh/uv", "root", "/"),
    ("public.ecr.aws/lambda/", "root", "/var/task"),
    ("nvidia/cuda", "root", "/"),
    ("nvcr.io/nvidia/cuda", "root", "/"),
    ("oven/bun", "root", "/home/bun/app"),
    ("nginxinc/nginx-unprivileged", "101", "/"),
    ("mambaorg/micromamba", "mambauser", None),
    ("continuumio/", "root", "/"),
    ("condaforge/", "root", "/"),
    ("jupyter/", "jovyan", "/home/jovyan"),
    ("quay.io/jupyter/", "jovyan", "/home/jovyan"),
    ("cimg/", "circleci", "/home/circleci/project"),
    ("cgr.dev/chainguard/", None, None),
    ("bitnami/", None, None),
    ("lukemathwalker/cargo-chef", "root", "/"),
    ("messense/rust-musl-cross", "root", "/home/rust/src"),
)
_REGISTRIES = (
    "docker.io/library/",
    "index.docker.io/library/",
    "public.ecr.aws/docker/library/",
    "mirror.gcr.io/library/",
    "library/",
)


@dataclass(frozen=True, slots=True)
class Image:
    """A base image by its name, as far as the name tells."""

    name: str
    """Without tag and digest, without the registry for official images: `python`, `oven/bun`."""
    tag: str | None
    user: str | None
    """USER that it sets, `root` when it sets none; None when unknown."""
    folder: str | None
    """WORKDIR that it sets, `/` when it sets none; None when unknown."""

    @property
    def official(self) -> bool:
        """Whether it is one of the Docker Official Images."""
        return self.name in _LIBRARY


@lru_cache(maxsize=128)
def read_image(reference: str) -> Image:
    """Read the image that FROM names, `reference` expanded as far as it can be.

    A `$` left in the tag does not matter; one in the name makes the image unknown.
    """
    name, tag = _split(reference)
    if "$" in name:
        return Image(name, tag, None, None)
    for registry in _REGISTRIES:
        if name.startswith(registry):
            name = name.removeprefix(registry)
            break
    if name in _LIBRARY:
        return Image(name, tag, _USERS.get(name, "root"), _folder(name, tag or ""))
    full = name.removeprefix("docker.io/")
    for start, user, folder in _OTHERS:
        if full.startswith(start):
            return _other(Image(full, tag, user, folder))
    return Image(full, tag, None, None)


def _split(reference: str) -> tuple[str, str | None]:
    """Name and tag; a digest is dropped. A colon before the last slash is a registry's port."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    return head + slash + last, tag if colon else None


def _folder(name: str, tag: str) -> str | None:
    if name == "php":
        if "$" in tag:
            return None
        return "/var/www/html" if "apache" in tag or "fpm" in tag else "/"
    return _FOLDERS.get(name, "/")


def _other(image: Image) -> Image:
    """Tags that set another user than their neighbours do."""
    tag = image.tag or ""
    if image.name.startswith("gcr.io/distroless/") and ("nonroot" in tag or "$" in tag):
        known = "$" not in tag
        return Image(
            image.name,
            image.tag,
            "65532" if known else None,
            "/home/nonroot" if known else None,
        )
    if image.name.startswith("mcr.microsoft.com/dotnet/") and (
        "chiseled" in tag or "distroless" in tag or "$" in tag
    ):
        return Image(image.name, image.tag, None, image.folder)
    return image
