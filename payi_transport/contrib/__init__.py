"""Integrations with frameworks, each imported by the user who wants it, and by nothing else in the package.

What they share: a scope around each request or task, made by a function of the user's from the request's own
data. They are for programs that know who a request is for before any LLM call is made.
"""
