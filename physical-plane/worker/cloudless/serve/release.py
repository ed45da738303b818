"""When a batch that is not full is released: pure, so that it can be tried on a virtual clock.

Waiting for one more request costs each of the n that wait the time until it comes, and what it adds to the batch. It saves the fixed part
of a batch twice: that request need not wait for a batch of its own, and the model is free for so long, for others or for the training that
it shares its device with. So one more is worth waiting for while

    (n + 1) * gap + n * per_request < 2 * fixed

where `gap` is how long the next one takes to come, on average. Whatever that says, nobody is made late: a batch is released once the oldest
one's wait, with what the batch is expected to take, would pass its objective. Batches of models that take no less time together than apart
are therefore never kept, and those of GPUs, whose fixed part is large, as long as requests keep coming.
"""

import math
from dataclasses import dataclass

from .batch_time import Line

# A second of the model's time is worth as much as a second of somebody's wait.
_WORTH = 2.0

# Batches take a little longer than expected at times; nobody is late for that.
_MARGIN = 1.25


@dataclass(frozen=True)
class Waits:
    """What is known when it is asked whether to wait for more; times in seconds."""

    #: Requests that would be answered together now, of at most `most`.
    requests: int
    most: int
    #: Since the oldest came.
    oldest_waited: float
    #: Between two requests of late; infinite where nobody is expected, for example when the only client waits for this answer.
    gap: float
    #: Since the last one came.
    since_last: float
    #: None while nothing is known of how long batches take.
    line: Line | None
    #: None: as soon as possible.
    slo: float | None
    #: The oldest one's own: how long it waits at most.
    deadline: float


def wait_for_more(waits: Waits) -> float:
    """Seconds to wait for the next request; 0 to release the batch now."""
    n, line = waits.requests, waits.line
    if n >= waits.most or waits.slo is None or line is None or math.isinf(waits.gap):
        return 0.0
    if (n + 1) * waits.gap + n * line.per_request >= _WORTH * line.fixed:
        return 0.0
    allowed = min(waits.slo, waits.deadline)
    left = allowed - waits.oldest_waited - _MARGIN * line.seconds(n + 1)
    # Who should have come twice over does not come: what was measured no longer holds.
    patience = 2 * waits.gap - waits.since_last
    return max(0.0, min(left, patience)) if left >= waits.gap else 0.0
