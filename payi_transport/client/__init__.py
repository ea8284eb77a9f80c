"""The client of the Pay-i API: `Payi` and `AsyncPayi`.

An endpoint's rules (method, path, query, headers, body, type of the answer) are one function that returns a
`Call`. What happens to a call is up to the surface that its resource lives in: `surfaces`.
"""
