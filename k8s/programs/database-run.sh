
read -r data < /data/current
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections="$MAX_CONNECTIONS" -c max_wal_size="${MAX_WAL_MB}MB" -c min_wal_size=32MB
