"""The parts of the Pay-i API, one file each. Source: `api.md` of Pay-i's public SDK 0.1.0a183."""
