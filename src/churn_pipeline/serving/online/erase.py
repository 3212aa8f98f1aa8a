"""Taking one customer out of an online store."""

from __future__ import annotations

from contextlib import closing

from churn_pipeline.serving.online.features import open_store


class OnlineErasure:
    """A place that knows customers, as `serving.journal.erase` asks for one."""

    def __init__(self, place: str, dataset: str) -> None:
        """Name the store, which need not exist."""
        self._place, self._dataset = place, dataset

    def count(self, customer_id: str) -> int:
        """Return how many values of a customer the store has.

        Raises:
            Exception: The store is there and cannot be read.
        """
        try:
            store = open_store(self._place, self._dataset)
        except FileNotFoundError:
            return 0
        with closing(store):
            return len(store.read(customer_id))

    def forget(self, customer_id: str) -> None:
        """Remove a customer.

        Running services forget the customer when they next look, within a second.

        Raises:
            Exception: The store is there and cannot be written to.
        """
        try:
            store = open_store(self._place, self._dataset)
        except FileNotFoundError:
            return
        with closing(store):
            store.erase(customer_id)
