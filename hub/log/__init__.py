"""Events in order, kept: the protocol, `memory` (tests), `embedded` (PostgreSQL), `kafka`, one contract suite for all."""
