"""A pseudonym is the same for the same customer and key, and tells nothing else."""

import stat

import pytest

from churn_pipeline.serving.journal.pseudonym import Pseudonyms, make_key

ONE, TWO = Pseudonyms(b"0123456789abcdef"), Pseudonyms(b"fedcba9876543210")


def test_a_name_hangs_on_the_customer_and_the_key() -> None:
    assert ONE.name("ann") == ONE.name("ann") != TWO.name("ann")
    assert ONE.name("ann") != ONE.name("bob")
    assert ONE.name(17) == ONE.name("17")
    assert ONE.name(None) is None
    assert len({ONE.fingerprint, TWO.fingerprint, Pseudonyms().fingerprint}) == 3


def test_a_mark_hangs_on_the_key_and_is_no_name_of_the_log() -> None:
    assert ONE.mark("ann") == ONE.mark("ann") != TWO.mark("ann")
    assert len({one.mark("ann") for one in (ONE, TWO, Pseudonyms())}) == 3
    assert len(ONE.mark("ann")) == 16
    assert not ONE.name("ann").startswith(ONE.mark("ann"))


def test_the_variable_comes_before_the_file(tmp_path) -> None:
    assert Pseudonyms.of(tmp_path, {}).name("ann") == "ann"
    path = make_key(tmp_path, f"sqlite:///{tmp_path}/none.db")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    filed = Pseudonyms.of(tmp_path, {})
    assert filed.name("ann") == Pseudonyms(path.read_bytes().strip()).name("ann")
    given = Pseudonyms.of(tmp_path, {"CHURN_PSEUDONYM_KEY": "0123456789abcdef"})
    assert given.name("ann") == ONE.name("ann")
    with pytest.raises(FileExistsError):
        make_key(tmp_path, f"sqlite:///{tmp_path}/none.db")


def test_an_empty_or_short_key_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="found it empty"):
        Pseudonyms.of(tmp_path, {"CHURN_PSEUDONYM_KEY": " "})
    (tmp_path / "pseudonym.key").write_text("\n")
    with pytest.raises(ValueError, match="found it empty"):
        Pseudonyms.of(tmp_path, {})
    with pytest.raises(ValueError, match="at least 16 bytes, got 5"):
        Pseudonyms(b"short")
