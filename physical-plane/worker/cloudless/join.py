"""`join`: the one call that makes an ordinary training script part of a job, or lets it run alone."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from typing import Any

from .alone import AloneSession
from .errors import Unsupported
from .session import Session
from .settings import settings_of

log = logging.getLogger("cloudless")


def join(model: Any, optimizer: Any, *, epochs: int = 1, seed: int = 0) -> Session | AloneSession:
    """Joins the job named by the environment; alone, without CLOUDLESS_PARAMETER_SERVER, a local session.

    `model` is a torch.nn.Module, `optimizer` a torch.optim.SGD or AdamW over its parameters; under Cloudless the
    parameter server applies that optimizer. `epochs` and `seed` count only alone: a job brings its own.
    Unsupported, JoinRefused or ParameterServerUnavailable say why it did not work.
    """
    if not log.hasHandlers():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("cloudless: %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
    settings = settings_of(os.environ)
    adapter = _adapter(model, optimizer, is_alone=settings is None, threads=settings.threads if settings else 0)
    if settings is None:
        return AloneSession(adapter, epochs, seed)
    session = Session(adapter, settings)
    atexit.register(lambda: session.leave(_exit_reason()))
    return session


def _adapter(model: Any, optimizer: Any, is_alone: bool, threads: int) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise Unsupported(f"model is a {kind}: a torch.nn.Module is expected")
    from .torch import TorchAdapter

    return TorchAdapter(model, optimizer, is_alone=is_alone, threads=threads)


def _exit_reason() -> str:
    error = getattr(sys, "last_value", None)
    return "the script ended" if error is None else f"{type(error).__name__}: {error}"[:500]
