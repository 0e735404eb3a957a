"""Ignore files that keep back what a build reads."""

from tests.engine.traps.trap import NPM, Trap, all_first

IGNORE_FILES = [
    Trap(
        "dist is tracked and nothing makes it",
        {**NPM, "dist/server.js": "x"},
        all_first("npm ci", last='CMD ["node", "dist/server.js"]\n'),
        all_first("npm ci", last='CMD ["node", "dist/server.js"]\n'),
        bad_files={".dockerignore": "dist\n"},
    ),
    Trap(
        "Vite reads .env",
        {
            "package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "5"}}',
            "package-lock.json": "{}",
            ".env": "VITE_A=1\n",
        },
        all_first("npm ci && npm run build && rm -f .env"),
        all_first("npm ci && npm run build && rm -f .env"),
        bad_files={".dockerignore": ".env*\n"},
    ),
    Trap(
        "a COPY names what the ignore file drops",
        {"conf/app.ini": "x"},
        "FROM debian:12\nCOPY conf/app.ini /etc/\n",
        "FROM debian:12\nCOPY conf/app.ini /etc/\n",
        None,
        "conf/app.ini",
        bad_files={".dockerignore": "conf\n"},
    ),
]
