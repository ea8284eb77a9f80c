"""Measure how strong the tests are: change one thing in the code, and see whether a test fails.

`python -m tests.mutants` draws a sample of such changes (mutants), the same for the same seed, and prints
those that no test noticed. Some of these are equivalent to the code, which only a person can judge: a cache
of another size, another wording of a message.
"""
