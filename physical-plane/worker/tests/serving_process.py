"""An instance of a function in a process of its own, as its agent starts it, and what tests ask of it."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

SDK = Path(__file__).parent.parent

MODEL = '''
import os, time
import numpy

class Scale:
    inputs = {"x": ("FP32", [-1, 3])}
    def load(self):
        self.factor = float(os.environ.get("FACTOR", "2"))
        self.sizes = []
    def predict(self, batch):
        time.sleep(float(os.environ.get("SECONDS", "0")))
        x = batch["x"]
        self.sizes.append(len(x))
        return {"y": x * self.factor, "rows": numpy.full((len(x), 1), len(x), dtype=numpy.int64)}

class Echo:
    def load(self): pass
    def predict(self, batch): return batch

class Wrong:
    def load(self): pass
    def predict(self, batch): return {"y": numpy.zeros((1 + len(next(iter(batch.values()))), 2))}

class Fails:
    def load(self): pass
    def predict(self, batch): raise RuntimeError("out of memory, say")

class Broken:
    def load(self): raise OSError("weights.npy is missing")
    def predict(self, batch): return batch

class Words:
    def load(self): pass
    def predict(self, batch):
        time.sleep(float(os.environ.get("SECONDS", "0")))
        return {"text": batch["x"], "output_tokens": batch["x"][:, :1].astype(numpy.int64)}

class NoPredict:
    def load(self): pass
'''


class Serving:
    def __init__(
        self,
        folder: Path,
        handler: str,
        slo: dict | None = None,
        batch_max: int = 8,
        settings: dict | None = None,
        model: str = MODEL,
        **environment: str,
    ):
        (folder / "model.py").write_text(model)
        self.status_path = folder / "status.json"
        config = {
            "instanceId": "f-1/a/0",
            "attempt": 3,
            "name": "scale",
            "handler": f"model:{handler}",
            "batchMax": batch_max,
            "slo": slo,
            "bindHost": "127.0.0.1",
            "advertiseHost": "127.0.0.1",
            "statusPath": str(self.status_path),
            "bundleFolder": str(folder),
            **(settings or {}),
        }
        (folder / "config.json").write_text(json.dumps(config))
        self.environment = environment
        self.begin(folder)

    def begin(self, folder: Path, stdout: object = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cloudless.serve", "--config", str(folder / "config.json")],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(SDK), "PYTHONUNBUFFERED": "1", **self.environment},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Serving":
        while not self.status().get("isReady"):
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.02)
        host, port = self.status()["endpoint"].split(":")
        self.host, self.port = host, int(port)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def status(self) -> dict:
        return json.loads(self.status_path.read_text()) if self.status_path.exists() else {}

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=30)

    def ask(self, method: str, path: str, body: object = None, headers: dict | None = None):
        connection = self.connect()
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, path, content, headers or {})
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response, answer

    def infer(self, *rows: list, **more: object):
        return self.ask("POST", "/v2/models/scale/infer", {"inputs": [tensor(rows)], **more})

    def raw(self, data: bytes) -> bytes:
        with socket.create_connection((self.host, self.port), timeout=30) as connection:
            connection.sendall(data)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)


def tensor(rows, **fields) -> dict:
    flat = [value for row in rows for value in row]
    return {"name": "x", "shape": [len(rows), 3], "datatype": "FP32", "data": flat, **fields}


def inputs(**fields: object) -> dict:
    return {"inputs": [tensor([[1, 2, 3]], **fields)]}


def all_at_once(count: int, work) -> list:
    results: list = [None] * count

    def run(place: int) -> None:
        results[place] = work(place)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
