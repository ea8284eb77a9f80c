"""Budgets with periods: what calls may cost, by any scope field, and what happens at a level of it."""
