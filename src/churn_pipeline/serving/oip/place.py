"""Where gRPC is spoken, by the environment; imports nothing of gRPC."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn_pipeline.serving.parts import Parts

PORT = "CHURN_GRPC_PORT"
HOST = "CHURN_GRPC_HOST"
USUAL_HOST = "127.0.0.1"
"""Reached from elsewhere only when asked for."""

_HIGHEST = 65_535
_PACKAGES = ("grpc", "google.protobuf")


def port_of(environment: Mapping[str, str]) -> int:
    """Return the port.

    Raises:
        ValueError: It is none.

    Examples:
        >>> port_of({"CHURN_GRPC_PORT": "8001"})
        8001
    """
    given = environment.get(PORT, "")
    if not given.isdecimal() or not 1 <= int(given[:6]) <= _HIGHEST:
        raise ValueError(
            f"expected a port from 1 to {_HIGHEST} in {PORT}, got {given!r}; leave it "
            "out where gRPC is not to be spoken"
        )
    return int(given)


def require_grpc() -> None:
    """Check that the packages of gRPC are there.

    Raises:
        ValueError: One is not.
    """
    try:
        missing = [name for name in _PACKAGES if find_spec(name) is None]
    except ModuleNotFoundError:  # a package that lies in one which is not there
        missing = list(_PACKAGES)
    if missing:
        raise ValueError(
            f"expected grpcio and protobuf, since {PORT} is set, found no "
            f"{' and no '.join(missing)}; `pip install -c requirements.lock -e "
            "'.[grpc]'`, or leave the port out"
        )


async def grpc_of(parts: Parts, environment: Mapping[str, str]) -> Any:
    """Return the gRPC server, which listens; None where no port is named.

    Raises:
        ValueError: The port is none, or grpcio is not installed.
        OSError: The port is taken.
    """
    if not environment.get(PORT):
        return None
    require_grpc()
    from churn_pipeline.serving.oip.grpc_server import start_grpc

    return await start_grpc(parts, environment)
