"""The models: encoding, the net, the baselines, tuning, calibration and export.

Runs where only torch, Lightning, numpy and scikit-learn are; Optuna is imported by
the tuning module's functions and onnx by the exporting ones.
"""
