"""The story of one job: fetch, check, compose; then post, tidy up and tell the verdict."""

import asyncio
from dataclasses import dataclass, replace

import rules
from bot import comment, verdict
from bot.analysis import Analysis, Looked, analyse, concerns_us, expected, likely, look, prove
from bot.apart import apart
from bot.conversation import Ask, Revision, clean_up
from bot.fix import fix_all
from bot.github import GitHub, NotTaken
from bot.inspection import ROUNDS
from bot.job import Job
from bot.pull_request import PullRequest
from bot.review import Comment, Review, compose, revise
from bot.snapshot import FileChange, Snapshot
from bot.verdict import Verdict

AGAIN = frozenset({"rerequested"})
"""Reasons to post the check run again although nothing of it changed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended, in a word, how many comments it posted, and the rules they speak of."""

    result: str
    comments: int = 0
    rules: tuple[str, ...] = ()


async def review(job: Job, github: GitHub) -> Outcome:
    """Do what an event asks for: nearly always, review a pull request as it is now.

    Pushes can arrive out of order; what was said of an earlier head is known by its fingerprint.
    """
    if job.reason == "closed":  # it took the place of what waited
        return Outcome("closed")
    if job.reason == "checks_requested":
        return await _pass_group(job, github)
    if job.pull_request:
        return await _review(job, github)
    outcome = Outcome("not ours")
    for number in await github.checks.pull_requests(job.repository, job.head):
        outcome = await _review(replace(job, pull_request=number), github)
    return outcome


async def _pass_group(job: Job, github: GitHub) -> Outcome:
    """A merge queue waits for every check that is required; its pull requests were reviewed."""
    settings = await github.settings(job.repository)
    if settings.config.check == "always":
        await github.checks.post(PullRequest(job.repository, 0, job.head), verdict.passed())
    return Outcome("merge group")


async def _review(job: Job, github: GitHub) -> Outcome:
    changes = await github.changes(job.repository, job.pull_request)
    if not concerns_us(changes):
        return await _leave(job, github)
    pull, changes, snapshot = await _fetch(job, changes, github)
    if not pull.open:
        return Outcome("closed")
    pull = pull.without(pull.conversation.ignored)
    snapshot, analysis = await _analyse(snapshot, pull, github)
    if job.reason == "requested_action":
        allowed = await github.commits.may_push(pull.repository, job.sender)
        done = allowed and await _fix(pull, snapshot, analysis, github)
        return Outcome("fixed" if done else "not fixed")
    granted = [
        ask.command
        for ask in pull.conversation.asks
        if await _answer(ask, pull, github, (snapshot, analysis))
    ]
    verbs = {command.verb for command in granted}
    if "fix" in verbs:
        return Outcome("fixed")  # the push that it made is reviewed
    if "ignore" in verbs:
        pull = pull.without(command.rule for command in granted)
        analysis = await apart(analyse, snapshot, pull.settings.config)
    if pull.draft and pull.settings.config.drafts == "skip":
        return Outcome("draft")
    if github.moved(pull):
        return Outcome("superseded")
    again = job.reason in AGAIN or "review" in verbs
    if not analysis.builds and not analysis.skipped:  # some other file with a name like ours
        return await _leave_open(pull, github, again=again)
    posted = await _say(pull, changes, snapshot, analysis, github, again=again)
    if posted is None:
        return Outcome("superseded")
    spoken = tuple(f.rule for said in posted.comments for f in said.findings)
    return Outcome("reviewed" if posted else "nothing to say", len(posted.comments), spoken)


async def _leave(job: Job, github: GitHub) -> Outcome:
    """A change without a Dockerfile: no word, but what we said of an earlier head goes."""
    if job.talk or job.reason in AGAIN:
        pull = await github.pull_request(job)
        if not pull.open:
            return Outcome("closed")
        for ask in pull.conversation.asks:
            await _answer(ask, pull, github)
        return await _leave_open(pull, github, again=job.reason in AGAIN)
    settings = await github.settings(job.repository)
    pull = PullRequest(job.repository, job.pull_request, job.head, settings=settings)
    return await _leave_open(pull, github, again=False)


