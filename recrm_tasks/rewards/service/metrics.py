"""What a service counts, in Prometheus's text format (version 0.0.4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from recrm_tasks.rewards.reward import Reward

_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper ends of the histogram's buckets."""


class Metrics:
    """Counters of one service."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(_SECONDS) + 1)
        self._seconds = 0.0
        self._cases = 0
        self._without = 0
        self._failed = 0
        self._parts: Counter[str] = Counter()
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._missing: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()

    def request(self, path: str, status: int, seconds: float) -> None:
        """Counts a request that was answered."""
        self._requests[path, status] += 1
        if status == 200:
            self._buckets[sum(seconds > end for end in _SECONDS)] += 1
            self._seconds += seconds

    def judged(self, rewards: Iterable[Reward]) -> None:
        """Counts rewards."""
        for reward in rewards:
            self._cases += 1
            self._without += reward.value is None
            self._failed += reward.error is not None
            self._tokens["in"] += reward.tokens_in
            self._tokens["out"] += reward.tokens_out
            self._missing.update(reward.missing.keys())
            for key, part in reward.parts.items():
                if part is not None:
                    self._parts[key] += 1
                    self._sums[key] += part

    def text(self, cases: int, questions: int, bytes_: int) -> str:
        """All of them.

        Args:
            cases: in hand.
            questions: about them.
            bytes_: of the requests in hand.
        """
        lines: list[str] = []

        def add(name: str, kind: str, help_: str, values: Mapping[str, float]) -> None:
            lines.append(f"# HELP recrm_reward_{name} {help_}")
            lines.append(f"# TYPE recrm_reward_{name} {kind}")
            lines.extend(f"recrm_reward_{name}{labels} {value:.15g}" for labels, value in values.items())

        by_status = {
            _labels(("path", path), ("status", str(status))): count
            for (path, status), count in sorted(self._requests.items())
        }
        add("requests_total", "counter", "Requests by path and status.", by_status)
        add("cases_total", "counter", "Cases that were judged; of an episode its steps.", {"": self._cases})
        add("cases_without_reward_total", "counter", "Of those, the ones without a reward.", {"": self._without})
        add(
            "cases_failed_total",
            "counter",
            "Of those, the ones that the judge did not answer about.",
            {"": self._failed},
        )
        add("parts_total", "counter", "Known parts by dimension.", _by("dimension", self._parts))
        add("parts_sum", "counter", "Sum of the known parts by dimension.", _by("dimension", self._sums))
        add("missing_total", "counter", "Missing or incomplete parts by dimension.", _by("dimension", self._missing))
        add("tokens_total", "counter", "Tokens of the judge, as rewards report them.", _by("direction", self._tokens))
        add("cases_in_hand", "gauge", "Cases that were taken and not answered.", {"": cases})
        add("questions_in_hand", "gauge", "Questions about the cases in hand.", {"": questions})
        add("bytes_in_hand", "gauge", "Bytes of the requests in hand.", {"": bytes_})
        lines.append("# HELP recrm_reward_request_seconds Seconds of requests that were answered with status 200.")
        lines.append("# TYPE recrm_reward_request_seconds histogram")
        ends: Sequence[str] = (*(f"{end:g}" for end in _SECONDS), "+Inf")
        for end, count in zip(ends, accumulate(self._buckets), strict=True):
            lines.append(f"recrm_reward_request_seconds_bucket{_labels(('le', end))} {count}")
        lines.append(f"recrm_reward_request_seconds_sum {self._seconds:.15g}")
        lines.append(f"recrm_reward_request_seconds_count {sum(self._buckets)}")
        return "\n".join(lines) + "\n"


def _by(label: str, counts: Mapping[str, float]) -> dict[str, float]:
    return {_labels((label, name)): count for name, count in sorted(counts.items())}


def _labels(*pairs: tuple[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in pairs) + "}"
