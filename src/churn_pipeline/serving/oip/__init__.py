"""The Open Inference Protocol, version 2, over REST and gRPC.

Requests become the JSON of `/predict` and meet what it meets: contract, routing,
journal, metrics. `rest.py` and `grpc_server.py` only read and write tensors.
"""
