"""A company with a known churn hazard, so that tests and reports know the truth."""
