"""Windows of a log in PostgreSQL are those of one in SQLite."""

import pytest

from tests.monitoring.logged import (
    TOLD,
    a_day_and_its_shadow,
    labels,
    streamed,
    told_either_way,
)
from tests.postgres.conftest import Server

pytestmark = pytest.mark.postgres


def test_labels_of_either_kind_meet_their_predictions(postgres: Server) -> None:
    assert labels(told_either_way(postgres.new_database("windows"))) == TOLD


def test_predictions_of_a_window_are_streamed(postgres: Server) -> None:
    url = postgres.new_database("streamed")
    a_day_and_its_shadow(url)
    assert streamed(url) == [0.1 + 0.2]
