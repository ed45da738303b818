"""What a client is answered instead of a result: a status, one sentence, and what it may do. And what a handler's author is told."""


class Refused(Exception):
    def __init__(self, status: int, text: str, retry_after_seconds: int | None = None, closes: bool = False):
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after_seconds = retry_after_seconds
        # The rest of what the client sends can not be understood.
        self.closes = closes


def bad_input(field: str, text: str) -> Refused:
    """`text` names the value found and the fix."""
    return Refused(400, f"{field}: {text}")


class HandlerFault(Exception):
    """The handler is not what it should be; the message says what to change."""
