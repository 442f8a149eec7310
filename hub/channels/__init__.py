"""How each channel speaks: one module (or folder) per channel, each offering `channel`, found by listing the folder.

A channel is pure: it cuts files into payloads and makes drafts of a payload. It never acts: no ids, no lookups, no
tickets, no clock. `_shape` says what a channel is.
"""
