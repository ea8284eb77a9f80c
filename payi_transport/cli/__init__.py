"""The commands of `payi-transport`. They need the extra `cli`; nothing else in the package imports them."""
