"""What is seen from outside: `app` puts the HTTP API together, `api` has one file per subject, `door` takes events in,
`access`, `problems`, `shapes` and `answers` are what all of them share, `static` is served as it is.
"""
