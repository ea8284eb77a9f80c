"""The local service: Pay-i's API, a store, and what its page shows, in one process on this machine.

    app         puts the parts together: routes, security, the page
    api_*       Pay-i's API, one module for each group of paths
    proxy*      forwards requests to their providers, and meters them
    write       what an event changes: its row, the rollups, the limits, all in one transaction
    queries     what the page asks, from rollups where it can be
    store       the SQLite file: one thread writes, many read

It needs the extra `serve`.
"""
