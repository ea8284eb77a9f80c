"""What ties the layers together."""
