"""What the tests of several folders share: servers on loopback, recorded calls, programs of their own."""
