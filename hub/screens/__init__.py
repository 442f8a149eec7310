"""What is seen from outside: `app` puts it together; `api` has one file per subject for programs, `pages` one per page for
people, with their `templates` and the `words` of each language.

`access` and `session` say who asks, `problems` and `error_pages` what went wrong, `render` and `dates` how things are shown,
`ringing` what rings now; `gate` is before them all, `door` answers who brought events in, `static` is served as it is.
"""
