"""What each table guarantees, as Pandera schemas for the catalog's key `validator:`.

The schemas are built from the data set's description, so that a guarantee is stated
once. Tables of events are checked inside DuckDB, never as a frame in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from churn_pipeline.dataset import Dataset
from churn_pipeline.tables import Column
from churn_pipeline.validation.errors import DataValidationError
from churn_pipeline.validation.fields import fields_of, label_of, table_of

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

UNLABELLED = ("gap", "not_mature")
SPLITS = ("train", "test", *UNLABELLED)
_KEYS = ["customer_id", "observation_date"]
_TYPES = {
    "integer": "int64",
    "number": "float64",
    "boolean": "boolean",
    "category": "string",
    "date": "date",
    "datetime": "timestamp",
}
_SHOWN = 5


class PrimaryTable:
    """Checks a typed table: types, ranges, categories, nulls and, of customers, ids.

    Example:
        ```yaml
        validator:
          class: churn_pipeline.validation.schemas.PrimaryTable
          options: {table: customers, dataset: "${globals:dataset}"}
        ```
    """

    def __init__(self, *, table: str, dataset: Mapping[str, Any]) -> None:
        """Take the description of the table.

        Args:
            table: `customers`, `transactions` or `contracts`.
            dataset: The data set, as `dataset.yml` has it.
        """
        self._table = table
        self._dataset = Dataset.model_validate(dataset)

    def validate(self, data: ir.Table) -> ir.Table:
        """Return the table as it came.

        Raises:
            DataValidationError: If a guarantee does not hold; at most one screen.
        """
        # Of no rows Pandera reads the missing sum of nulls as nulls.
        if data.count().to_pyarrow().as_py() == 0:
            return data
        _check(self.schema(data), data, self._table)
        if self._table == "customers":
            _check_one_row_each(data, ["customer_id"], self._table)
        return data

    def schema(self, data: ir.Table) -> Any:
        """Return the `pandera.ibis.DataFrameSchema` of a typed table."""
        import pandera.ibis as pa

        described = table_of(self._dataset, self._table)
        columns = {"customer_id": pa.Column(_dtype("string"), nullable=False)}
        if described is not None:
            for field in fields_of(described):
                if field.name != "quantity":
                    kind = _type_of(field.column, data, field.name)
                    columns[field.name] = _ibis_column(field.column, kind)
            if label_of(self._dataset, described) is not None:
                columns["label"] = pa.Column(
                    _dtype("float64"), pa.Check.isin([0.0, 1.0])
                )
        return pa.DataFrameSchema(columns)


class ModelInput:
    """Checks `model_input`: one row a customer and date, known label, split, fold.

    Example:
        ```yaml
        validator: churn_pipeline.validation.schemas.ModelInput
        ```
    """

    def validate(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return the rows as they came.

        Raises:
            DataValidationError: If a guarantee does not hold; at most one screen.
        """
        _check(self.schema(), data, "model_input")
        return data

    def schema(self) -> Any:
        """Return the `pandera.pandas.DataFrameSchema` of the table."""
        import pandera.pandas as pa

        labelled = pa.Check(
            lambda rows: rows["label"].notna() | rows["split"].isin(UNLABELLED),
            name="label missing in a split that needs it",
        )
        folded = pa.Check(
            lambda rows: (rows["fold"] >= 0) == (rows["split"] == "train"),
            name="fold missing in a training row, or given to another",
        )
        return pa.DataFrameSchema(
            {
                "customer_id": pa.Column(nullable=False),
                "observation_date": pa.Column(nullable=False),
                "label": pa.Column(float, pa.Check.isin([0.0, 1.0]), nullable=True),
                "split": pa.Column(checks=pa.Check.isin(SPLITS), nullable=False),
                "fold": pa.Column(int, pa.Check.ge(-1), nullable=False),
            },
            checks=[labelled, folded],
            unique=_KEYS,
        )


def _dtype(name: str) -> Any:
    import ibis

    # Pandera knows Ibis's types, not their names.
    return ibis.dtype(name)


def _type_of(column: Column, data: ir.Table, name: str) -> Any:
    """Return the type that a column must have; a timestamp's precision is open."""
    if column.type == "datetime" and name in data.columns:
        kind = data[name].type()
        if kind.is_timestamp():
            return kind
    return _dtype(_TYPES[column.type])


def _ibis_column(column: Column, kind: Any) -> Any:
    import pandera.ibis as pa

    checks = []
    if column.min is not None:
        checks.append(pa.Check.ge(column.min))
    if column.max is not None:
        checks.append(pa.Check.le(column.max))
    if column.allowed is not None:
        checks.append(pa.Check.isin(list(column.allowed)))
    return pa.Column(kind, checks, nullable=column.nullable)


def _check(schema: Any, data: Any, name: str) -> None:
    """Run a schema, all checks before the first complaint."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(data, lazy=True)
    except SchemaErrors as error:
        raise DataValidationError(_message(error, name)) from error


def _message(error: Any, name: str) -> str:
    """Return one line a failed check, with its column and a few of the values."""
    found: dict[tuple[str, str], list[str]] = {}
    for failure in error.schema_errors:
        column = getattr(getattr(failure, "schema", None), "name", None) or name
        check = getattr(failure.check, "error", None) or failure.check or failure
        cases = _examples(getattr(failure, "failure_cases", None))
        found.setdefault((str(column), str(check)[:120]), []).extend(cases)
    lines = [
        f"- {column}: expected {check}, got {', '.join(cases[:_SHOWN]) or 'otherwise'}"
        for (column, check), cases in list(found.items())[:12]
    ]
    return (
        f"{name}: {len(found)} guarantees do not hold; correct dataset.yml or the node "
        "that writes it:\n" + "\n".join(lines)
    )


def _examples(cases: Any) -> list[str]:
    """Return a few failing values of any form that Pandera reports them in."""
    if cases is None or isinstance(cases, str):
        return [str(cases)] if cases else []
    frame = cases.limit(_SHOWN).to_pandas() if hasattr(cases, "limit") else cases
    column = frame["failure_case"] if "failure_case" in frame else frame.iloc[:, 0]
    # Ibis reports a failing row as a mapping of its column to its value.
    values = [
        next(iter(value.values())) if isinstance(value, dict) else value
        for value in column.head(_SHOWN)
    ]
    return [str(value)[:40] for value in values]


def _check_one_row_each(data: ir.Table, keys: list[str], name: str) -> None:
    """Raise where keys repeat.

    Pandera's own `unique` fetches the rows; counting stays in the engine.
    """
    counts = data.group_by(keys).agg(times=data.count())
    repeated = counts.filter(counts["times"] > 1)
    found = cast("pd.DataFrame", repeated.limit(_SHOWN).to_pandas())
    if len(found):
        shown = ", ".join(str(value) for value in found[keys[0]])
        raise DataValidationError(
            f"{name}: expected one row for each {', '.join(keys)}, got several for "
            f"{shown}; declare `unique` in dataset.yml, which rejects repetitions"
        )
