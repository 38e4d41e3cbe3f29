"""The command `edgewise` and what it does with errors.

Exit codes: 0 done, 1 done but nothing could be analysed (or `doctor` found something broken), 2 an error, 130
Ctrl-C, 141 whoever read the output went away.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from edgewise import __version__
from edgewise.cli.lazy import LazyGroup
from edgewise.errors import EdgewiseError

EXIT_NOTHING_WORKED = 1
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_NO_READER = 141


class _Main(LazyGroup):
    """Turns what can be expected to go wrong into one line on stderr and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EdgewiseError as error:
            _fail(ctx, str(error))
        except BrokenPipeError:
            _silence(sys.stdout)
            ctx.exit(EXIT_NO_READER)
        except OSError as error:
            _fail(ctx, ": ".join(filter(None, (str(error.filename or ""), error.strerror or str(error)))))
        except KeyboardInterrupt as stop:
            # The empty line ends the one on which the terminal shows ^C.
            click.echo(f"\n{str(stop) or 'Stopped.'}", err=True)
            ctx.exit(EXIT_INTERRUPTED)


def _fail(ctx: click.Context, message: str) -> None:
    click.echo(f"Error: {message}", err=True)
    ctx.exit(EXIT_ERROR)


def _silence(stream: Any) -> None:
    """Let Python's own flush at exit go nowhere, as its reader is gone."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
    except (OSError, AttributeError):
        return


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="edgewise")
def main() -> None:
    """Language, sentiment, toxicity and emotion of comments, on this machine; nothing is sent anywhere."""
