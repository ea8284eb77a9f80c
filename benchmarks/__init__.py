"""What recording costs, measured: `python -m benchmarks`. README.md says how to read it."""
