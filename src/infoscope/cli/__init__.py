"""The command line: parse, call one public function, print; a module a family of commands.

Nothing here imports torch before it is needed, and nothing but ``core`` and the public names of :mod:`infoscope`.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from infoscope.cli import bench, beside, data, demo, papers, runs, scan, sweep, warm  # noqa: F401 - each adds its commands
from infoscope.cli.shared import app
from infoscope.cli.terminal import Ended, ending, not_printed, printing
from infoscope.core.errors import InfoscopeError
from infoscope.core.memory import memory_budget
from infoscope.core.progress import hush, silent
from infoscope.core.refusals import out_of_memory, refusal
from infoscope.core.text import sentence
from infoscope.core.units import ShownUnit, showing

DONE, USER_MISTAKE, INTERRUPTED, SIGNALLED = 0, 2, 130, 128
_AGAIN = "run the same command again and it goes on from here"


app.register_install_completion_command(add_to_startup=False, help="Complete commands in this shell.", show=False)


@app.meta.default
def _everywhere(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    unit: Annotated[
        ShownUnit, Parameter(env_var="INFOSCOPE_UNIT", help="Of what is printed; files are in nats.")
    ] = "bits",
    quiet: Annotated[bool, Parameter(negative="", help="No progress on standard error.")] = False,
    memory: Annotated[
        str | None,
        Parameter(
            env_var="INFOSCOPE_MEMORY",
            help="The most that a measurement may take beside its data, as 2GB; by default what the machine has left.",
        ),
    ] = None,
) -> None:
    """What every command takes, and the command itself; its name may be written with underscores."""
    first, rest = (words[0].replace("_", "-"), words[1:]) if words else ("--help", ())
    with showing(unit), silent() if quiet else nullcontext(), memory_budget(memory):
        app([first, *rest], exit_on_error=False, print_error=False)


def main(arguments: list[str] | None = None) -> None:
    """Entry point; ends the process with one of these exit codes.

    0: done; a reader who had enough, as of ``infoscope list | head``, is no failure.
    2: the user's mistake or a known failure, the operating system's refusals among them, in one sentence on standard
    error; the same where the work was done and standard output took no more, as on a full disk.
    130: interrupted by Ctrl-C; 143 by SIGTERM, 129 by SIGHUP. The same command goes on from there.
    1: anything else, with a traceback: a defect of infoscope.
    """
    if "--json" in (sys.argv[1:] if arguments is None else arguments):
        hush()
    with printing() as (output, _):
        code = _code(arguments)
        sys.stdout.flush()
        refused = not_printed(output)
        if refused is not None:
            print(
                f"infoscope: standard output took no more ({refused.strerror}), the work itself is done: "
                "send it to another place and run the same command again",
                file=sys.stderr,
            )
            code = code or USER_MISTAKE
    sys.exit(code)


def _code(arguments: list[str] | None) -> int:
    try:
        with ending():
            app.meta(arguments, exit_on_error=False, print_error=False)
        return DONE
    except SystemExit as reason:  # how cyclopts ends
        if reason.code is None or isinstance(reason.code, int):
            return reason.code or DONE
        raise
    except InfoscopeError as reason:
        return _told(str(reason), USER_MISTAKE)
    except cyclopts.CycloptsError as reason:
        return _told(f"{str(reason).rstrip('.')}; see `infoscope --help`", USER_MISTAKE)
    except Ended as reason:
        return _told(f"asked to end; {_AGAIN}", SIGNALLED + reason.number)
    except KeyboardInterrupt:
        return _told(f"interrupted; {_AGAIN}", INTERRUPTED)
    except Exception as reason:
        short = out_of_memory(reason)
        if short is not None:
            remedy = "close some programs, raise a limit there may be (ulimit -v), or ask for less"
            return _told(f"there is not enough memory ({short}): {remedy}; what was done is stored", USER_MISTAKE)
        if isinstance(reason, OSError) and reason.errno is not None:
            return _told(refusal(reason), USER_MISTAKE)
        raise


def _told(said: str, code: int) -> int:
    hush()  # it is the last line
    print(f"infoscope: {sentence(said)}", file=sys.stderr)  # it may name what a stranger called something
    return code
