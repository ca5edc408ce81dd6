"""Starts a command from a process that is small itself, and says what the command took; see tests.benchmarks.measure.

The system counts as a process's peak also what the process that started it held at that moment. Whoever measures may hold much.
"""

import json
import os
import resource
import subprocess
import sys
from threading import Timer
from time import monotonic


def main() -> None:
    """Run a command within [seconds, bytes of memory], each null for as much as it takes."""
    limits, command = json.loads(sys.argv[1]), sys.argv[2:]
    most_seconds, most_bytes = limits
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    started = monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    late = Timer(most_seconds if most_seconds is not None else 0, child.kill)
    if most_seconds is not None:
        late.start()
    assert child.stdout is not None
    said = child.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(child.pid, 0)
    late.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    found = {"status": child.returncode, "seconds": monotonic() - started, "kilobytes": used.ru_maxrss, "said": said}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
