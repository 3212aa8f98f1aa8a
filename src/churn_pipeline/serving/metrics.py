"""What the service counts of itself, as Prometheus reads it, over all its workers.

A request adds to plain numbers of its own process, under a microsecond. Once a second
each worker leaves its numbers in a folder that the workers of one server share, and
whichever of them is asked adds the others' to its own.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from churn_pipeline.serving.worth import Worth

if TYPE_CHECKING:
    from churn_pipeline.evaluation.decision import Decision

BOUNDS: tuple[float, ...] = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025),
    *(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Seconds; p50, p95 and p99 are read from the counts between them."""

Series = tuple[str, tuple[tuple[str, str], ...]]
"""Name and labels."""
Samples = Mapping[Series, float]

FAMILIES = {
    "churn_requests_total": ("counter", "Requests by endpoint and HTTP status"),
    "churn_request_seconds": ("histogram", "Seconds to answer, by endpoint"),
    "churn_predictions_total": (
        "counter",
        "Customers answered, by model, version, variant and decision",
    ),
    "churn_kept_aside_total": (
        "counter",
        "Customers answered who are kept aside: not to be called",
    ),
    "churn_control_share": (
        "gauge",
        "Share of customers who are kept aside, by the campaign in force",
    ),
    "churn_expected_profit_total": (
        "counter",
        "Money that the calls are expected to earn, by model, version and variant",
    ),
    "churn_expected_spend_total": (
        "counter",
        "Money that the calls and their offers are expected to cost, likewise",
    ),
    "churn_expected_saves_total": (
        "counter",
        "Customers that the calls are expected to keep, likewise",
    ),
    "churn_drift_score": (
        "gauge",
        "Share of customers that moved since training, by feature",
    ),
    "churn_drifted": (
        "gauge",
        "1 where that is further than chance and than ordinary, by feature",
    ),
    "churn_drift_report_timestamp_seconds": (
        "gauge",
        "When the drift was last judged, Unix time",
    ),
    "churn_values_total": ("counter", "Values missing or unknown, by feature"),
    "churn_refused_overload_total": ("counter", "Requests sent away for overload"),
    "churn_swaps_total": ("counter", "Changes of the model that serves"),
    "churn_load_failures_total": ("counter", "Times that a model was not loaded"),
    "churn_refresh_failures_total": ("counter", "What could not be read again"),
    "churn_stale": ("gauge", "Workers that serve what they last could read, by part"),
    "churn_workers": ("gauge", "Workers that serve a version"),
    "churn_in_work": ("gauge", "Requests in work"),
    "churn_journal_dropped_total": ("counter", "Predictions that were not logged"),
    "churn_journal_waiting": ("gauge", "Predictions that are not logged yet"),
    "churn_audit_lost_total": ("counter", "Refusals that could not be written down"),
    "churn_shadow_dropped_total": ("counter", "Requests that a shadow did not see"),
    "churn_storage_free_bytes": ("gauge", "Room left where the service writes"),
    "churn_storage_size_bytes": ("gauge", "Room there is where the service writes"),
    "process_cpu_seconds_total": ("counter", "Processor time of all workers"),
    "process_resident_memory_bytes": ("gauge", "Memory of all workers"),
}
SAME = frozenset(
    {
        *("churn_drift_score", "churn_drifted", "churn_drift_report_timestamp_seconds"),
        *("churn_storage_free_bytes", "churn_storage_size_bytes"),
        "churn_control_share",
    }
)
"""Gauges of what all workers see alike: the largest counts, not the sum."""