async def _leave_open(pull: PullRequest, github: GitHub, *, again: bool) -> Outcome:
    await _tidy(pull, None, Revision(), github)
    if pull.settings.config.check == "always":
        await _tell(pull, verdict.skipped(), github, again=again)
    return Outcome("no Dockerfile")


async def _fetch(
    job: Job, changes: list[FileChange], github: GitHub
) -> tuple[PullRequest, list[FileChange], Snapshot]:
    """The pull request, its files and its tree: most often the head is still that of the event."""
    if not job.head:
        pull = await github.pull_request(job)
        return pull, changes, await github.fetch(pull.repository, pull.head, changes)
    texts = expected(changes, github.asked)
    pull, snapshot = await asyncio.gather(
        github.pull_request(job, texts), github.fetch(job.repository, job.head, changes)
    )
    if pull.head != job.head:
        changes = await github.changes(pull.repository, pull.number)
        snapshot = await github.fetch(pull.repository, pull.head, changes)
    return pull, changes, snapshot


async def _analyse(
    snapshot: Snapshot, pull: PullRequest, github: GitHub
) -> tuple[Snapshot, Analysis]:
    """Run the rules on all that they ask for, then on what they ask of the commits before."""
    looked, analysis = await _read_and_prove(snapshot, pull, github)
    history = looked.snapshot.head.history
    if history is not None and history.missing:
        looked = await apart(looked.with_history, await github.history(pull, history.missing))
        analysis = await apart(prove, looked, pull.settings.config)
    return looked.snapshot, analysis


async def _read_and_prove(
    snapshot: Snapshot, pull: PullRequest, github: GitHub
) -> tuple[Looked, Analysis]:
    """Look, fetch what the rules asked for, and again until they lack nothing: then prove."""
    config = pull.settings.config
    along = likely(snapshot) | (github.asked & snapshot.head.paths)
    looked = await apart(look, snapshot, config)
    for _ in range(ROUNDS):
        if not snapshot.missing:
            analysis = await apart(prove, looked, config)
            if not snapshot.missing:
                return looked, analysis
        snapshot = snapshot.with_texts(await github.read(pull, snapshot.missing | along))
        along = frozenset()
        looked = await apart(look, snapshot, config)
    return looked, await apart(prove, looked, config)


async def _say(  # noqa: PLR0913
    pull: PullRequest,
    changes: list[FileChange],
    snapshot: Snapshot,
    analysis: Analysis,
    github: GitHub,
    *,
    again: bool,
) -> Review | None:
    """Post the review, tidy up and tell the verdict, side by side: none waits for another.

    Gives what was posted; None when the head has moved meanwhile.
    """
    page = pull.new_file_page
    revision = await apart(revise, pull.conversation, snapshot, analysis, page)
    now = replace(pull, conversation=pull.conversation.without(revision.withdrawn))
    composed = await _compose(now, snapshot, analysis)
    found = await _judge(now, analysis, composed, github)
    results = await asyncio.gather(
        posting := asyncio.ensure_future(_post(now, changes, snapshot, composed, github)),
        _tell(now, found, github, again=again),
        _tidy(pull, analysis, revision, github),
        return_exceptions=True,  # what fails stops none of the others halfway
    )
    for failed in results:
        if isinstance(failed, BaseException):
            raise failed
    posted = posting.result()
    if posted is not None and posted != composed:  # the rest is told there
        await _tell(now, await _judge(now, analysis, posted, github), github, again=True)
    return posted


