"""None of our packages phones home, or writes to the console on its own."""

import os

SWITCHES = {
    "DO_NOT_TRACK": "true",
    "KEDRO_DISABLE_TELEMETRY": "true",
    "BENTOML_DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "MLFLOW_CONFIGURE_LOGGING": "false",  # else it adds a handler of its own
}


def switch_off() -> None:
    """Set each package's own switch, for this process and those it starts."""
    for switch, value in SWITCHES.items():
        os.environ.setdefault(switch, value)
