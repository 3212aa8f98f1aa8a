"""Parameters to raw tables."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from churn_pipeline.pipelines.simulate.nodes import simulate_company


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Return the pipeline that writes the simulated company."""
    return Pipeline(
        [
            Node(
                simulate_company,
                inputs={
                    "simulate": "params:simulate",
                    "dataset": "params:dataset",
                    "seed": "params:seed",
                },
                outputs={
                    "customers": "raw_customers",
                    "transactions": "raw_transactions",
                    "contracts": "raw_contracts",
                    "truth": "true_churn_probability",
                    "dirt": "planted_dirt",
                },
                name="simulate_company",
            )
        ]
    )
