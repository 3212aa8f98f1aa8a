"""How nodes are wired: each argument has the name of the dataset that it takes."""

from kedro.pipeline import Pipeline


def by_name(*datasets: str) -> dict[str, str]:
    """Return each dataset under the argument of its name.

    Examples:
        >>> by_name("artifact", "params:seed")
        {'artifact': 'artifact', 'seed': 'params:seed'}
    """
    return {dataset.removeprefix("params:"): dataset for dataset in datasets}


def folded(name: str, pipeline: Pipeline) -> Pipeline:
    """Return a pipeline as one box of kedro-viz; its datasets keep their names."""
    return Pipeline(pipeline, namespace=name, prefix_datasets_with_namespace=False)
