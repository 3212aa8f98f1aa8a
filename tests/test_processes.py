"""Who runs a command is not for its variables to say."""

import os
import pwd

from churn_pipeline.processes import account


def test_an_account_without_a_name_is_told_by_its_number(monkeypatch):
    def nobody(_):
        raise KeyError("getpwuid(): uid not found: 4242")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert account() == f"uid {os.getuid()}"


def test_an_account_cannot_give_itself_another_name(monkeypatch):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody else")
    assert account() == pwd.getpwuid(os.getuid()).pw_name
