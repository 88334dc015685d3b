"""The command line: parses, loads the task, and hands over. Data to stdout, talk to stderr."""

import json
import os
import signal
import sys
import traceback
from contextlib import closing, suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import structlog
import typer

from control.config import ConfigError, load
from runtime import telemetry
from runtime.errors import Exit, Fatal, Transient, of_machine
from runtime.parent import die_with
from runtime.service import Backoff, Stop, run
from runtime.stopping import Stopped

app = typer.Typer(
    name="penstock",
    help="Moves a live MySQL database into PolarDB for MySQL, through Kafka, while the application keeps writing.\n\n"
    "Begin with: penstock check --config task.yaml",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Config = Annotated[
    Path, typer.Option("--config", "-c", envvar="PENSTOCK_CONFIG", help="The task file (YAML).", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
TargetName = Annotated[
    str | None, typer.Option("--target", help="Which target of the task file; the only one by default.")
]
Parent = Annotated[int | None, typer.Option("--parent", hidden=True)]


def _version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"penstock {metadata.version('penstock')}")
        except metadata.PackageNotFoundError:
            typer.echo("penstock, from a folder where it is not installed")
        raise typer.Exit


@app.callback()
def penstock(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def check(config: Config, as_json: AsJson = False) -> None:
    """Look at source, Kafka and targets, and list every obstacle with its repair.

    Changes nothing. Exit code 0 when the task can start, 2 when something must be repaired first.

    Example: penstock check --config shop.yaml
    """
    from control.check import check as look
    from control.check import failures
    from control.screen import show_findings

    findings = look(load(config))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        show_findings(findings)
    if failures(findings):
        raise typer.Exit(Exit.OPERATOR)


@app.command()
def capture(config: Config, as_json: AsJson = False, parent: Parent = None) -> None:
    """Read the source's log and its tables into Kafka, until stopped.

    One capture per task: a second one takes over, and the first one ends. Started again it goes on where it was.

    Example: penstock capture --config shop.yaml
    """
    stop = _service("capture", as_json, parent)
    task = load(config)
    from control.cluster import kafka_of, kafka_when_up
    from control.wiring import capture_of, checked

    kafka = kafka_of(task) if parent is None else kafka_when_up(task, stop)
    session = capture_of(task, kafka, stop).session
    if parent is None:  # otherwise penstock migrate has looked
        session = checked(task, kafka, session)
    if task.capture_metrics_port is not None:
        telemetry.serve(task.capture_metrics_port)
    run(session, stop, Backoff(task.retry_minutes * 60, "capture"))


@app.command()
def apply(
    config: Config,
    target: TargetName = None,
    as_json: AsJson = False,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve metrics here instead of at metrics.apply_port.", min=1, max=65535)
    ] = None,
    parent: Parent = None,
) -> None:
    """Write what is in Kafka into a target, until stopped.

    Run as many as you like for one target, on any machine: Kafka divides the tables among them.

    Example: penstock apply --config shop.yaml --target polar
    """
    stop = _service("apply" if target is None else f"apply {target}", as_json, parent)
    task = load(config)
    settings = task.target(target)
    from control.cluster import kafka_of, kafka_when_up
    from control.wiring import apply_of

    kafka = kafka_of(task) if parent is None else kafka_when_up(task, stop)
    port = metrics_port or task.apply_metrics_port
    if port is not None:
        telemetry.serve(port)
    run(apply_of(task, kafka, settings).session, stop, Backoff(settings.retry_minutes * 60, "apply"))


@app.command()
def migrate(
    config: Config,
    until: Annotated[
        Literal["caught-up"] | None, typer.Option(help="End by itself when every target has everything.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole task on this machine: schema, rows, then changes, until stopped.

    Ctrl-C or SIGTERM stops it cleanly; started again it goes on where it was.

    Example: penstock migrate --config shop.yaml --until caught-up
    """
    stop = _service("migrate", as_json, None)
    task = load(config)
    from control.migrate import migrate as run_all
    from control.progress import LogLines, Screen
    from control.supervisor import Bug

    display = Screen() if sys.stderr.isatty() and not as_json else LogLines()
    try:
        with closing(display):
            run_all(task, until is not None, display, stop)
    except Bug as bug:
        _complain(str(bug), "report it with this text", as_json)
        raise typer.Exit(Exit.BUG) from bug


@app.command()
def status(config: Config, as_json: AsJson = False) -> None:
    """Show how far the task is, from any machine.

    Example: penstock status --config shop.yaml --json
    """
    from control.screen import show_status
    from control.status import report_of

    report = report_of(load(config))
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        show_status(report)


@app.command()
def wait(
    config: Config,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Wait until every target has applied everything that the source has now, snapshot included.

    Exit code 0 as soon as it has, 3 when the time is over, 2 when only an operator can help: nothing else is left.

    Example: penstock wait --config shop.yaml --timeout 60
    """
    from control.cluster import kafka_of
    from control.status import refused_by
    from control.wait import wait as wait_for

    task = load(config)
    targets = list(task.targets.values())
    waited = wait_for(
        task.sources,
        lambda: kafka_of(task),
        task.name,
        targets,
        task.selection,
        timeout,
        lambda: refused_by(task),
    )
    if as_json:
        typer.echo(json.dumps({"caught_up": waited.done, "seconds": waited.seconds, "missing": waited.missing}))
    elif waited.done:
        typer.echo(f"caught up after {waited.seconds:.2f} seconds")
    else:
        typer.echo(
            f"not caught up after {waited.seconds:.0f} seconds:\n" + "\n".join(f"  {line}" for line in waited.missing)
        )
    if waited.refused:
        raise Fatal(
            "; ".join(f"{trouble.where}: {trouble.error}" for trouble in waited.refused),
            hint="; ".join(dict.fromkeys(trouble.hint for trouble in waited.refused)),
        )
    if not waited.done:
        raise typer.Exit(Exit.NO)


@app.command()
def verify(
    config: Config,
    target: TargetName = None,
    tables: Annotated[
        list[str] | None, typer.Option(help="Only tables that match, such as shop.order*; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Differences to show of each table.", min=1)] = 20,
    patience: Annotated[
        float, typer.Option(help="Seconds in which a difference must persist before it counts.", min=0)
    ] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Compare source and target exactly, schema and every row, while both are live.

    Exit code 0 when they are equal, 3 when they differ; every row that differs is named.

    Example: penstock verify --config shop.yaml --tables 'shop.*'
    """
    from control.screen import Comparing, show_verification
    from control.verify import verify as compare

    task = load(config)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what it has begun at the servers is ended
    with Comparing() as comparing:
        verification = compare(task, task.target(target), tables or [], patience, comparing.watch)
    if as_json:
        typer.echo(json.dumps(verification.limited(limit).as_json(), indent=2))
    else:
        show_verification(verification.limited(limit))
    if not verification.equal:
        raise typer.Exit(Exit.NO)


@app.command()
def tail(
    config: Config,
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table, such as shop.orders; may be repeated.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Schema changes too.")] = False,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Start with the oldest records.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Go on with new records; or end with what is there.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
) -> None:
    """Show the records in Kafka, decoded, one line of JSON each.

    Example: penstock tail --config shop.yaml --table shop.orders --from-beginning --no-follow
    """
    from control.cluster import kafka_of
    from control.tail import Tail, table_name

    task = load(config)
    stop = Stop()
    stop.on_signals()
    records = Tail(kafka_of(task), task.name, [table_name(text) for text in table or []], schema)
    for line in records.follow(from_beginning, stop) if follow else records.everything():
        print(line, flush=follow)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs a command and ends the process with its exit code; the only place where errors become messages."""
    given = sys.argv[1:] if arguments is None else arguments
    telemetry.configure("--json" in given or not sys.stderr.isatty())
    code = _run(given, "--json" in given)
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Everything that matters is closed by now. What Python would do besides is to take Kafka's clients apart, and they
    # wait, for as long as it takes, for answers of a broker that is away.
    os._exit(code)


def _run(arguments: list[str], as_json: bool) -> int:
    try:
        return int(app(args=arguments or ["--help"], prog_name="penstock", standalone_mode=False) or 0)
    except typer.TyperException as error:
        verbs = [verb.callback.__name__ for verb in app.registered_commands if verb.callback is not None]
        verb = next((argument for argument in arguments if argument in verbs), "")
        _complain(error.format_message(), " ".join(["penstock", *filter(None, [verb]), "--help"]), as_json)
        return Exit.OPERATOR
    except ConfigError as error:
        problems = [{"file": str(error.file), **asdict(problem)} for problem in error.problems]
        _complain(str(error), error.hint, as_json, problems)
        return Exit.OPERATOR
    except Fatal as error:
        _complain(str(error), error.hint, as_json)
        return Exit.OPERATOR
    except Stopped:
        return Exit.DONE
    except Transient as error:
        _complain(str(error), "see whether it runs and can be reached, then try again", as_json)
        return Exit.OPERATOR
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except OSError as error:
        if (told := of_machine(error)) is None:
            return _bug(error, as_json)
        _complain(str(told), told.hint, as_json)
        return Exit.OPERATOR
    except Exception as error:  # noqa: BLE001 - a bug
        return _bug(error, as_json)


def _bug(error: Exception, as_json: bool) -> Exit:
    """Its place in the code, never its values."""
    _complain(f"a bug in penstock: {bug_text(error)}", "report it with this text", as_json)
    return Exit.BUG


def bug_text(error: BaseException) -> str:
    """An error and what led to it, each with its place in the code; without words that may quote a row's value."""
    quotes = isinstance(error, ValueError | LookupError | ArithmeticError)
    words = f"{type(error).__name__}" if quotes else f"{type(error).__name__}: {error}"
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = "" if cause is None else f"\nafter {bug_text(cause)}"
    return f"{words}\n{''.join(traceback.format_tb(error.__traceback__))}{before}"


def _complain(error: str, hint: str, as_json: bool, problems: list[dict[str, object]] | None = None) -> None:
    if as_json:
        message: dict[str, object] = {"level": "error", "event": "ended", "error": error, "hint": hint}
        print(json.dumps(message if problems is None else {**message, "problems": problems}), file=sys.stderr)
    else:
        print(f"error: {error}\nhint:  {hint}", file=sys.stderr)


def _service(process: str, as_json: bool, parent: int | None) -> Stop:
    """What a long-running command sets up before anything else."""
    if parent is not None:
        die_with(parent)
    telemetry.configure(as_json or not sys.stderr.isatty())
    structlog.contextvars.bind_contextvars(process=process)
    stop = Stop()
    stop.on_signals()
    return stop


if __name__ == "__main__":
    main()
