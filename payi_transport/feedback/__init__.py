"""What Pay-i says of calls: results and limits, and who is told of them."""
