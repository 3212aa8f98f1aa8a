"""How good a model is: metrics, intervals, groups, profit, behaviour, plots, the card.

Runs where only numpy and scikit-learn are; plotly, fairlearn and Jinja are imported by
the functions that draw, compare groups and write the card.
"""
