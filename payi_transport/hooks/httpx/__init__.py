"""httpx and its fork httpx2."""
