secret=/secret/password
secret_id=/secret/id
if [ -s /secret-in-use/database ] && [ -s /secret-in-use/database-id ]; then
  secret=/secret-in-use/database
  secret_id=/secret-in-use/database-id
fi
read -r password < "$secret" || [ -n "$password" ]
read -r id < "$secret_id" || [ -n "$id" ]
run() { postgres --single -c exit_on_error=on -D "$1" postgres; }
if [ -s /data/current ]; then
  if [ -s /data/password-id ] && read -r known < /data/password-id && [ "$known" = "$id" ]; then exit 0; fi
  read -r data < /data/current
  run "$data" <<SQL
ALTER ROLE breakwater PASSWORD '$password'
SQL
  printf '%s\n' "$id" > /data/password-id
  exit 0
fi
n=1
while [ -e "/data/pgdata-$n" ]; do n=$((n + 1)); done
new="/data/pgdata-$n"
initdb --pgdata="$new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth=reject --no-instructions
printf '%s\n' 'local all postgres trust' 'host breakwater breakwater all scram-sha-256' > "$new/pg_hba.conf"
printf '%s\n' 'max_connections = 100' 'shared_buffers = 64MB' >> "$new/postgresql.conf"
run "$new" <<SQL
CREATE ROLE breakwater LOGIN PASSWORD '$password'
CREATE DATABASE breakwater OWNER breakwater
SQL
printf '%s\n' "$id" > /data/password-id
printf '%s\n' "$new" > /data/current
