"""The peer channel: one asyncssh connection per pair of agents, pinned keys, length-prefixed msgpack."""
