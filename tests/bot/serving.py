"""What the server wants when it is started as its operator starts it, in a process of its own."""

import os
import socket
from pathlib import Path

from tests.github.apps import App
from tests.github.standin import StandIn

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(github: StandIn, app: App, folder: Path) -> dict[str, str]:
    """The variables of a server that is this App: at the port of its webhook, with a database in the folder."""
    return {
        "PATH": os.environ["PATH"],
        "GITHUB_APP_ID": str(app.id),
        "GITHUB_PRIVATE_KEY": app.private_key,
        "GITHUB_WEBHOOK_SECRET": app.secret,
        "GITHUB_API_URL": github.url,
        "DATABASE_URL": f"sqlite:///{folder}/jobs.sqlite",
        "PORT": app.webhook_url.split(":")[2].split("/")[0],
    }
