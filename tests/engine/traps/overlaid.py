"""What a later COPY lays over what an install left."""

from tests.engine.traps.trap import NPM, Trap, all_first, manifests_first

OVERLAID = [
    Trap(
        f"the later COPY lays the developer's {folder} over the installed one",
        {**files, f"{folder}/{inside}": "old\n"},
        all_first(install, base),
        manifests_first(install, before, base),
        None,
    )
    for folder, inside, files, install, base, before in (
        ("node_modules", "stale/index.js", NPM, "npm ci", "node:20", "COPY package*.json ./\n"),
        (
            "_build/dev/lib/phoenix/ebin",
            ".compiled",
            {"mix.exs": '{:phoenix, "~> 1"}\n', "mix.lock": ""},
            "mix deps.get && rm -rf _build && mix deps.compile",
            "elixir:1.16",
            "COPY mix.exs mix.lock ./\n",
        ),
        (
            "vendor/composer",
            "installed.json",
            {"composer.json": "{}", "composer.lock": "{}"},
            "composer install",
            "composer:2",
            "COPY composer.* ./\n",
        ),
        (
            ".venv",
            "pyvenv.cfg",
            {"pyproject.toml": '[project]\nname = "a"\ndependencies = ["flask"]\n', "uv.lock": ""},
            "rm -rf .venv && uv sync --frozen",
            "ghcr.io/astral-sh/uv:latest",
            "COPY pyproject.toml uv.lock ./\n",
        ),
    )
]
