"""From a finished exchange to the delivery of its event: ring, workers, retries, spool, inline delivery."""
