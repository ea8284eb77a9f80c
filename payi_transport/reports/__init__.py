"""Reports on money: made from events and their prices, without anything that prints."""
