"""The errors a person can act on. Each message holds the values and, where there is one, the fix."""


class CloudlessError(Exception):
    """Base of all errors that the SDK raises on purpose."""


class NonFiniteLoss(CloudlessError):
    """The loss is NaN or infinite. Nothing of this step was pushed."""

    def __init__(self, step: int, epoch: int, value: float) -> None:
        super().__init__(
            f"loss is {value} at step {step} of this worker, epoch {epoch}: nothing was pushed. "
            "Lower the learning rate, clip gradients, or look for invalid samples."
        )
        self.step = step
        self.epoch = epoch
        self.value = value


class Unsupported(CloudlessError):
    """The model, optimizer or dataset uses something that cannot be synchronised."""


class DatasetMismatch(CloudlessError):
    """The dataset does not have as many samples as the job declared for this region."""


class DatasetMissing(CloudlessError):
    """A shard, or the held-out data, is not where the job says it lies in this region."""


class JoinRefused(CloudlessError):
    """The parameter server does not take this worker, for example because its model differs."""


class StepRefused(CloudlessError):
    """The parameter server did not apply a step. Nothing was changed."""


class ParameterServerUnavailable(CloudlessError):
    """No parameter server answered until the deadline."""


class SessionLost(Exception):
    """Internal: the parameter server restarted or went away; join again. The batch in flight goes back."""
