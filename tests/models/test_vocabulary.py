import numpy as np

from churn_pipeline.models.vocabulary import Vocabulary

TEXTS = np.array([["a"], ["a"], ["b"], ["b"], ["b"], ["rare"], [""]], dtype=object)


def test_missing_unknown_and_known_have_codes_of_their_own():
    vocabulary = Vocabulary.learn(TEXTS, min_rows=2, max_levels=9)
    assert vocabulary.levels == (("a", "b"),)
    assert vocabulary.sizes == (4,)
    asked = np.array([[""], ["new"], ["rare"], ["a"], ["b"]], dtype=object)
    assert vocabulary.codes(asked)[:, 0].tolist() == [0, 1, 1, 2, 3]


def test_the_most_frequent_levels_are_kept():
    assert Vocabulary.learn(TEXTS, min_rows=1, max_levels=1).levels == (("b",),)
