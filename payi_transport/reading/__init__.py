"""What an exchange says: from its bytes to its event."""
