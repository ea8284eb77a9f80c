"""Events on disk, for as long as they cannot be delivered."""
