"""Triton's client, in an environment without this project: JSON lines in and out.

Each line asks `{"do": method, ...}`; the answer is `{"is": ...}` or `{"refused": ...}`.
Run as `python triton_client.py http|grpc ADDRESS KEY CERTIFICATE`.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import numpy as np

DO = {
    "live": "is_server_live",
    "ready": "is_server_ready",
    "server": "get_server_metadata",
    "model_ready": "is_model_ready",
    "model": "get_model_metadata",
}


def main(protocol: str, address: str, key: str, certificate: str) -> None:
    """Answer until there are no more lines."""
    library = importlib.import_module(f"tritonclient.{protocol}")
    if protocol == "http":
        options: dict[str, Any] = {"ssl_options": {"ca_certs": certificate}}
    else:
        options = {"root_certificates": certificate}
    client = library.InferenceServerClient(address, ssl=True, **options)
    headers = {"x-api-key": key}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told = {"is": answer(library, client, asked, headers)}
        except library.InferenceServerException as error:
            told = {"refused": error.message(), "status": str(error.status())}
        print(json.dumps(told), flush=True)


def answer(library: Any, client: Any, asked: Any, headers: dict[str, str]) -> Any:
    """Return what the server answers to one question."""
    headers = headers | asked.get("headers", {})
    names = [asked["name"]] if "name" in asked else []
    if asked["do"] != "infer":
        found = getattr(client, DO[asked["do"]])(*names, headers=headers)
        plain = isinstance(found, bool | dict)
        return found if plain else json.loads(as_json(found))
    inputs = [tensor(library, *column) for column in asked["columns"].items()]
    given = client.infer(*names, inputs, headers=headers)
    return {name: values(given.as_numpy(name)) for name in asked["outputs"]}


def tensor(library: Any, name: str, column: list[Any]) -> Any:
    """Return an input; texts are objects, numbers float64."""
    text = isinstance(column[0], str)
    array = np.array(column, dtype=object if text else np.float64)
    made = library.InferInput(name, [len(column)], "BYTES" if text else "FP64")
    made.set_data_from_numpy(array)
    return made


def values(array: Any) -> list[Any]:
    """Return an output; texts come as bytes."""
    return [v.decode() if isinstance(v, bytes) else v for v in array.tolist()]


def as_json(message: Any) -> str:
    """Return a message of protobuf as JSON."""
    from google.protobuf.json_format import MessageToJson

    return MessageToJson(message)


if __name__ == "__main__":
    main(*sys.argv[1:])
