"""The Pay-i API client: `Payi` and `AsyncPayi`.

Each endpoint is defined once, as a function without I/O that returns a `RequestSpec`: method, path, query,
headers, body and the type of the response. `@endpoint` turns that function into a method on six surfaces:
sync and async, each plain, with raw responses and with streaming responses. `endpoints` holds the overloads
that tell a type checker what the method returns on each surface, `surfaces` produces that return value, and
`transport` sends the request and retries it. So a new endpoint is one function, and no twin can drift.
"""