class Metrics:
    """Numbers of one worker."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._requests: dict[tuple[str, int], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = defaultdict(float)
        self._predictions: dict[tuple[str, str, str, str], int] = defaultdict(int)
        self._worth: dict[tuple[str, str, str], Worth] = {}
        self._values: dict[tuple[str, str], int] = defaultdict(int)
        self.others: dict[Series, float] = defaultdict(float)

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests[endpoint, status] += 1
        self._seconds[endpoint] += seconds
        buckets = self._buckets.get(endpoint)
        if buckets is None:
            buckets = self._buckets[endpoint] = [0] * (len(BOUNDS) + 1)
        buckets[bisect_left(BOUNDS, seconds)] += 1

    def predicted(
        self, model: str, version: str, variant: str, decision: str, n: int = 1
    ) -> None:
        """Count customers that were answered."""
        self._predictions[model, version, variant, decision] += n

    def worth(self, model: str, version: str, variant: str, costs: Decision) -> Worth:
        """Return what the calls of a model are worth so far, to add to."""
        found = self._worth.get((model, version, variant))
        if found is None:
            found = self._worth[model, version, variant] = Worth(costs)
        return found

    def warned(self, warnings: Mapping[str, Mapping[str, int]]) -> None:
        """Count values that were missing or unknown."""
        for feature, counts in warnings.items():
            for kind, n in counts.items():
                self._values[feature, kind] += n

    def add(self, name: str, n: float = 1, **labels: str) -> None:
        """Add to one of the rarer counters."""
        self.others[name, tuple(labels.items())] += n

    def put(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge, or a counter that something else counts."""
        self.others[name, tuple(labels.items())] = value

    def drop(self, name: str, **kept: str) -> None:
        """Forget a gauge under all its labels but those that are kept."""
        for series in list(self.others):  # others add to it meanwhile
            if series[0] == name and (not kept or series[1] != tuple(kept.items())):
                del self.others[series]

    def samples(self) -> dict[Series, float]:
        """Return all numbers of this worker."""
        found: dict[Series, float] = dict(self.others)
        found["process_cpu_seconds_total", ()] = time.process_time()
        found["process_resident_memory_bytes", ()] = resident_bytes()
        for (endpoint, status), n in list(self._requests.items()):
            asked = {"endpoint": endpoint, "status": str(status)}
            found["churn_requests_total", tuple(asked.items())] = n
        for (model, version, variant, decision), n in list(self._predictions.items()):
            named = {"model": model, "version": version, "variant": variant}
            labels = (*named.items(), ("prediction", decision))
            found["churn_predictions_total", labels] = n
        for (model, version, variant), worth in list(self._worth.items()):
            of = (("model", model), ("version", version), ("variant", variant))
            found["churn_expected_profit_total", of] = worth.profit
            found["churn_expected_spend_total", of] = worth.spend
            found["churn_expected_saves_total", of] = worth.saves
        for (feature, kind), n in list(self._values.items()):
            value = {"feature": feature, "kind": kind}
            found["churn_values_total", tuple(value.items())] = n
        found.update(self._histogram())
        return found

    def _histogram(self) -> Iterator[tuple[Series, float]]:
        for endpoint, buckets in list(self._buckets.items()):
            label = ("endpoint", endpoint)
            counts = list(accumulate(buckets))
            for bound, n in zip((*map(repr, BOUNDS), "+Inf"), counts, strict=True):
                labels = (label, ("le", bound))
                yield ("churn_request_seconds_bucket", labels), n
            yield ("churn_request_seconds_count", (label,)), counts[-1]
            yield ("churn_request_seconds_sum", (label,)), self._seconds[endpoint]


def summed(many: Iterable[Samples]) -> dict[Series, float]:
    """Return the numbers of several workers as one server's.

    Examples:
        >>> one = {("churn_in_work", ()): 2.0, ("churn_drifted", ()): 1.0}
        >>> list(summed([one, one]).values())
        [4.0, 1.0]
    """
    found: dict[Series, float] = {}
    for samples in many:
        for series, value in samples.items():
            known = found.get(series)
            if known is None:
                found[series] = value
            else:
                same = series[0] in SAME
                found[series] = max(known, value) if same else known + value
    return found


def page(samples: Samples) -> str:
    """Return numbers in Prometheus' text format.

    Examples:
        >>> print(page({("churn_in_work", ()): 2}), end="")
        # HELP churn_in_work Requests in work
        # TYPE churn_in_work gauge
        churn_in_work 2
    """
    lines: list[str] = []
    for family, (kind, about) in FAMILIES.items():
        names = {family}
        if kind == "histogram":
            names = {f"{family}_{part}" for part in ("bucket", "count", "sum")}
        found = [(series, v) for series, v in samples.items() if series[0] in names]
        if found:
            lines += [f"# HELP {family} {about}", f"# TYPE {family} {kind}"]
            lines += [_line(series, value) for series, value in found]
    return "\n".join(lines) + "\n"


def _line(series: Series, value: float) -> str:
    name, labels = series
    pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    number = repr(int(value)) if float(value).is_integer() else repr(float(value))
    return f"{name}{{{pairs}}} {number}" if pairs else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def resident_bytes() -> int:
    """Return the memory that this process holds, bytes."""
    import psutil

    return int(psutil.Process().memory_info().rss)
