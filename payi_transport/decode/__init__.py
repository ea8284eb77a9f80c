"""Turn a finished exchange into the event that reports it: inflate, split, read, price, report."""
