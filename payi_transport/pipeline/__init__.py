"""From a hooked request to a delivered event: what ties the layers together."""
