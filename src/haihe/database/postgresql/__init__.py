"""Django's PostgreSQL backend, which also makes the district's database where it is missing."""
