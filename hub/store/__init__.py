"""What is kept in PostgreSQL, and PostgreSQL itself where the hub brings its own.

`psycopg` is imported here alone. `embedded` starts and stops the server that comes with the
hub; everything else takes a DSN and does not care whose server it is.
"""
