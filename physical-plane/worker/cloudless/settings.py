"""What the agent tells a worker, by environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import CloudlessError


@dataclass(frozen=True)
class Settings:
    """`address` is a gRPC target: `unix:/path` or `host:port`. `threads` is 0 when nobody said."""

    address: str
    job_id: str
    instance_id: str
    attempt: int
    region: str
    threads: int

    @property
    def is_same_machine(self) -> bool:
        """A Unix socket leads only to a process on this machine."""
        return self.address.startswith("unix:")


def settings_of(environment: Mapping[str, str]) -> Settings | None:
    """None without CLOUDLESS_PARAMETER_SERVER: the script runs alone. CloudlessError for a bad number."""
    address = environment.get("CLOUDLESS_PARAMETER_SERVER", "")
    if address == "":
        return None
    return Settings(
        address=address,
        job_id=environment.get("CLOUDLESS_JOB_ID", ""),
        instance_id=environment.get("CLOUDLESS_INSTANCE_ID", ""),
        attempt=int(_number(environment, "CLOUDLESS_ATTEMPT")),
        region=environment.get("CLOUDLESS_REGION", ""),
        threads=int(_number(environment, "CLOUDLESS_UNITS")),
    )


def _number(environment: Mapping[str, str], name: str) -> float:
    text = environment.get(name, "") or "0"
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 2**31:
        raise CloudlessError(f"{name} is {text!r}: a number of at least 0 is expected")
    return value
