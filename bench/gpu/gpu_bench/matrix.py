"""What is measured: the settings, the pairs, and the cells in their order. The important ones come first, so that a machine that is
taken away early has answered something."""

from dataclasses import dataclass

WINDOW_SECONDS = 12
QUICK_WINDOW_SECONDS = 8
SEEDS = (1, 2, 3)
LOAD = 0.15  # of what the server can do alone: functions that share a GPU are those that do not fill one
QUOTAS_MILLI = (250, 500, 750)


@dataclass(frozen=True)
class Setting:
    name: str
    uses_mps: bool = False
    thread_percentage: int = 0  # 0: no such limit
    uses_interposer: bool = False


# `exclusive` is measured once per program, not once per pair: a program that is alone has no partner.
TIME_SLICING = Setting("time slicing")
MPS = Setting("mps", uses_mps=True)
MPS_HALVES = Setting("mps 50/50", uses_mps=True, thread_percentage=50)
OURS = Setting("ours", uses_interposer=True)
OURS_MPS = Setting("ours + mps", uses_mps=True, uses_interposer=True)
SETTINGS = (OURS_MPS, MPS, OURS, TIME_SLICING, MPS_HALVES)


@dataclass(frozen=True)
class Share:
    role: str  # protected | confined
    request_milli: int
    limit_milli: int


@dataclass(frozen=True)
class Program:
    kind: str  # train | serve | fill
    model: str
    batch: int
    share: Share
    bubble: float = 0.0  # training: the part of an iteration in which it waits for others, as data-parallel training does

    @property
    def name(self):
        return f"{self.kind} {self.model}" + (f" bubble {self.bubble:g}" if self.bubble else "")


@dataclass(frozen=True)
class Pair:
    primary: Program
    other: Program

    @property
    def name(self):
        return f"{self.primary.name} + {self.other.name}"


GUARDED = Share("protected", 500, 500)
BEST_EFFORT = Share("confined", 400, 1000)
PRIMARY = Share("protected", 900, 1000)
FILLER = Share("confined", 100, 500)

SERVE = {
    "resnet152": Program("serve", "resnet152", 4, GUARDED),
    "bert-large": Program("serve", "bert-large", 4, GUARDED),
    "gpt2-large": Program("serve", "gpt2-large", 1, GUARDED),
    "decoder-1b": Program("serve", "decoder-1b", 1, GUARDED),
}
TRAIN = {
    "resnet152": Program("train", "resnet152", 32, BEST_EFFORT),
    "gpt2-medium": Program("train", "gpt2-medium", 8, BEST_EFFORT),
}
BUBBLES = {
    "resnet152": Program("train", "resnet152", 32, PRIMARY, bubble=0.2),
    "gpt2-medium": Program("train", "gpt2-medium", 8, PRIMARY, bubble=0.2),
}
FILL = {
    "bert-large": Program("fill", "bert-large", 16, FILLER),
    "resnet152": Program("fill", "resnet152", 16, FILLER),
}

PAIRS = (
    Pair(TRAIN["resnet152"], SERVE["bert-large"]),
    Pair(BUBBLES["gpt2-medium"], FILL["bert-large"]),
    Pair(TRAIN["gpt2-medium"], SERVE["decoder-1b"]),
    Pair(TRAIN["gpt2-medium"], SERVE["resnet152"]),
    Pair(BUBBLES["resnet152"], FILL["resnet152"]),
    Pair(TRAIN["resnet152"], SERVE["gpt2-large"]),
)
QUICK_PAIRS = 2  # the first ones: one online, one of filling
# A job of graphs alone, whose quota is enforced: what it is let do must be what it was granted.
GRAPH_JOB = Program("fill", "bert-large", 4, Share("confined", 0, 0))


def programs(pairs):
    """Every program of the pairs once, in the order of their first use."""
    found = []
    for pair in pairs:
        found += [program for program in (pair.primary, pair.other) if program not in found]
    return found


def cells(pairs, may_use_mps):
    """(pair, setting) in the order of measuring: all settings of one pair before the next, so that what is compared is measured together."""
    return [(pair, setting) for pair in pairs for setting in SETTINGS if may_use_mps or not setting.uses_mps]


def cell_seconds(seeds, window_seconds, start_seconds):
    return start_seconds + len(seeds) * (window_seconds + 1)
