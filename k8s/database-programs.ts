/*
 * Shell programs of the database's pod. They need nothing but `sh` and PostgreSQL's own programs: the kit's image has
 * no others. The data folder is `/data/pgdata-N`; `/data/current` names it once it is complete, so that a pod killed
 * half-way starts over in a folder of its own.
 */

/**
 * Makes the data folder. The application's role is no superuser; it logs in over the network by password, and nobody
 * else does. The password is read from a file and is never an argument.
 */
export const databaseInit = `
if [ -s /data/current ]; then exit 0; fi
n=1
while [ -e "/data/pgdata-$n" ]; do n=$((n + 1)); done
new="/data/pgdata-$n"
initdb --pgdata="$new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth=reject --no-instructions
printf '%s\\n' 'local all postgres trust' 'host breakwater breakwater all scram-sha-256' > "$new/pg_hba.conf"
printf '%s\\n' 'max_connections = 100' 'shared_buffers = 64MB' >> "$new/postgresql.conf"
read -r password < /secret/password || [ -n "$password" ]
postgres --single -D "$new" postgres <<SQL
CREATE ROLE breakwater LOGIN PASSWORD '$password'
CREATE DATABASE breakwater OWNER breakwater
SQL
printf '%s\\n' "$new" > /data/current
`;

/** Becomes the server. */
export const databaseRun = `
read -r data < /data/current
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
`;
