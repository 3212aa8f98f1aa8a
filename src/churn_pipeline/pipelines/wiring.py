"""How nodes are wired: each argument has the name of the dataset that it takes."""


def by_name(*datasets: str) -> dict[str, str]:
    """Return each dataset under the argument of its name.

    Examples:
        >>> by_name("artifact", "params:seed")
        {'artifact': 'artifact', 'seed': 'params:seed'}
    """
    return {dataset.removeprefix("params:"): dataset for dataset in datasets}
