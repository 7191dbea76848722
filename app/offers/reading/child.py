"""The process that reads one file: `python -I -m app.offers.reading.child REQUEST`, started by `process`.

It limits itself before it looks at the file. Its answer is one JSON object on standard output.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
from typing import Any

from app.offers.reading.spool import SpoolWriter
from app.offers.reading.table import Limits, Unreadable
from app.process import settle_in


def main() -> None:
    """Read the file of the request, or say why not."""
    request = json.loads(sys.argv[1])
    limits = Limits(**request["limits"])
    restrain(limits)
    answer = _answer(request, limits)
    sys.stdout.write(json.dumps({**answer, "peak_kib": _peak_kib()}))
    sys.stdout.flush()
    os._exit(0)  # Nothing is left to do, and giving back the memory of a large sheet takes its time.


def restrain(limits: Limits) -> None:
    """From here on the kernel ends this process when it takes too much.

    RLIMIT_DATA counts what is allocated, not the code of libraries, so that the limit means the same on every machine.
    """
    for kind, value in (
        (resource.RLIMIT_DATA, limits.memory), (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.spool), (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        _soft, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, hard))
    signal.alarm(limits.wall_seconds)  # When the worker died, nobody else ends this process.


def _peak_kib() -> int:
    """The most memory that this process has held; its rusage would tell the most of the worker that started it."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0


def _answer(request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    from app.offers.reading.opening import read_file  # After the limits: native code comes with it.

    settle_in()
    try:
        with (
            open(request["source"], "rb", closefd=False) as source,
            open(request["spool"], "wb", closefd=False) as spool,
        ):
            return read_file(source, SpoolWriter(spool), limits, sheet=request["sheet"])
    except Unreadable as refusal:
        return {"refused": refusal.code, "params": refusal.params}
    except RecursionError:
        return {"refused": "not_a_table", "params": {}}
    except MemoryError:
        return {"refused": "too_large", "params": {}}
    except OSError as error:
        if error.errno not in (errno.EFBIG, errno.ENOSPC):
            raise
        return {"refused": "too_large", "params": {}}


if __name__ == "__main__":
    main()
