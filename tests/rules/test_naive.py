from rules.model.cache import Change, rerun
from tests.rules.naive import NAIVE, PROJECT, improved
from tests.rules.tools import build


def test_from_the_naive_file_suggestions_lead_to_one_in_which_only_the_source_is_copied_again():
    before = build({"Dockerfile": NAIVE, **PROJECT})
    after = build(improved({"Dockerfile": NAIVE, **PROJECT}))
    change = Change(edits=frozenset({"main.py"}))

    def again(of):
        return [step.instruction for step in rerun(of, change) if step.status == "rerun"]

    assert again(before) == ["COPY", "RUN", "RUN", "RUN"]
    assert again(after) == ["COPY"]
    text = after.dockerfile.text
    assert len(after.dockerfile.stages) == 1
    assert "--mount=type=cache,target=/root/.cache/pip pip install" in text
    assert "--mount=type=cache,target=/var/cache/apt,sharing=locked" in text
    assert "docker-clean" in text
