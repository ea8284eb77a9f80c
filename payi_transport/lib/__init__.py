"""The modules that Pay-i's SDK has under `payi.lib`, so that changing `payi` to `payi_transport` is enough.

Everything here is importable from `payi_transport` itself, which new code should use.
"""
