"""Inputs come out of a block as the model got them, and without ids."""

import zlib

import numpy as np
import pytest

from churn_pipeline.serving.journal.block import (
    erase,
    pack_columns,
    pack_lines,
    unpack,
)

LINES = [b'{"a":1.5,"plan":"x"}', b'{"a":null,"plan":"y"}']


def test_lines_come_out_one_by_one() -> None:
    block = pack_lines(LINES)
    assert unpack(block, 0) == ({"a": [1.5], "plan": ["x"]}, 0)
    assert unpack(block, 1) == ({"a": [None], "plan": ["y"]}, 0)


@pytest.mark.parametrize(
    "inputs",
    [
        b'{"customer_id": "ann", "a": 1}',
        b'{"a": 1, "customer_id": 17}',
        b'{"customer_id": "ann", "a": 1, "customer_id": "ann"}',
        b'{"customer_id": "a\\"nn", "a": 1}',
        b'{"customer\\u005fid": "ann", "a": 1}',
        b'{\n"customer_id": "ann",\n"a": 1}',
    ],
)
def test_the_customers_id_is_no_input_wherever_it_stands(inputs: bytes) -> None:
    block = pack_lines([inputs, b'{"a":2}'])
    assert unpack(block, 0)[0] == {"a": [1]}
    assert unpack(block, 1)[0] == {"a": [2]}
    assert b"nn" not in zlib.decompress(block[1:])
    assert b"17" not in zlib.decompress(block[1:])


def test_columns_come_out_to_the_bit() -> None:
    given = {
        "narrow": np.array([1.5, np.nan, -0.0], np.float32),
        "wide": [0.1, None, 1e300],
        "text": ["é", None, ""],
        "digits": [None, "1", "2"],
        "flags": [True, False, True],
        "customer_id": ["ann", "bob", "eve"],
    }
    columns, row = unpack(pack_columns(given), 2)
    assert row == 2
    assert columns == {
        "narrow": [1.5, None, -0.0],
        "wide": [0.1, None, 1e300],
        "text": ["é", None, ""],
        "digits": [None, "1", "2"],
        "flags": [1.0, 0.0, 1.0],
    }
    assert np.signbit(columns["narrow"][2])


def test_what_is_erased_is_gone_and_the_rest_keeps_its_place() -> None:
    lines = erase(pack_lines(LINES), [0])
    assert unpack(lines, 1)[0] == {"a": [None], "plan": ["y"]}
    with pytest.raises(LookupError, match="erased"):
        unpack(lines, 0)
    columns = erase(pack_columns({"a": [1.0, 2.0], "plan": ["x", "y"]}), [0])
    assert unpack(columns, 1) == ({"a": [None, 2.0], "plan": [None, "y"]}, 1)
