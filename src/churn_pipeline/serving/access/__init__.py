"""Who may ask what of the service, and how often; what was refused is written down.

Knows nothing of BentoML or of any framework: `gate.Access.admit` takes the headers of a
request as ASGI has them.
"""
