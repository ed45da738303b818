"""The processes of a measurement: started, asked, and gone in the end, whatever happened. Every wait has an end."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
STDERR_BYTES_MAX = 4000


class ChildFailed(Exception):
    """A program of a measurement ended or said nothing in time; the message holds the last of what it said."""


class Child:
    """`on_lately` hears what it says in between, on a thread of its own."""

    def __init__(self, name, command, environment, folder, on_lately=None):
        self.name = name
        self.on_lately = on_lately
        self.errors = open(Path(folder) / f"{name.replace(' ', '-').replace('/', '-')}.err", "w+b")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, env=environment, cwd=HERE.parent,
            start_new_session=True, text=True,
        )  # fmt: skip
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, message):
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise ChildFailed(f"{self.name} is gone: {self.last_words()}") from error

    def answer(self, seconds):
        """Its next line of JSON."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise ChildFailed(f"{self.name} said nothing for {seconds:g} s: {self.last_words()}") from None
        if line is None:
            self.process.wait(10)
            raise ChildFailed(f"{self.name} ended with {self.process.returncode}: {self.last_words()}")
        return json.loads(line)

    def last_words(self):
        self.errors.flush()
        size = os.fstat(self.errors.fileno()).st_size
        return os.pread(self.errors.fileno(), STDERR_BYTES_MAX, max(0, size - STDERR_BYTES_MAX)).decode(errors="replace").strip()

    def close(self, grace_seconds=5):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.errors.close()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith('{"lately"'):
                if self.on_lately is not None:
                    self.on_lately(json.loads(line)["lately"])
            elif line.startswith("{"):
                self.lines.put(line)
        self.lines.put(None)


def worker_command(program, device):
    return [sys.executable, "-m", "gpu_bench.worker", program.kind, program.model, str(program.batch), device]


@contextmanager
def running(children):
    """Closes all of them, also those after one that failed to close."""
    try:
        yield children
    finally:
        for child in children:
            child.close()
