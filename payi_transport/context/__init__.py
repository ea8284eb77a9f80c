"""Who a call is for: scopes, the headers that override them, and the last result."""
