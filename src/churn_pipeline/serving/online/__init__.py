"""Features by customer id: what Feast wrote online, read without Feast."""

from churn_pipeline.serving.online.features import OnlineFeatures
from churn_pipeline.serving.online.place import online_place

__all__ = ["OnlineFeatures", "online_place"]
