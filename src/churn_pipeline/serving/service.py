"""The BentoML service: `bentoml serve churn_pipeline.serving.service:ChurnService`.

BentoML brings the processes, the probes and the page; `app.py` answers `/predict`,
`/predict_batch` and `/docs.json` within them.
"""

from __future__ import annotations

import gc

from churn_pipeline.telemetry import switch_off

switch_off()  # before BentoML is imported

import bentoml  # noqa: E402

from churn_pipeline.serving.answers import Predictor  # noqa: E402
from churn_pipeline.serving.app import make_app  # noqa: E402
from churn_pipeline.serving.locate import load_champion  # noqa: E402

app = make_app()


@bentoml.service(
    name="churn",
    workers=1,
    traffic={"timeout": 30},
    http={"host": "127.0.0.1"},  # reached from elsewhere only when asked for
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(app, path="/", name="predictions")
class ChurnService:
    """Churn probabilities over HTTP."""

    def __init__(self) -> None:
        """Load the champion, its hashes and golden rows checked.

        Raises:
            ArtifactError: There is none, or its files are missing or altered.
        """
        # Loading checks the golden rows: without that nothing below is reached.
        self.predictor = Predictor(load_champion())
        app.state.predictor = self.predictor
        # The collector walking the imported modules stalls requests by 70-500 ms.
        gc.collect()
        gc.freeze()

    def __is_ready__(self) -> bool:
        """Return whether the model has passed its checks, golden rows included.

        They are made when it is loaded, once, and not for each question.
        """
        return getattr(app.state, "predictor", None) is self.predictor
