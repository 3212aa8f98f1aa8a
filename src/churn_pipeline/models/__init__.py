"""The models: encoding, the net, the baselines, tuning, calibration and export.

Runs where only torch, Lightning, numpy and scikit-learn are; Optuna is imported by
the tuning module's functions and onnx by the exporting ones.
"""

import os

# Read when torch loads OpenMP: its threads wait for each other by spinning, which
# made a fit on two busy cores 40 times slower. They sleep instead.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
