"""A day of a history knows its past alone."""

import datetime as dt

import numpy as np

from churn_pipeline.replay.world import TRUTH


def test_the_steps_are_the_months_after_the_history(world):
    assert world.steps[0] == dt.date(2025, 1, 1)
    assert world.steps[-1] == dt.date(2025, 8, 1)
    assert len(world.steps) == 8


def test_a_day_sees_no_later_date_and_no_label_that_is_not_settled(world):
    day = dt.date(2025, 3, 1)
    seen = world.seen(day)
    assert seen["observation_date"].max() == day
    assert TRUTH not in seen
    known = seen.loc[seen["label"].notna(), "observation_date"]
    # Settled after 60 days, a day of grace and ten until rows are known.
    assert known.max() == dt.date(2024, 12, 1)


def test_labels_become_known_once(world):
    first, second, third = dt.date(2025, 2, 1), dt.date(2025, 3, 1), dt.date(2025, 4, 1)
    early = set(world.settled_between(first, second)["observation_date"])
    late = set(world.settled_between(second, third)["observation_date"])
    assert early == {dt.date(2024, 12, 1)}
    assert late == {dt.date(2025, 1, 1)}


def test_a_wrong_unit_is_seen_until_it_is_mended_and_then_never_was(world):
    during, after = dt.date(2025, 3, 1), dt.date(2025, 4, 1)
    amounts = [
        rows.loc[rows["observation_date"] == during, "amount_30d"].mean()
        for rows in (world.seen(during), world.seen(after))
    ]
    assert amounts[0] > 50 * amounts[1]
    before = world.seen(during)
    assert (
        before.loc[
            before["observation_date"] == dt.date(2025, 1, 1), "amount_30d"
        ].mean()
        < 2 * amounts[1]
    )


def test_the_truth_is_known_of_every_customer_and_is_about_what_became(world):
    rows = world.became(dt.date(2025, 2, 1))
    assert rows[TRUTH].notna().all()
    label, truth = rows["label"].to_numpy(), rows[TRUTH].to_numpy()
    error = np.sqrt((truth * (1 - truth)).sum())
    assert abs(np.nansum(label) - truth.sum()) < 4 * error


def test_a_model_is_made_from_what_a_day_knows(world, settings):
    day = dt.date(2025, 3, 1)
    rows = world.model_input(day, settings.feature_engineering.split, seed=1)
    of = rows.groupby("split")["observation_date"]
    assert of.max()["test"] == dt.date(2024, 12, 1)
    assert of.max()["train"] == dt.date(2024, 10, 1)
    assert of.min()["not_mature"] == dt.date(2025, 1, 1)
