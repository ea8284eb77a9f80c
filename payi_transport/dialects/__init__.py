"""What a provider's answer means: pure functions `(exchange, frames) -> Answer`, one file a wire format."""
