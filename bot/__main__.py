"""`layerwise`, and `python -m bot` the same."""

import gc

gc.disable()  # imports leave no garbage; the command line enables it again
from bot.cli import main  # noqa: E402

if __name__ == "__main__":
    main(prog_name="layerwise")
