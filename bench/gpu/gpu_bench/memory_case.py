"""Does a memory limit hold? `python3 -m gpu_bench.memory_case LIMIT_BYTES` runs under the interposer: half of the limit must be had, what
goes beyond must be refused as a lack of memory, and after it was freed the half must be had again."""

import json
import sys

import torch


def main(limit_bytes):
    half = limit_bytes // 2
    torch.zeros(1, device="cuda")
    free_bytes, total_bytes = torch.cuda.mem_get_info()
    first = torch.empty(half, dtype=torch.uint8, device="cuda")
    try:
        torch.empty(limit_bytes, dtype=torch.uint8, device="cuda")
        was_refused = False
    except torch.cuda.OutOfMemoryError:
        was_refused = True
    del first
    torch.cuda.empty_cache()
    again = torch.empty(half, dtype=torch.uint8, device="cuda")
    again.fill_(1)
    torch.cuda.synchronize()
    print(json.dumps({"was_refused": was_refused, "is_had_again": True, "total_bytes": total_bytes, "free_bytes": free_bytes}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