async def _compose(pull: PullRequest, snapshot: Snapshot, analysis: Analysis) -> Review:
    """What is new, as many comments as may stand at a time."""
    config, said = pull.settings.config, pull.conversation.said
    most = max(0, config.most_comments - pull.conversation.standing)
    if pull.draft and config.drafts != "review":
        most = 0
    page = pull.new_file_page
    return await apart(compose, snapshot, analysis, config, said, most=most, page=page)


async def _post(
    pull: PullRequest,
    changes: list[FileChange],
    snapshot: Snapshot,
    composed: Review,
    github: GitHub,
) -> Review | None:
    """Post a review; None when the head has moved meanwhile.

    When GitHub refuses a line, the diff is read again: if it is another one, the review is made
    anew for it; if not, the comments on lines that the change did not add are left out. Once:
    what is refused then goes into the check run.
    """
    if not composed:
        return composed
    try:
        await github.post(pull, composed)
    except NotTaken:
        fresh = await github.changes(pull.repository, pull.number)
        if fresh != changes:
            return None  # the head has moved: its own job comes
        composed = composed.keep(lambda said: _added(said, snapshot))
        try:
            if composed:
                await github.post(pull, composed)
        except NotTaken:
            return composed.keep(lambda _: False)
    return composed


def _added(said: Comment, snapshot: Snapshot) -> bool:
    """Whether the change added all the lines that a comment stands on."""
    added = snapshot.changes[said.path].added
    return added.issuperset(range(said.span.start, said.span.end + 1))


async def _tidy(
    pull: PullRequest, analysis: Analysis | None, revision: Revision, github: GitHub
) -> None:
    """Take back what is not true any more; without an analysis that is all."""
    standing = [f.fingerprint for f in (*analysis.new, *analysis.old)] if analysis else []
    unread = [path for path, _ in analysis.skipped] if analysis else []
    cleanup = clean_up(pull.conversation, standing, unread, revision)
    writer = None
    if cleanup.hide:  # resolving is better, where we may
        writer = await github.writer()
        may = writer is not None
        cleanup = clean_up(pull.conversation, standing, unread, revision, may_resolve=may)
    await github.conversations.clean_up(cleanup, writer)


async def _judge(pull: PullRequest, analysis: Analysis, posted: Review, github: GitHub) -> Verdict:
    """What the check run says beside a review; its button only where it would work."""
    commented = pull.conversation.visible.union(
        f.fingerprint for said in posted.comments for f in said.findings
    )
    found = await apart(verdict.judge, analysis, pull.settings, commented)
    may = found.fixable and pull.own_branch and await github.writer() is not None
    return replace(found, fixable=may)


async def _tell(pull: PullRequest, found: Verdict, github: GitHub, *, again: bool) -> None:
    """Post the check run, unless the head has this very one."""
    if again or pull.conversation.check != verdict.external_id(pull.number, found):
        await github.checks.post(pull, found)


async def _answer(
    ask: Ask,
    pull: PullRequest,
    github: GitHub,
    looked_at: tuple[Snapshot, Analysis] | None = None,
) -> bool:
    """Do what somebody asked for in a comment, if they may, and show that it was seen."""
    done = await github.commits.may_push(pull.repository, ask.author)
    verb = ask.command.verb
    if done and verb == "fix":
        done = looked_at is not None and await _fix(pull, *looked_at, github)
    elif done and verb == "help":
        await github.conversations.say(pull, comment.HELP)
    elif verb == "ignore":
        done = done and ask.command.rule in rules.BY_NAME
    elif verb == "":
        done = False
    await github.conversations.react(pull, ask, "+1" if done else "confused")
    return done


async def _fix(pull: PullRequest, snapshot: Snapshot, analysis: Analysis, github: GitHub) -> bool:
    """Commit all fixes, for somebody who may write; False when that cannot be."""
    writer = await github.writer() if pull.own_branch else None
    if writer is None:
        return False
    texts, message = await apart(fix_all, snapshot, analysis, pull.settings.config)
    return bool(texts) and await github.commits.commit(writer, pull, texts, message)
