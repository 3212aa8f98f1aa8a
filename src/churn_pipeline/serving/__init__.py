"""The HTTP service: contract, answers, ASGI application and BentoML service.

Needs numpy, ONNX Runtime, pydantic and BentoML; no torch, pandas, MLflow, Lightning.
"""
