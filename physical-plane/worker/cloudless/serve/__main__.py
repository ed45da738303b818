"""`python -m cloudless.serve --config FILE`: how an agent starts an instance of a function."""

import argparse
import asyncio
import sys
import traceback

from .config import read_config
from .errors import HandlerFault
from .server import Instance


async def _run(path: str) -> None:
    await Instance(read_config(path)).run()


def main() -> int:
    parser = argparse.ArgumentParser(prog="cloudless.serve", description=__doc__)
    parser.add_argument("--config", required=True, help="JSON, as the agent writes it")
    options = parser.parse_args()
    try:
        asyncio.run(_run(options.config))
        return 0
    except HandlerFault as fault:
        print(f"handler: {fault}", file=sys.stderr, flush=True)
    except Exception:
        traceback.print_exc()
    return 1


if __name__ == "__main__":
    # A model that hangs on its thread must not hold the process that has answered everything else.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    import os

    os._exit(code)
