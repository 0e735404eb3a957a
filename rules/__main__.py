"""`python -m rules` prints the catalogue; `--write FILE` puts it into a README."""

import sys
from pathlib import Path

from rules.catalogue import catalogue

START, END = "<!-- rules: python -m rules -->\n", "<!-- end of rules -->"


def updated(readme: str) -> str:
    """The README with the catalogue between its two marks."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{catalogue()}\n{END}{after}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        target = Path(sys.argv[2])
        target.write_text(updated(target.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(catalogue())
