"""What each role may ask."""

import pytest

from churn_pipeline.serving.access.roles import OPEN, Caller, Role, require, roles_of
from churn_pipeline.serving.refusal import Refusal

MAY = {
    "elsewhere": "predict feedback operate desk admin",
    "/example": "predict feedback operate desk admin",
    "/model": "predict feedback operate desk admin",
    "/model/card": "predict feedback operate desk admin",
    "/predict": "predict admin",
    "/predict_batch": "predict admin",
    "/explain": "predict admin",
    "/v2/models/churn/infer": "predict admin",
    "/v2/health/ready": "predict admin",
    "/feedback": "feedback admin",
    "/rollout": "operate admin",
    "/rollout/abort": "operate admin",
    "/experiment": "operate desk admin",
    "/metrics": "operate admin",
    "/desk/running": "operate desk admin",
    "/desk/calls": "desk admin",
    "/desk/calls.csv": "desk admin",
    "/desk/customer": "desk admin",
    "/made-up": "admin",
    "/v2": "admin",
    "/predict/": "admin",
    "/PREDICT": "admin",
    "": "admin",
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("endpoint", MAY)
def test_a_role_may_what_the_table_says(endpoint, role):
    caller = Caller("a", role, "0" * 16)
    if role in MAY[endpoint].split():
        require(caller, endpoint)
        return
    with pytest.raises(Refusal, match=f"got one of role {role}") as refused:
        require(caller, endpoint)
    assert refused.value.status == 403


def test_nothing_is_open_but_the_contract_the_probes_and_the_signed_hooks():
    pages = {"/", "/docs", "/docs.json", "/desk", "/desk/plots.js"}
    hooks = {"/hooks/registry", "/hooks/retrain"}
    assert pages | hooks | {"/livez", "/readyz"} == OPEN


def test_an_endpoint_that_nobody_put_in_the_table_is_the_admins():
    assert roles_of("/new") == {Role.ADMIN}
