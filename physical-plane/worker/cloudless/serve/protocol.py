"""What the protocol's two forms have in common beside tensors."""

import math

from .config import TIMEOUT_SECONDS_MAX
from .errors import bad_input

SERVER_METADATA = {"name": "cloudless", "version": "0.1.0", "extensions": ["binary_tensor_data"]}


def read_timeout_ms(given: object) -> float:
    """Seconds, of a header or parameter in milliseconds."""
    try:
        seconds = float(given) / 1000  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds <= TIMEOUT_SECONDS_MAX:
        raise bad_input("timeout_ms", f"is {str(given)[:60]!r}; give a number up to {TIMEOUT_SECONDS_MAX * 1000:.0f}")
    return seconds
