"""Plain values that every layer shares. They import nothing else of this package."""
