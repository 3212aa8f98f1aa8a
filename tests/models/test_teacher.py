from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from churn_pipeline.models import teacher
from churn_pipeline.models.net_model import fit_groups, train_net
from churn_pipeline.models.settings import BoostingSettings
from churn_pipeline.models.teacher import teach
from tests.models.company import QUICK_FIT, SMALL_NET, encode, learn, made_up

TREE = BoostingSettings(max_trees=1)


def _rows():
    table, label = made_up(400)
    vocabulary = learn(table)
    return encode(table, label, vocabulary), vocabulary.sizes


def _taught(rows, sizes):
    return teach(rows, sizes, range(4), settings=TREE, seed=0).taught


def test_what_it_says_for_a_fold_knows_no_label_of_it():
    rows, sizes = _rows()
    flipped = np.where(rows.fold == 2, 1 - rows.label, rows.label)
    before, after = _taught(rows, sizes), _taught(replace(rows, label=flipped), sizes)
    np.testing.assert_array_equal(before[:, 2], after[:, 2])
    assert (before[:, [0, 1, 3]] != after[:, [0, 1, 3]]).any(axis=0).all()


def test_where_no_member_holds_a_fold_out_its_column_is_the_label():
    rows, sizes = _rows()
    taught = teach(rows, sizes, [1], settings=TREE, seed=0).taught
    np.testing.assert_array_equal(taught[:, 0], rows.label)
    assert not np.isin(taught[:, 1], (0, 1)).any()


def test_very_many_rows_come_back_as_they_are(monkeypatch):
    rows, sizes = _rows()
    monkeypatch.setattr(teacher, "_MAX_ROWS", 399)
    assert teach(rows, sizes, [0], settings=TREE, seed=0) is rows


def test_a_member_learns_from_label_and_teacher_in_its_share():
    rows, sizes = _rows()
    drawn = np.random.default_rng(0).permutation(rows.label)
    noisy = replace(rows, label=np.where(rows.fold == 0, rows.label, drawn))
    right = np.repeat(rows.label[:, None].astype(np.float32), 4, axis=1)
    groups = [replace(SMALL_NET, members=1, teacher=share) for share in (0.0, 1.0)]
    how = replace(QUICK_FIT, max_epochs=30, patience=30, min_batch_rows=64)
    hold = torch.tensor([0, 0])
    held = rows.fold == 0

    def found(given):
        """Return how well each member ranks the rows that it has not seen."""
        net = fit_groups(given, sizes, groups, hold, fit=how, seed=0)
        inputs = torch.from_numpy(rows.numbers), torch.from_numpy(rows.codes)
        with torch.inference_mode():
            logits = net(*inputs).numpy()[held]
        return [roc_auc_score(rows.label[held], member) for member in logits.T]

    alone, told = found(replace(noisy, taught=right))
    assert told > alone + 0.1
    assert found(noisy)[0] == pytest.approx(alone)


@pytest.mark.parametrize("share", [0.0, 0.7])
def test_the_final_net_learns_from_it_unless_its_share_is_none(share):
    rows, sizes = _rows()
    net = replace(SMALL_NET, teacher=share)
    few, many = (
        train_net(
            rows,
            sizes,
            net=net,
            boosting=replace(TREE, max_trees=trees),
            fit=QUICK_FIT,
            seed=0,
        ).held_out
        for trees in (1, 30)
    )
    assert (few != many).any() == (share > 0)
