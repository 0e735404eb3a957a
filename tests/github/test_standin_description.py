"""The judge itself: GitHub's description is found, and it finds faults."""

import json

import pytest

from tests.github import description
from tests.github.rest import ENDPOINTS

NAMES = [f"{each.method} {each.path}" for each in ENDPOINTS]
OPENAPI = "openapi/generated/api.github.com.json"


def endpoint(line):
    return ENDPOINTS[NAMES.index(line)]


REVIEW = endpoint("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews")
PULL = endpoint("GET /repos/{owner}/{repo}/pulls/{pull_number}")


@pytest.fixture
def published():
    if description.schema_file(OPENAPI) is None:
        pytest.skip(description.why_no_schemas("@octokit/openapi"))


@pytest.fixture
def pull(repository):
    repository.commit("feature", {"a": "b\n"})
    return repository.open_pull_request("feature")


@pytest.mark.parametrize("each", ENDPOINTS, ids=NAMES)
def test_every_answer_has_a_model_or_is_none(each):
    if each.gives is not None:
        assert each.gives.strip("[]") in description._names()


@pytest.mark.usefixtures("published")
def test_every_endpoint_is_one_of_githubs():
    missing = [
        name for name in NAMES if name not in description.DESCRIBED_WRONG and not known(name)
    ]
    assert missing == []


def known(name):
    method, _, path = name.partition(" ")
    return method.lower() in description._document()["paths"].get(path, {})


def test_a_request_with_a_fault_is_told():
    faults = description.faults_of_request(REVIEW, b'{"event": "COMMENT", "boody": "x"}', {})
    assert any("boody" in fault for fault in faults)
    assert description.faults_of_request(REVIEW, b'{"event": "COMMENT", "body": "x"}', {}) == []


@pytest.mark.parametrize("version", description.VERSIONS)
def test_an_answer_with_a_fault_is_told(pull, version):
    whole = pull.json()
    if version == "2026-03-10":
        whole = json.loads(
            json.dumps(whole),
            object_hook=lambda o: {k: v for k, v in o.items() if k not in description.GONE},
        )

    def faults(body):
        return description.faults_of_answer(PULL, 200, json.dumps(body).encode(), version)

    assert faults(whole) == []
    assert faults({k: v for k, v in whole.items() if k != "number"})
    assert faults({**whole, "number": "1"})
    assert any("colour" in fault for fault in faults({**whole, "colour": "red"}))


@pytest.mark.usefixtures("published")
def test_an_unknown_variable_of_the_query_is_told():
    assert description.faults_of_request(PULL, b"", {"per_page": "1"}) == ["?per_page is unknown"]
