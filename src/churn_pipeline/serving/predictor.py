"""One model that answers: bodies in, probabilities and decisions out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churn_pipeline.evaluation.decision import CustomerValue
from churn_pipeline.models.table import read_numbers
from churn_pipeline.release.artifact import Artifact
from churn_pipeline.release.reasons import Reason
from churn_pipeline.serving.contract import Contract, Request
from churn_pipeline.serving.decide import decide
from churn_pipeline.serving.decide_one import DecideOne
from churn_pipeline.serving.reader import Reader, Values
from churn_pipeline.serving.text import Told, Warnings


@dataclass(slots=True)
class Predictions:
    """What is foreseen of the customers of a request.

    Attributes:
        told: Of each customer, in the order of the rows.
        warnings: Feature -> how many values were missing or an unknown category.
        reasons: Of each customer; None where none were asked for.
    """

    told: list[Told]
    warnings: Warnings
    reasons: list[list[Reason]] | None = None


class Predictor:
    """Answers requests with one artifact.

    Attributes:
        artifact: The model.
        version: Its version.
        dataset: Name of its data set.
        contract: What a request may hold.
        reader: Reads requests.
        costs: Of the decision to call.
        digest: Of the manifest.
        position: Where each input stands among the values of a row.
    """

    def __init__(self, artifact: Artifact) -> None:
        """Make contract and reader of the artifact, which checked itself."""
        manifest = artifact.manifest
        self.artifact, self.version = artifact, manifest.version
        self.dataset = manifest.dataset
        self.contract = Contract(manifest)
        self.reader = reader = Reader(manifest, self.contract)
        self.costs, self.digest = manifest.decision, manifest.digest
        self.position = {name: i for i, name in enumerate(reader.names)}
        stated = manifest.decision.customer_value
        self._value = stated if isinstance(stated, CustomerValue) else None
        self._decide = DecideOne(manifest, self.position)
        self._texts = reader.n_numbers + reader.n_texts
        texts = reader.names[reader.n_numbers : self._texts]
        self._known = [self.contract.known.get(name) for name in texts]

    def one(self, values: Values) -> tuple[Told, Warnings]:
        """Return what is foreseen of one customer, and the warnings.

        Args:
            values: As the reader gives them.
        """
        split = self.reader.n_numbers
        texts = values[split : self._texts]
        probability = self.artifact.predict_one(values[:split], texts)
        told = Told(values[-1], probability, *self._decide(values, probability))
        if None not in values[:-1] and self._all_known(texts):
            return told, {}
        return told, self.contract.warnings(self.reader.request([values]))

    def many(self, request: Request, reasons: int = 0) -> Predictions:
        """Return what is foreseen of customers.

        Args:
            request: Columns, as the contract wants them.
            reasons: Most reasons to give each; 0 gives none and costs nothing.
        """
        probability = self.artifact.predict(request.columns)
        decided = decide(request.columns, probability, self.artifact.manifest)
        columns = (values.tolist() for values in (probability, *decided))
        told = [Told(*row) for row in zip(request.ids, *columns, strict=True)]
        why = None
        if reasons:
            why = self.artifact.reasons(request.columns, at_most=reasons)
        return Predictions(told, self.contract.warnings(request), why)

    def value(self, values: Values) -> float | None:
        """Return the money that a customer is worth; None: as much as the usual one.

        Args:
            values: As the reader gives them.
        """
        stated = self._value
        if stated is None:
            return None
        given = values[self.position[stated.column]]
        return None if given is None else given * stated.times

    def values(self, request: Request) -> NDArray[np.float64] | None:
        """Return what customers are worth, (n,), not a number where not known.

        None: each as much as the usual one.
        """
        if self._value is None:
            return None
        given = read_numbers(self._value.column, request.columns[self._value.column])
        return given * self._value.times

    def _all_known(self, texts: Values) -> bool:
        for text, known in zip(texts, self._known, strict=True):
            if not text or (known is not None and text not in known):
                return False
        return True
