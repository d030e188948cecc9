
if [ -s /data/current ]; then exit 0; fi
n=1
while [ -e "/data/pgdata-$n" ]; do n=$((n + 1)); done
new="/data/pgdata-$n"
initdb --pgdata="$new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth=reject --no-instructions
printf '%s\n' 'local all postgres trust' 'host breakwater breakwater all scram-sha-256' > "$new/pg_hba.conf"
printf '%s\n' 'max_connections = 100' 'shared_buffers = 64MB' >> "$new/postgresql.conf"
read -r password < /secret/password || [ -n "$password" ]
postgres --single -D "$new" postgres <<SQL
CREATE ROLE breakwater LOGIN PASSWORD '$password'
CREATE DATABASE breakwater OWNER breakwater
SQL
printf '%s\n' "$new" > /data/current
