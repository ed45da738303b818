"""Answers that are made token by token: an objective per token needs their number, which only the handler knows. It is an output
like any other, so clients see it too. The rows of a request are made side by side: the longest of them says how long one token took."""

import numpy

TOKENS_OUTPUT = "output_tokens"
#: How a gateway is told: a header over HTTP, trailing metadata over gRPC.
TOKENS_HEADER = "x-output-tokens"


def fault_of(arrays: dict, rows: int) -> str | None:
    """Why the number of tokens can not be taken from these outputs, and what to do."""
    needs = f"an objective per token needs output {TOKENS_OUTPUT!r}: how many tokens each of the {rows} rows got, as whole numbers"
    array = arrays.get(TOKENS_OUTPUT)
    if array is None:
        return f"predict() gave {', '.join(sorted(arrays))[:200]}; {needs}"
    if array.dtype.kind not in "iu" or array.size != rows:
        return f"output {TOKENS_OUTPUT!r} has type {array.dtype} and shape {list(array.shape)}; {needs}"
    if array.min() < 0:
        return f"output {TOKENS_OUTPUT!r} has {array.min()} tokens; {needs} of at least 0"
    return None


def most_tokens(arrays: dict) -> int:
    """Of the longest row; an answer without tokens took as long as one."""
    return max(1, int(numpy.max(arrays[TOKENS_OUTPUT])))
