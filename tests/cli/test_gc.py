"""`kedro churn gc`: what no run makes again stays."""

from kedro.io import DataCatalog, Version
from kedro_datasets.pandas import ParquetDataset

from churn_pipeline.cli.runs import read_whole
from churn_pipeline.io.versions import AllVersions


def test_an_entry_whose_every_version_is_read_has_no_old_ones(tmp_path):
    places = {n: str(tmp_path / f"{n}.parquet") for n in ("assignments", "scores")}
    version = Version(None, "2026-01-01T00.00.00.000Z")
    written = {
        name: ParquetDataset(filepath=place, version=version)
        for name, place in places.items()
    }
    so_far = AllVersions(path=places["assignments"])
    catalog = DataCatalog({**written, "so_far": so_far})
    assert read_whole(catalog) == {"assignments"}
