"""The page of the local service, built with NiceGUI: what did it cost, for whom, and is that normal?

The overview leads to a breakdown, the breakdown to its calls, and the list to one call. Each step is a click
on what the reader is looking at, and the address holds the state.
"""
