"""The entry point of the `haihe` command. Decoding and encoding are answered without loading the rest, so that a shell pipeline may
call them line by line; everything else is in cli.py."""

from __future__ import annotations

import sys


def main() -> None:
    if sys.argv[1:2] in (["decode"], ["encode"]):
        from haihe import protocols

        sys.exit(protocols.run(sys.argv[1:]))
    from haihe.cli import main as everything_else

    everything_else()


if __name__ == "__main__":
    main()
