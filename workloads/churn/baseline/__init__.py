"""A logistic regression for any table whose label has two values, in Python's standard library.

``train``, ``evaluate`` and ``serve`` are the programs of the three containers. What they know of the table is in the
workload's ``workload.json``: each column but the label is a feature.
"""
