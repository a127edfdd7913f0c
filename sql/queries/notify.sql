select pg_notify('exportq', $1)
