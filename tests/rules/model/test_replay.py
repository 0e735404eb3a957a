import rules
from rules.model.evidence import HEAD
from rules.model.replay import replay
from tests.rules.tools import build

FILES = {
    "Dockerfile": "FROM node:22\nWORKDIR /app\nRUN apt-get update\nCOPY . .\n"
    "RUN npm ci && npm run build\n",
    ".dockerignore": ".git\nnode_modules\n",
    "package.json": '{"scripts": {"build": "x"}}',
    "package-lock.json": "{}",
    "a.js": "",
}


def replayed(*commits, files=FILES):
    whole = build(files)
    fixed, _ = rules.combine(whole, [f for f in rules.check(whole)[0] if f.fix is not None])
    done = replay(whole, fixed, [frozenset(commit.split()) for commit in commits])
    return done, [(s.line, s.text, sorted(s.now), sorted(s.fixed)) for s in done.steps]


def test_a_run_that_the_fix_splits_is_counted_in_parts():
    done, steps = replayed("a.js", "package.json", "gone.js", "")
    assert steps == [
        (3, "apt-get update", [], []),
        (5, "npm ci", [0, 1, 2], [1]),
        (5, "npm run build", [0, 1, 2], [0, 1, 2]),
    ]
    assert (done.commits, done.now, done.fixed) == (4, 6, 4)


def test_what_is_ignored_and_what_lies_elsewhere_re_runs_nothing():
    _, steps = replayed("node_modules/a.js", HEAD)
    assert all(now == [] for *_, now, _ in steps)


def test_git_re_runs_where_it_is_sent():
    _, steps = replayed(HEAD, files={**FILES, ".dockerignore": "node_modules\n"})
    assert [(now, fixed) for _, _, now, fixed in steps][1:] == [([0], [])]
