"""What an operator's monitoring reads at /metrics. No name of anybody's stands in it.

https://prometheus.io/docs/practices/naming/
"""

import time
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from bot.job import Job
from bot.queue.ledger import Depth
from bot.queue.work import GiveUp, Postpone, TryAgain, Work
from bot.reviewer import Outcome

ENDS = {Postpone: "postponed", TryAgain: "failed", GiveUp: "given up"}


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._deliveries = self._counter("deliveries", "Webhook deliveries", "event", "status")
        self._results = self._counter("jobs", "Runs of jobs", "result")
        self._findings = self._counter("findings", "Findings in comments posted", "rule")
        self._requests = self._counter("github_requests", "Requests", "method", "status")
        self._duration = self._histogram(
            "job_seconds", "Of a run", (0.1, 0.5, 1, 2, 5, 15, 60, 300)
        )
        self._latency = self._histogram(
            "github_request_seconds", "Of a request", (0.1, 0.3, 1, 3, 10)
        )
        self._jobs = self._gauge("jobs_now", "Jobs in the queue", "state")
        self._oldest = self._gauge("oldest_job_seconds", "How long the oldest job has been due")
        self._database = self._gauge("database_up", "Whether the database answers")
        self._left = self._gauge(
            "github_limit_remaining", "Requests left to the installation with fewest", "resource"
        )

    def observe_delivery(self, event: str, status: int) -> None:
        """A delivery was answered; an event that is none of GitHub's names is "other"."""
        self._deliveries.labels(event, status).inc()

    def observe_request(self, method: str, status: int, seconds: float) -> None:
        """A request to GitHub came to an end, with status 0 when there was no answer."""
        self._requests.labels(method, status).inc()
        self._latency.observe(seconds)

    def measured(self, work: Callable[[Job], Awaitable[Outcome]]) -> Work:
        """The same work, its runs counted."""

        async def run(job: Job) -> str:
            started, result = time.monotonic(), "cut short"
            try:
                outcome = await work(job)
            except (Postpone, TryAgain, GiveUp) as error:
                result = ENDS[type(error)]
                raise
            else:
                result = outcome.result
                for rule in outcome.rules:
                    self._findings.labels(rule).inc()
                return result
            finally:
                self._results.labels(result).inc()
                self._duration.observe(time.monotonic() - started)

        return run

    def show(self, depth: Depth | None, left: dict[str, int]) -> bytes:
        """All of it as text; `depth` None when the database is away, `left` by resource."""
        self._database.set(depth is not None)
        if depth is not None:
            for state in ("waiting", "running", "dead"):
                self._jobs.labels(state).set(getattr(depth, state))
            self._oldest.set(depth.oldest)
        self._left.clear()  # of an hour that is over nothing is left to tell
        for resource, count in left.items():
            self._left.labels(resource).set(count)
        return generate_latest(self._registry)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"layerwise_{name}", what, labels, registry=self._registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"layerwise_{name}", what, labels, registry=self._registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"layerwise_{name}", what, buckets=buckets, registry=self._registry)
