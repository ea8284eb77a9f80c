"""The relay: pulls events from a stream of NATS JetStream and delivers them to Pay-i, or to another sink."""
