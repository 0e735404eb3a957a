import pytest

from rules.model.setup import may_read_source


def reads(command, folder="/app", targets=("/app",)):
    return may_read_source(tuple(command.split()), folder, targets)


@pytest.mark.parametrize(
    "command",
    [
        "apt-get update", "apt-get install -y --no-install-recommends curl libpq-dev=15.*",
        "apt-get -y -o Acquire::Retries=3 install git", "rm -rf /var/lib/apt/lists/*",
        "apk add --no-cache --virtual .build-deps gcc musl-dev", "apk del .build-deps",
        "dnf install -y https://example.org/a.rpm", "dnf clean all", "yum -y update",
        "useradd --create-home --shell /bin/bash app", "addgroup -S app", "adduser -D -G app app",
        "mkdir -p /var/cache/app /data", "ln -s /usr/bin/python3 /usr/local/bin/python",
        "chown -R app:app /data", "chmod 0755 /usr/local/bin/tool", "echo hello", "set -eux",
        "pip install --upgrade pip", "pip install gunicorn==21.2 uvicorn[standard]",
        "npm install -g pnpm@9 typescript", "true", "rm -rf /tmp/*",
        "corepack enable", "corepack enable pnpm", "corepack prepare pnpm@9.1.0 --activate",
        "gem install bundler -v 2.5 --no-document", "gem update --system",
        "go install github.com/x/y@latest", "venv /opt/venv", "virtualenv -p python3 /opt/venv",
        "curl -fsSL https://example.org/x -o /usr/local/bin/x", "curl -sSLo /tmp/x https://x/y",
        "curl --proto =https --tlsv1.2 -sSf https://x/y", "apt-get clean", "npm cache clean --force",
        "update-ca-certificates", "locale-gen en_US.UTF-8", "mix local.hex --force",
        "npm config set registry https://x", "poetry config virtualenvs.create false",
        "dotnet tool install -g dotnet-ef", "yarn cache clean", "go clean -modcache",
        "bundle config --global frozen 1", "nproc", "docker-php-ext-install -j1 gd pdo_mysql",
        "docker-php-ext-configure gd --with-jpeg=/usr/lib", "docker-php-ext-enable redis",
        "a2enmod rewrite", "pecl install redis-5.3.7", "install-php-extensions @composer xdebug",
        "php -- --install-dir=/usr/local/bin --filename=composer", "cp /tmp/a /usr/bin/b",
        "mv /tmp/a /usr/bin/b", "dpkg -i /tmp/x.deb", "wget -qO - https://x/y",
        "wget -q https://x/y -O /tmp/y", "wget -P /opt https://x/y",
    ],
)  # fmt: skip
def test_setting_up_the_image_reads_nothing_copied(command):
    assert reads(command) is False


@pytest.mark.parametrize(
    "command",
    [
        "make", "./install.sh", "sh -c x", "", "apt-get install ./local.deb",
        "apt-get install local.deb", "apt-get -c apt.conf install curl", "apt-get source x",
        "apt-get -oDir::Etc=/app/etc update", "apk add --root /x y", "dnf install /app/x.rpm",
        "useradd -m -d /app app", "useradd --home-dir=/app/home app", "mkdir data", "mkdir /app/x",
        "mkdir ../app/x", "chown -R app:app .", "chown -R app /", "chown --reference=/app/x /data",
        "rm -rf *", "rm -rf /*", "rm -rf ~/.cache", "rm -rf /a*", "ln -s /app/bin/x /usr/bin/x",
        "echo *", "pip install .", "pip install -r requirements.txt", "pip install -t lib flask",
        "npm install", "npm install -g .", "npm install -g --prefix /app/x y", "npm run build",
        "rm -rf $HOME/x", "chmod +x entrypoint.sh", "corepack prepare", "corepack prepare --activate",
        "corepack use pnpm@9", "gem install x.gem", "gem install -g", "go install ./...",
        "go install tool", "venv .venv", "venv", "curl -O https://x/y", "curl -d @x https://x/y",
        "curl -T x https://x/y", "curl file:///app/x", "curl https://x/y -o out", "wget https://x/y",
        "cp a b", "tar xzf /tmp/x.tgz", "git describe", "cargo install ripgrep",
        "yarn global add serve", "bundle config set path x", "poetry config --local x y",
        "docker-php-ext-configure gd --with-jpeg=/app/lib", "pecl install ./x.tgz", "php x.php",
        "pecl install /app/ext", "php", "php -- --install-dir=bin", "php -- --install-dir=/app/bin",
        "cp /tmp/a b", "cp /app/a /usr/bin/a", "dpkg -i x.deb", "wget -i list", "wget x/y -O /tmp/y",
        "wget https://x/y -O y", "wget https://x/y -O /app/y", "wget https://x/y -Oy",
        "npm ci", "bundle install", "cargo fetch", "mvn package", "uv pip install ruff",
    ],
)  # fmt: skip
def test_what_names_the_project_or_is_not_known_may_read_it(command):
    assert reads(command) is True


def test_a_folder_beside_the_targets_is_free():
    assert reads("mkdir data", folder="/srv/other") is False


def test_a_target_below_a_named_folder_counts():
    assert reads("chown -R app /srv", folder="/", targets=("/srv/app",)) is True


def test_a_home_that_was_copied_into_is_not_made_earlier():
    assert reads("useradd -m app", targets=("/home/app/src",)) is True


def test_targets_in_system_folders_are_read_by_anybody():
    assert reads("apt-get update", targets=("/etc/apt",)) is True
    assert reads("true", targets=("/app", "/usr/local/bin/tool")) is True


def test_no_target_is_nothing_to_read():
    assert reads("mkdir data", targets=()) is False


@pytest.mark.parametrize(
    "command",
    [
        "tar -xzf /tmp/x.tgz -C /opt", "git clone https://x/y z", "wget https://x/y",
        "curl -O https://x/y", "sed -i s/a/b/ /etc/apt/sources.list", "cargo install ripgrep",
        "yarn global add serve", "dpkg -i x.deb", "uv pip install ruff",
    ],
)  # fmt: skip
def test_where_a_command_runs_may_matter(command):
    assert reads(command, folder="/tmp") is False
    assert reads(command, folder="/app/src") is True
    assert reads(f"{command} /app/x", folder="/tmp") is True


@pytest.mark.parametrize(
    "option",
    ["-qO/app/x", "-i/app/list", "-P/app", "--directory-prefix=/app/x", "--post-file=/app/x"],
)
def test_wget_may_read_or_write_what_its_options_name_wherever_it_runs(option):
    assert reads(f"wget {option} https://x/y", folder="/tmp") is True
    assert reads("wget -qO- --header=A:b https://x/y", folder="/tmp") is False


@pytest.mark.parametrize(
    "command", ["docker-php-ext-install", "docker-php-ext-configure", "install-php-extensions"]
)
def test_an_extension_of_php_may_be_the_projects_own(command):
    assert reads(f"{command} mine", folder="/", targets=("/usr/src/php/ext/mine",)) is True
    assert reads(f"{command} gd", folder="/", targets=("/usr/src/app",)) is False
