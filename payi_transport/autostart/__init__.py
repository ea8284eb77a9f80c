"""What `payi-transport run` puts in front of a program: its folder is the first of `PYTHONPATH`.

Python imports `sitecustomize` before a program's first line, so the one here runs in the program and in every
Python process that it starts.
"""
