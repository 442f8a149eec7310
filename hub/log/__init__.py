"""Events in order, kept: the protocol, `memory` (tests), `embedded` (PostgreSQL), one contract suite for all."""
