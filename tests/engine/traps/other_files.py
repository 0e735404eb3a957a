"""Files beside the manifests that an install reads."""

from tests.engine.traps.trap import PYTHON, Trap, all_first, manifests_first

OTHER_FILES = [
    Trap(
        "poetry installs the project and wants its readme",
        {
            "pyproject.toml": '[tool.poetry]\nname = "app"\nreadme = "README.md"\n[tool.poetry.dependencies]\npython = "^3.12"\nflask = "^3"\n[build-system]\nbuild-backend = "poetry.core.masonry.api"\n',
            "poetry.lock": "",
            "README.md": "x",
            "app/__init__.py": "",
        },
        all_first("pip install poetry && poetry install", "python:3.12"),
        "FROM python:3.12\nWORKDIR /app\nRUN pip install poetry\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install\nCOPY . .\n",
        "FROM python:3.12\nWORKDIR /app\nRUN pip install poetry\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install --no-root\nCOPY . .\nRUN poetry install\n",
        "README.md",
    ),
    Trap(
        "uv installs the project and wants its package",
        {
            "pyproject.toml": '[project]\nname = "app"\ndependencies = ["flask"]\n[build-system]\nbuild-backend = "hatchling.build"\n',
            "uv.lock": "",
            "src/app/__init__.py": "",
        },
        all_first("uv sync --frozen", "ghcr.io/astral-sh/uv:python3.12-bookworm"),
        manifests_first(
            "uv sync --frozen",
            "COPY pyproject.toml uv.lock ./\n",
            "ghcr.io/astral-sh/uv:python3.12-bookworm",
        ),
        manifests_first(
            "uv sync --frozen --no-install-project",
            "COPY pyproject.toml uv.lock ./\n",
            "ghcr.io/astral-sh/uv:python3.12-bookworm",
            "RUN uv sync --frozen\n",
        ),
        "no file or folder found for package app",
    ),
    Trap(
        "pdm installs the project and wants its readme",
        {
            "pyproject.toml": '[project]\nname = "app"\nreadme = "README.md"\ndependencies = ["flask"]\n[build-system]\nbuild-backend = "pdm.backend"\n',
            "pdm.lock": "",
            "README.md": "x",
            "src/app/__init__.py": "",
        },
        all_first("pip install pdm && pdm sync", "python:3.12"),
        "FROM python:3.12\nWORKDIR /app\nRUN pip install pdm\nCOPY pyproject.toml pdm.lock ./\nRUN pdm sync\nCOPY . .\n",
        "FROM python:3.12\nWORKDIR /app\nRUN pip install pdm\nCOPY pyproject.toml pdm.lock ./\nRUN pdm sync --no-self\nCOPY . .\nRUN pdm sync\n",
        "README.md",
    ),
    Trap(
        "pdm has a dependency by path",
        {
            "pyproject.toml": '[project]\nname = "app"\ndependencies = ["cart @ file:///${PROJECT_ROOT}/libs/cart"]\n[tool.pdm]\ndistribution = false\n',
            "pdm.lock": "",
            "libs/cart/pyproject.toml": '[project]\nname = "cart"\n',
        },
        all_first("pip install pdm && pdm sync", "python:3.12"),
        "FROM python:3.12\nWORKDIR /app\nRUN pip install pdm\nCOPY pyproject.toml pdm.lock ./\nRUN pdm sync\nCOPY . .\n",
        "FROM python:3.12\nWORKDIR /app\nRUN pip install pdm\nCOPY pyproject.toml pdm.lock ./\nCOPY libs libs\nRUN pdm sync\nCOPY . .\n",
        "libs/cart",
    ),
    Trap(
        "pip install . packs the source",
        {"pyproject.toml": '[project]\nname = "app"\n', "app/__init__.py": "x = 1\n"},
        all_first("pip install .", "python:3.12"),
        manifests_first("pip install .", "COPY pyproject.toml ./\n", "python:3.12"),
    ),
    Trap(
        "pip install -e . maps the packages that are there",
        {
            "setup.py": 'setup(name="app", packages=find_packages(), long_description=open("README.md").read())\n',
            "README.md": "",
            "app/__init__.py": "x = 1\n",
        },
        all_first("pip install -e .", "python:3.12"),
        manifests_first("pip install -e .", "COPY setup.py README.md ./\n", "python:3.12"),
    ),
    Trap(
        "the version comes from .git",
        {
            "pyproject.toml": '[project]\nname = "app"\ndynamic = ["version"]\n[build-system]\nrequires = ["setuptools-scm"]\n[tool.setuptools_scm]\n',
            ".git/HEAD": "ref",
            "app/__init__.py": "",
        },
        all_first("pip install .", "python:3.12"),
        all_first("pip install .", "python:3.12"),
        None,
        "unable to detect version",
        bad_files={".dockerignore": ".git\n"},
    ),
    Trap(
        "git describe is run in the build",
        {"Makefile": "x", ".git/HEAD": "ref", "go.mod": "module m\n", "main.go": "package main\n"},
        all_first(
            'go build -ldflags "-X main.v=$(git describe)" -o app . && git rev-parse HEAD > rev',
            "golang:1.22",
        ),
        all_first(
            'go build -ldflags "-X main.v=$(git describe)" -o app . && git rev-parse HEAD > rev',
            "golang:1.22",
        ),
        None,
        "not a git repository",
        bad_files={".dockerignore": ".git\n"},
    ),
    *(
        Trap(
            f"requirements name other files: {line}",
            {
                **PYTHON,
                "requirements.txt": f"flask\n{line}\n",
                "base.txt": "six\n",
                "libs/x/setup.py": 'setup(name="x")\n',
            },
            all_first("pip install -r requirements.txt", "python:3.12"),
            manifests_first(
                "pip install -r requirements.txt", "COPY requirements.txt ./\n", "python:3.12"
            ),
            manifests_first(
                "pip install -r requirements.txt",
                f"COPY requirements.txt ./\nCOPY {copied} {copied}\n",
                "python:3.12",
            ),
            copied,
        )
        for line, copied in (
            ("-r base.txt", "base.txt"),
            ("--constraint=base.txt", "base.txt"),
            ("-c base.txt", "base.txt"),
            ("./libs/x", "libs/x"),
            ("-e ./libs/x", "libs/x"),
            ("x @ file:./libs/x", "libs/x"),
        )
    ),
    Trap(
        "requirements are in a folder and name a neighbour",
        {"requirements/prod.txt": "-r base.txt\n", "requirements/base.txt": "six\n"},
        all_first("pip install -r requirements/prod.txt", "python:3.12"),
        manifests_first(
            "pip install -r requirements/prod.txt",
            "COPY requirements/prod.txt requirements/\n",
            "python:3.12",
        ),
        manifests_first(
            "pip install -r requirements/prod.txt",
            "COPY requirements requirements\n",
            "python:3.12",
        ),
        "requirements/base.txt",
    ),
    Trap(
        "pipenv has a dependency by path",
        {
            "Pipfile": '[packages]\nflask = "*"\nx = {path = "./libs/x"}\n',
            "Pipfile.lock": "{}",
            "libs/x/setup.py": 'setup(name="x")\n',
        },
        all_first("pip install pipenv && pipenv install --deploy --system", "python:3.12"),
        manifests_first(
            "pip install pipenv && pipenv install --deploy --system",
            "COPY Pipfile Pipfile.lock ./\n",
            "python:3.12",
        ),
        manifests_first(
            "pip install pipenv && pipenv install --deploy --system",
            "COPY Pipfile Pipfile.lock ./\nCOPY libs/x libs/x\n",
            "python:3.12",
        ),
        "libs/x",
    ),
    Trap(
        "npm has a dependency by path",
        {
            "package.json": '{"dependencies": {"lib": "file:../lib"}}',
            "package-lock.json": "{}",
            "../lib/package.json": "{}",
        }
        | {"lib/package.json": "{}"},
        "FROM node:20\nWORKDIR /w/app\nCOPY . /w\nRUN cp /w/package*.json . && npm ci\n",
        "FROM node:20\nWORKDIR /w/app\nCOPY package*.json ./\nRUN cp package.json /w/ && cp package-lock.json /w/ && npm ci\nCOPY . /w\n",
        None,
        "/w/lib",
    ),
    Trap(
        "go.mod replaces a module by a folder",
        {
            "go.mod": "module m\nrequire x.org/y v1\nreplace x.org/y => ./third/y\n",
            "go.sum": "",
            "third/y/go.mod": "module x.org/y\n",
            "main.go": "package main\n",
        },
        all_first("go mod download && go build -o /app/run .", "golang:1.22"),
        manifests_first(
            "go mod download",
            "COPY go.mod go.sum ./\n",
            "golang:1.22",
            "RUN go build -o /app/run .\n",
        ),
        manifests_first(
            "go mod download",
            "COPY go.mod go.sum ./\nCOPY third/y/go.mod third/y/\n",
            "golang:1.22",
            "RUN go build -o /app/run .\n",
        ),
        "third/y/go.mod",
    ),
    Trap(
        "go mod tidy runs where there is no source: nothing is required any more",
        {
            "go.mod": "module example.org/app\n\ngo 1.22\n\nrequire example.org/x v1.0.0\n",
            "go.sum": "x\n",
            "main.go": 'package main\n\nimport _ "example.org/x"\n\nfunc main() {}\n',
        },
        "FROM golang:1.22\nWORKDIR /app\nCOPY go.mod go.sum main.go ./\nRUN go mod tidy\nRUN go build -o /out .\n",
        "FROM golang:1.22\nWORKDIR /app\nCOPY go.mod go.sum ./\nRUN go mod tidy\nCOPY main.go ./\nRUN go build -o /out .\n",
        "FROM golang:1.22\nWORKDIR /app\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY main.go ./\nRUN go mod tidy\nRUN go build -o /out .\n",
        "no required module provides package example.org/x",
    ),
    Trap(
        "go.work uses other modules",
        {
            "go.work": "use (\n\t./a\n\t./b\n)\n",
            "a/go.mod": "module a\n",
            "b/go.mod": "module b\n",
            "a/main.go": "package main\n",
        },
        all_first("go mod download && go build -o /run ./a", "golang:1.22"),
        manifests_first(
            "go mod download",
            "COPY go.work ./\nCOPY a/go.mod a/\n",
            "golang:1.22",
            "RUN go build -o /run ./a\n",
        ),
        manifests_first(
            "go mod download",
            "COPY go.work ./\nCOPY a/go.mod a/\nCOPY b/go.mod b/\n",
            "golang:1.22",
            "RUN go build -o /run ./a\n",
        ),
        "b/go.mod",
    ),
    Trap(
        "Go builds from vendor/",
        {
            "go.mod": "module m\nrequire x.org/y v1\n",
            "go.sum": "",
            "vendor/modules.txt": "x",
            "vendor/x.org/y/y.go": "package y\n",
            "main.go": "package main\n",
        },
        all_first("go build -o /run .", "golang:1.22"),
        all_first("go build -o /run .", "golang:1.22"),
        None,
        None,
        bad_files={".dockerignore": "vendor\n"},
    ),
    Trap(
        "a Go package of the module is left out",
        {
            "go.mod": "module m.org/m\n",
            "cmd/app/main.go": 'package main\n\nimport (\n\t"m.org/m/internal/x"\n)\n',
            "internal/x/x.go": "package x\n",
        },
        all_first("go build -o /run ./cmd/app", "golang:1.22"),
        manifests_first(
            "go build -o /run ./cmd/app", "COPY go.mod ./\nCOPY cmd cmd\n", "golang:1.22"
        ),
        manifests_first(
            "go build -o /run ./cmd/app",
            "COPY go.mod ./\nCOPY cmd cmd\nCOPY internal internal\n",
            "golang:1.22",
        ),
        "no Go files in /app/internal/x",
    ),
]
