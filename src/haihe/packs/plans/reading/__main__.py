"""Reads one file in a process of its own: `python -m haihe.packs.plans.reading PATH NAME` prints the reading as JSON.

The web server and the worker read uploads this way, so that a hostile file can exhaust only this process: memory and processor
time are limited below, and the caller sets a time limit. Exit code 3 with {"error": …} where the file cannot be read.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import sys
from pathlib import Path

from haihe.kernel.errors import HaiheError
from haihe.packs.plans.reading.load import load_file
from haihe.packs.plans.reading.reader import read_source

MEMORY_LIMIT_BYTES = 3 * 1024**3
PROCESSOR_LIMIT_S = 120


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_LIMIT_S, PROCESSOR_LIMIT_S))
    path, name = Path(sys.argv[1]), sys.argv[2]
    try:
        reading = read_source(load_file(path, name=name))
    except HaiheError as error:
        sys.stdout.write(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
        return 3
    sys.stdout.write(json.dumps(dataclasses.asdict(reading), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
