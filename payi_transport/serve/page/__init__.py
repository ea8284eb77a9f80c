"""The page of the local service, built with NiceGUI: what did it cost, for whom, and is that normal?

Overview, break-down, calls, one call: each step is a click on what one looks at, and the address holds the
state.
"""
