"""`python -m churn_pipeline.serving`: serve the champion, quietly, on this machine."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from churn_pipeline.environment import require_environment, told_for
from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.serving.access.browser import Cors
from churn_pipeline.serving.access.gate import Access
from churn_pipeline.serving.locate import DATASET, FOLDER, load_champion
from churn_pipeline.serving.oip.place import HOST as GRPC_HOST
from churn_pipeline.serving.oip.place import PORT as GRPC_PORT
from churn_pipeline.serving.oip.place import USUAL_HOST, port_of, require_grpc
from churn_pipeline.serving.place import ROLLOUT, service_folder
from churn_pipeline.serving.tls import tls_options
from churn_pipeline.telemetry import switch_off

SERVICE = "churn_pipeline.serving.service:ChurnService"
GRACE_SECONDS = 10
"""How long the server, asked to end, goes on with what it has begun."""


def main(arguments: list[str] | None = None) -> int:
    """Check the champion, then become BentoML's server.

    Returns:
        1 where there is no such data set, no champion to serve, no free port, or the
        keys, the rollout, the log or a variable cannot be; else this does not return.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.env or not {DATASET, FOLDER} & os.environ.keys():
            os.environ.pop(FOLDER, None)
            os.environ[DATASET] = dataset_of(options.env or "local")
        _require_free(options.host, options.port)
        if os.environ.get(GRPC_PORT):
            host = os.environ.get(GRPC_HOST, USUAL_HOST)
            _require_free(host, port_of(os.environ))
            require_grpc()
        tls = tls_options(os.environ)
        manifest = load_champion().manifest
        n_keys = _valid_keys(manifest.dataset)
        _require_readable(service_folder(manifest.dataset))
    except (ArtifactError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    switch_off()
    address = f"{'https' if tls else 'http'}://{options.host}:{options.port}"
    sys.stderr.write(
        f"serving {manifest.dataset}, model {manifest.version}, at {address} "
        f"(contract: {address}/docs)\n"
    )
    if not n_keys:
        add = "there is no valid key, so nobody gets in: `kedro churn keys add NAME "
        sys.stderr.write(told_for(options.env, f"{add}--role predict`\n"))
    sys.stderr.flush()
    serve = ["-m", "bentoml", "serve", SERVICE, "--quiet", "--host", options.host]
    grace = ["--timeout-graceful-shutdown", str(GRACE_SECONDS)]
    command = [sys.executable, *serve, "--port", str(options.port), *grace, *tls]
    os.execv(sys.executable, command)  # noqa: S606 - no shell, our own arguments


def dataset_of(env: str, project: Path | None = None) -> str:
    """Return the name of the data set of a Kedro environment.

    Args:
        env: Folder under `conf/`; one without a `dataset.yml` has that of `base`.
        project: The project's folder; None takes the current one.

    Raises:
        ValueError: There is no such environment.
    """
    from omegaconf import OmegaConf

    conf = (project or Path()) / "conf"
    require_environment(env, conf)
    for folder in (conf / env, conf / "base"):
        files = [folder / "globals.yml", folder / "dataset.yml"]
        if files[-1].is_file():
            found = [OmegaConf.load(file) for file in files if file.is_file()]
            return str(OmegaConf.merge(*found).dataset.name)
    raise SystemExit(
        f"expected {conf / 'base' / 'dataset.yml'}, found none; run this in the "
        "project's folder, or set CHURN_ARTIFACT and use `bentoml serve`"
    )


def _valid_keys(dataset: str) -> int:
    """Return how many keys open the service, whose configuration is checked.

    Raises:
        ValueError: `keys.json` cannot be trusted, or a variable makes no sense.
        OSError: `keys.json` cannot be read.
    """
    Cors.of(os.environ)
    access = Access(service_folder(dataset))
    access.close()
    return len(access.keys)


def _require_readable(folder: Path) -> None:
    """Check what the workers would fail on, each of them, again and again.

    A log in PostgreSQL is theirs to look at: that may come up later.

    Raises:
        ValueError: The rollout or the log cannot be read, or not by this release.
        OSError: A file of theirs cannot be opened.
    """
    from churn_pipeline.serving.journal.database import connect, is_file, journal_url
    from churn_pipeline.serving.journal.pseudonym import Pseudonyms
    from churn_pipeline.serving.rollout.state import Rollout

    Rollout(folder / ROLLOUT)
    url = journal_url(folder)
    if is_file(url):
        names = Pseudonyms.of(folder, os.environ)
        connect(url, pseudonyms=names.fingerprint).close()


def _require_free(host: str, port: int) -> None:
    """Refuse a port that somebody listens on, before BentoML does at length.

    Raises:
        OSError: The port is taken, or the address is not this machine's.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                f"expected a free port, got {host}:{port} ({error.strerror}); end "
                "what listens there, or name another: `make serve PORT=3001`"
            ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m churn_pipeline.serving",
        description="Serve the champion over HTTP.",
        epilog="example: python -m churn_pipeline.serving --env telco --port 3000",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument(
        "--env",
        help=f"Kedro environment, before {DATASET} and {FOLDER}; local without either",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
