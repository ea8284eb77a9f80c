"""Plain values that every layer shares. They import nothing of ours."""
