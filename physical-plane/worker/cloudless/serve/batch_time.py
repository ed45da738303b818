"""How long a batch takes by the number of its requests: `fixed + per_request * n`, learned while answering. Old batches are forgotten
little by little, and one that took far longer than it should (a page fault, another process) is believed only in part, so that a single
one does not spoil the estimate; many of them in a row do change it."""

from dataclasses import dataclass

# The weight of a batch halves after some 35 later ones.
_FORGET = 0.98
# A batch is believed up to so many times what others of late were off.
_BELIEVED = 4.0
# Whatever is off by less than this part of the estimate is taken as it is.
_OFF_LEAST = 0.1


@dataclass(frozen=True)
class Line:
    """Seconds of a batch: the part that every batch costs, and what each of its requests adds."""

    fixed: float
    per_request: float

    def seconds(self, requests: float) -> float:
        return self.fixed + self.per_request * requests


class BatchTime:
    def __init__(self) -> None:
        # Sums over all batches, each with its weight: 1, n, n², s, n·s.
        self._sums = [0.0] * 5
        self._off = 0.0

    def add(self, requests: int, seconds: float) -> None:
        line = self.line()
        if line is not None:
            expected = line.seconds(requests)
            off = seconds - expected
            most = max(_BELIEVED * self._off, _OFF_LEAST * expected)
            seconds = expected + max(-most, min(most, off))
            # Grows with every batch that is not believed, so that a lasting change is learned within some batches.
            self._off += 0.2 * (min(abs(off), 2 * most) - self._off)
        n = float(requests)
        news = (1.0, n, n * n, seconds, n * seconds)
        self._sums = [_FORGET * old + new for old, new in zip(self._sums, news)]

    def line(self) -> Line | None:
        """None while nothing was seen. Neither part is below zero: more requests never take less time."""
        count, n, nn, s, ns = self._sums
        if count == 0:
            return None
        mean = n / count
        spread = nn / count - mean * mean
        # Batches of one size alone do not say which part of their time is fixed: then none is, and nothing is waited for.
        if spread < 0.01:
            return Line(0.0, s / n)
        slope = max(0.0, (ns / count - mean * s / count) / spread)
        fixed = s / count - slope * mean
        return Line(fixed, slope) if fixed >= 0 else Line(0.0, s / n)
