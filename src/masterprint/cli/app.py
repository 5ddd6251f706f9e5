"""The command `masterprint`: one module per verb, each imported when it is asked for."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from contextlib import suppress
from types import FrameType
from typing import NoReturn

import typer

from masterprint import __version__, children
from masterprint.cli import (
    album,
    batch,
    capture,
    chain,
    codecs,
    ddp,
    demo,
    farm,
    measure,
    null,
    pack,
    platforms,
    plugins,
    recall,
    render,
    sessions,
    stages,
    tag,
    watch,
)
from masterprint.errors import MasterprintError

FAILED, USAGE, UNEXPECTED, INTERRUPTED = 1, 2, 3, 130
INTERRUPTION = "Interrupted. Nothing was left half-written."

app = typer.Typer(
    name="masterprint",
    help="Master mixes from chain files, without a DAW.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("render")(render.render)
app.command("batch")(batch.batch)
app.command("watch")(watch.watch)
app.add_typer(album.app, name="album")
app.add_typer(farm.app, name="farm")
app.command("recall")(recall.recall)
app.command("sessions")(sessions.sessions)
app.command("pack")(pack.pack)
app.command("unpack")(pack.unpack)
app.command("measure")(measure.measure)
app.command("tag")(tag.tag)
app.command("null")(null.null)
app.command("ddp")(ddp.ddp)
app.command("codecs")(codecs.codecs)
app.command("platforms")(platforms.platforms)
app.add_typer(chain.app, name="chain")
app.command("capture")(capture.capture)
app.add_typer(plugins.app, name="plugins")
app.command("stages")(stages.stages)
app.command("demo")(demo.demo)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"masterprint {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_version, is_eager=True
    ),
) -> None:
    del version


def main() -> NoReturn:
    """Run the command line; what goes wrong becomes one sentence and an exit code."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        # What is ignored from the start stays so: that is what nohup is for.
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), _terminate)
    _settle_in()
    try:
        app(standalone_mode=True)
    except MasterprintError as error:
        _say(str(error))
        _leave(USAGE)
    except KeyboardInterrupt:
        _say(INTERRUPTION)
        _leave(INTERRUPTED)
    except BrokenPipeError:
        _leave(FAILED)
    except OSError as error:
        if error.filename is not None:
            _leave(_unexpected(error))
        _say(f"The output cannot be written: {error.strerror}.")
        _leave(FAILED)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else FAILED
        if code == INTERRUPTED:  # Typer has turned Ctrl-C into an exit by now
            _say(INTERRUPTION)
        _leave(code)
    except Exception as error:
        _leave(_unexpected(error))
    _leave(0)


def _settle_in() -> None:
    """Streams that take anything, and what suits a process that works on audio."""
    # Closed by the caller, as by `>&-`: what is printed goes nowhere.
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may hold what no encoding has
            stream.reconfigure(errors="backslashreplace")
    children.settle_in()


def _terminate(number: int, frame: FrameType | None) -> None:
    del frame
    _leave(128 + number)


def _unexpected(error: Exception) -> int:
    from masterprint.report import reported

    trace = "".join(traceback.format_exception(error))
    _say(reported(f"{type(error).__name__}: {error}", trace))
    return UNEXPECTED


def _say(text: str) -> None:
    from masterprint.cli.console import clean

    with suppress(OSError):  # nobody can be told that nobody can be told
        print(f"masterprint: {clean(text)}", file=sys.stderr, flush=True)


def _leave(code: int) -> NoReturn:
    """End at once: threads that still render are not waited for, their files are removed."""
    from masterprint.files.unfinished import discard_unfinished

    discard_unfinished()
    children.close_all()
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads any more
        pass
    except OSError as error:
        _say(f"The output cannot be written: {error.strerror}.")
        code = code or FAILED
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)
