import pytest

from rules.model.invocations import Cache
from rules.model.invocations.hcl import read_hcl
from tests.rules.model.invocations.shown import places, shown

HCL = """
# one file
variable "TAG" { default = "latest" }
variable "DIR" {
  default = "a" // the folder
}
group "default" { targets = ["web", "other"] }
function "tag" { params = [x]  result = ["${x}"] }
target "base" {
  context = DIR
  args = { A = "1", "B" = TAG, C = foo(TAG), D = null }
  contexts = { lib = "../lib" }
  cache-to = ["type=gha,mode=max"]
}
target "web" {
  inherits   = ["base"]
  dockerfile = "web.Dockerfile"
  target     = "prod"
  tags       = tag("x")
  output = TAG == "latest" ? ["type=docker"] : []
  /* dockerfile = "no" */
}
target "inline" { dockerfile-inline = <<EOT
FROM a
EOT
}
target "here" {}
target "git" { context = "https://github.com/a/b.git" }
target "unknown" { context = "${X}" }
target "matrix" { matrix = { a = ["x"] }  dockerfile = "${a}" }
"""


def test_targets_inherit_and_variables_have_defaults():
    base, web, here = shown({"docker-bake.hcl": HCL})
    assert (base.dockerfile, base.root) == ("a/Dockerfile", "a")
    assert (web.dockerfile, web.root, web.target) == ("a/web.Dockerfile", "a", "prod")
    assert web.args == (("A", "1"), ("B", "latest"), ("C", None), ("D", None))
    assert web.contexts == ("lib",)
    assert web.caches == (Cache("gha", "max"),)
    assert (here.dockerfile, here.root) == ("Dockerfile", "")


def test_a_bake_file_may_be_json():
    text = """{"variable": {"D": {"default": "a"}}, "target": {
        "x": {"context": "${D}", "inherits": ["y", "x"]}, "y": {"dockerfile": "web.Dockerfile"}}}"""
    assert places({"docker-bake.json": text}) == [("a/web.Dockerfile", "a")]


@pytest.mark.parametrize(
    "text",
    ["", "target", 'target "a" {', "a = [", '"', 'target "a" { x = "${', "<<A\n", "}" * 9, "/*",
     "{" * 3000, "a = " + "[" * 3000, 'target "a" {' + "a={" * 3000],
)  # fmt: skip
def test_broken_hcl_is_read_as_far_as_it_goes(text):
    assert len(read_hcl(text)) <= 1


def test_the_git_context_of_an_action_is_that_of_the_bake_file():
    files = {
        "docker-bake.hcl": 'target "x" { context = "a" }',
        ".github/workflows/x.yml": "jobs: {j: {runs-on: ubuntu-latest, steps: [{uses: docker/bake-action@v6}]}}",
    }
    assert [(i.root, i.kind, i.hosted) for i in shown(files)] == [("a", "git", True)]
    files[".github/workflows/x.yml"] = files[".github/workflows/x.yml"].replace("v6", "v5")
    assert [(i.root, i.kind) for i in shown(files)] == [("a", "local")]
