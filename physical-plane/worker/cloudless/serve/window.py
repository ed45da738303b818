"""How long the requests of the last seconds took, and what batches take: what an instance tells of itself."""

from collections import deque

from .config import WINDOW_REQUESTS_MAX, WINDOW_SECONDS


class Window:
    """Latencies of the last seconds; of very many the newest."""

    def __init__(self) -> None:
        self._seen: deque = deque(maxlen=WINDOW_REQUESTS_MAX)
        self._began: float | None = None

    def add(self, now: float, seconds: float) -> None:
        if self._began is None:
            self._began = now
        self._seen.append((now, seconds))

    def rate(self, now: float) -> float:
        self._forget(now)
        if self._began is None or not self._seen:
            return 0.0
        return len(self._seen) / max(1.0, min(WINDOW_SECONDS, now - self._began))

    def percentile(self, now: float, percentile: float) -> float:
        """Seconds; 0 without requests. The smallest latency that so many percent do not pass."""
        self._forget(now)
        if not self._seen:
            return 0.0
        ordered = sorted(seconds for _, seconds in self._seen)
        rank = -(-len(ordered) * percentile // 100)
        return ordered[min(len(ordered), max(1, int(rank))) - 1]

    def _forget(self, now: float) -> None:
        while self._seen and self._seen[0][0] <= now - WINDOW_SECONDS:
            self._seen.popleft()


class BatchTimes:
    """A moving average of what a batch of so many requests takes."""

    _weight = 0.2

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}

    def add(self, requests: int, seconds: float) -> None:
        before = self._seconds.get(requests)
        self._seconds[requests] = seconds if before is None else before + self._weight * (seconds - before)

    def expected(self, requests: int) -> float:
        """Of the nearest size that was seen, the larger one first; 0 while nothing was."""
        if not self._seconds:
            return 0.0
        larger = [size for size in self._seconds if size >= requests]
        return self._seconds[min(larger) if larger else max(self._seconds)]

    def capacity(self) -> float:
        """Requests a second at the best size that was seen; 0 while nothing was."""
        return max((size / max(seconds, 1e-6) for size, seconds in self._seconds.items()), default=0.0)
