"""Windows of a log in PostgreSQL are those of one in SQLite."""

import pytest

from tests.monitoring.logged import check_labels_of_either_kind, check_streamed
from tests.postgres.conftest import Server

pytestmark = pytest.mark.postgres


def test_labels_of_either_kind_meet_their_predictions(postgres: Server) -> None:
    check_labels_of_either_kind(postgres.new_database("windows"))


def test_predictions_of_a_window_are_streamed(postgres: Server) -> None:
    check_streamed(postgres.new_database("streamed"))
