"""The OpenAPI document of the service, made from the model that answers, and its page.

Every example in it is true: golden rows and what the model answers to them.
"""
