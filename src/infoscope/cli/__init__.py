"""The command line: parse, call one public function, print; a module a family of commands.

Nothing here imports torch before it is needed, and nothing but ``core`` and the public names of :mod:`infoscope`.
"""

from __future__ import annotations

import sys

import cyclopts

from infoscope.cli import bench, data, runs  # noqa: F401 - each adds its commands to the application
from infoscope.cli.shared import app
from infoscope.core.errors import InfoscopeError

DONE, USER_MISTAKE, INTERRUPTED = 0, 2, 130


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 done, 2 the user's mistake or a known failure, 130 interrupted (and resumable)."""
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except InfoscopeError as reason:
        print(f"infoscope: {reason}", file=sys.stderr)
        sys.exit(USER_MISTAKE)
    except cyclopts.CycloptsError as reason:
        print(f"infoscope: {reason}; see `infoscope --help`", file=sys.stderr)
        sys.exit(USER_MISTAKE)
    except KeyboardInterrupt:
        print("infoscope: interrupted; run the same command again and it goes on from here", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `infoscope list | head`
        sys.stderr.close()
    sys.exit(DONE)
