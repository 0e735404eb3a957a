"""`python -m bot` is `layerwise`, for those who have not installed it."""

from bot.cli import main

main(prog_name="layerwise")
