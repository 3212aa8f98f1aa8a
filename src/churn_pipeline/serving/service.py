"""The BentoML service: `bentoml serve churn_pipeline.serving.service:ChurnService`.

BentoML brings the processes and the packaging; `app.py` answers the requests.
"""

from __future__ import annotations

import gc
import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from churn_pipeline.telemetry import switch_off

switch_off()  # before BentoML is imported
# Uvicorn believes whoever on this machine tells of another's address.
os.environ.setdefault("FORWARDED_ALLOW_IPS", "")

import bentoml  # noqa: E402
import uvicorn.config  # noqa: E402
from _bentoml_sdk import Service  # noqa: E402 - what bentoml.service makes

if TYPE_CHECKING:
    from churn_pipeline.serving.app import App

# BentoML takes uvicorn's own choice of a protocol, and lets nobody name another.
uvicorn.config.HTTP_PROTOCOLS["auto"] = "churn_pipeline.serving.at_once:AtOnce"


@cache
def application() -> App:
    """Return the one application of this process.

    Imported by those who answer: the process that starts them has no need of it.
    """
    from churn_pipeline.serving.app import App
    from churn_pipeline.serving.protocol import Protocol

    app = App()
    Protocol.enter, Protocol.is_late = app.begin, app.is_late
    return app


class Bare(Service[Any]):
    """A service whose requests nothing of BentoML stands in front of."""

    def to_asgi(self, is_main: bool = True) -> App:
        """Return our application, which tells BentoML's of start and end."""
        app = application()
        app.lifespan = super().to_asgi(is_main)
        return app


@bentoml.service(
    service_class=Bare,
    name="churn",
    workers=1,
    http={"host": "127.0.0.1"},  # reached from elsewhere only when asked for
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class ChurnService:
    """Churn probabilities over HTTP."""

    def __init__(self) -> None:
        """Load the champion, its hashes and golden rows checked.

        Raises:
            ArtifactError: There is none, or its files are missing or altered.
        """
        from churn_pipeline.serving.assemble import assemble

        # `--quiet` is for what BentoML says: what we warn of is for who runs it.
        logging.getLogger("churn_pipeline").setLevel(logging.WARNING)
        application().parts = assemble()
        # The collector walking the imported modules stalls requests by 70-500 ms.
        gc.collect()
        gc.freeze()
