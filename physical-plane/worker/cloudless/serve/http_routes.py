"""The paths of the protocol's HTTP form."""

from .answering import Answering, Asked
from .config import ServeConfig
from .errors import Refused
from .http import Answer, Request
from .http_form import Form, read_request, write_answer
from .protocol import SERVER_METADATA


class HttpRoutes:
    def __init__(self, config: ServeConfig, answering: Answering):
        self._config = config
        self._answering = answering
        model = f"/v2/models/{config.name}"
        #: What stands behind the model's name; clients may name its only version.
        self._of_model = {f"{base}{rest}": rest for base in (model, f"{model}/versions/1") for rest in ("", "/ready", "/infer")}

    async def answer(self, request: Request) -> Answer:
        path = request.path.rstrip("/")
        asked = self._of_model.get(path)
        if asked == "/infer":
            _expect(request, "POST")
            return await self._infer(request)
        if asked is None and path not in ("/v2", "/v2/health/live", "/v2/health/ready"):
            raise Refused(404, f"{request.path[:200]} is not here; the model is /v2/models/{self._config.name}")
        _expect(request, "GET")
        if path == "/v2":
            return Answer(SERVER_METADATA)
        if path == "/v2/health/live":
            return Answer({"live": True})
        if asked == "":
            return Answer(self._answering.metadata())
        self._answering.expect_ready()
        return Answer({"ready": True} if asked is None else {"name": self._config.name, "ready": True})

    async def _infer(self, request: Request) -> Answer:
        found: list[Form] = []

        def read() -> Asked:
            asked, form = read_request(request, self._answering.inputs, self._config.timeout_seconds)
            found.append(form)
            return asked

        answered = await self._answering.infer(read)
        return write_answer(self._config.name, answered, found[0])


def _expect(request: Request, method: str) -> None:
    if request.method != method:
        raise Refused(405, f"{request.method[:20]} is not for {request.path[:200]}; use {method}")
