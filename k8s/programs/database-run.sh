
read -r data < /data/current
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
