"""Taking one customer out of an online store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from churn_pipeline.masking import mask
from churn_pipeline.serving.online.features import Store, open_store


class OnlineStoreError(RuntimeError):
    """The online store is there and cannot be read or written to."""


class OnlineErasure:
    """A place that knows customers, as `serving.journal.erase` asks for one."""

    def __init__(self, place: str, dataset: str) -> None:
        """Name the store, which need not exist."""
        self._place, self._dataset = place, dataset

    def count(self, customer_id: str) -> int:
        """Return how many values of a customer the store has.

        Raises:
            OnlineStoreError: The store is there and cannot be read.
        """
        return self._ask(lambda store: len(store.read(customer_id)))

    def forget(self, customer_id: str) -> None:
        """Remove a customer.

        Running services forget the customer when they next look, within a second.

        Raises:
            OnlineStoreError: The store is there and cannot be written to.
        """
        self._ask(lambda store: store.erase(customer_id))

    def _ask(self, work: Callable[[Store], int]) -> int:
        """Return what a store answers; 0 where there is none."""
        try:
            with closing(open_store(self._place, self._dataset)) as store:
                return work(store)
        except FileNotFoundError:
            return 0
        except Exception as error:
            raise OnlineStoreError(
                f"expected an online store that answers at {mask(self._place)}, got "
                f"{mask(f'{type(error).__name__}: {error}')}; start it, or name "
                "another in CHURN_ONLINE_STORE"
            ) from error
