"""The resources of the Pay-i API, one module each.

A resource is a class of endpoints: functions that return a `RequestSpec` and name their parameters as Pay-i's
public SDK does (`api.md` of 0.1.0a183). The properties that lead to nested resources, and the two variants at
the head of each class, are spelled out because their types cannot be derived (see `client.endpoints`).
"""
