"""Whom a call is for: scopes in the program, headers on the call."""
