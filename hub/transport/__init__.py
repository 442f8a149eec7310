"""The wires: mail that comes in by SMTP and LMTP (`smtp_in`), mailboxes that are fetched from (`imap`), answers that go
out (`smtp_out`).

They move bytes and know nothing of what is in them. `servers` names what they connect to, `trouble` says what went wrong
there so that anybody understands it, `try_out` looks for it on purpose, `spool` holds a mail that is too large for memory.
"""
