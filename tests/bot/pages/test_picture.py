import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from bot.pages.picture import draw

ROOT = Path(__file__).parents[3]


def test_the_picture_in_the_readme_is_that_of_today(tmp_path):
    """Else: python -m bot.pages.picture .github/review.svg."""
    made = tmp_path / "review.svg"
    subprocess.run([sys.executable, "-m", "bot.pages.picture", made], cwd=ROOT, check=True)
    assert made.read_text() == (ROOT / ".github" / "review.svg").read_text()
    assert "(.github/review.svg)" in (ROOT / "README.md").read_text()


def test_the_picture_is_well_formed_and_loads_nothing():
    picture = draw()
    root = ET.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert picture.count("http") == 1  # the namespace
    assert "prefers-color-scheme: dark" in picture
