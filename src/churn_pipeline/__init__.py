"""From raw customer data to churn decisions in production, and keeps them right."""

__version__ = "0.1.0"
