"""The `stemline` command.

Commands import what they need when they are called, so that `stemline --help` answers at once: bluesky, ophyd
and torch take many seconds to import.
"""

from __future__ import annotations

import sys

import click
import typer

from . import bench, doctor, explain, forward, profile, queue, record, recover, run, screen, serve, status
from .failure import report_failure, send_logs_to_file
from .stop_request import StopRequest

STOPPED = 130  # exit code after Ctrl-C, as shells have it

app = typer.Typer(
    name="stemline",
    help="A beamline for an electron beam: autonomous STEM experiments with Bluesky.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(run.demo)
app.command("run")(run.run)
app.command("ioc")(serve.ioc)
app.command("catalog")(serve.catalog)
app.command("forward")(forward.forward)
app.command("explain", context_settings={"ignore_unknown_options": True})(explain.explain)
app.command("status")(status.status)
app.command("profile")(profile.profile)
app.command("queue")(queue.queue)
app.command("recover")(recover.recover)
app.command("record")(record.record)
app.command("doctor")(doctor.doctor)
app.command("screen")(screen.screen)
app.command("bench")(bench.bench)


def main() -> None:
    """Run the command line; every failure is one line, its traceback goes to a log file."""
    send_logs_to_file()
    StopRequest.listen()
    try:
        # With standalone_mode off, click hands exit codes and errors to us instead of printing its own.
        code = typer.main.get_command(app).main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        code = STOPPED
    except Exception as error:  # noqa: BLE001 - the last place where an error can become one line
        report_failure(error)
        sys.exit(1)
    if code == STOPPED:  # typer turns Ctrl-C into this exit code
        print(f"stemline: stopped by {StopRequest.name}", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)
