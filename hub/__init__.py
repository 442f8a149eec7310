"""The customer interaction hub: every contact and every step of an order as one log, folded into one timeline."""
