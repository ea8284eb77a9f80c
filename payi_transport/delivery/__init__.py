"""From the end of an exchange to the delivery of its event: queue, disk, workers."""
