umask 077
folder=/backups
# A new pod is refused until the network's policies know it, and a database that restarts refuses everybody.
wait_for_database() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    if pg_isready -q -t 2; then return; fi
    sleep 2
  done
}
dump() {
  wait_for_database
  rm -f "$folder"/*.partial
  name=$(psql -XAtw -c "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"')")$1.dump
  pg_dump -w --format=custom --file="$folder/$name.partial"
  pg_restore --file=/dev/null "$folder/$name.partial"
  mv "$folder/$name.partial" "$folder/$name"
  echo "made $name"
}
case $1 in
list)
  for file in "$folder"/*.dump; do
    if [ -e "$file" ]; then echo "${file##*/}"; fi
  done
  ;;
backup)
  dump ''
  set -- "$folder"/*.dump
  while [ $# -gt "$KEEP" ]; do
    rm "$1"
    echo "deleted ${1##*/}"
    shift
  done
  ;;
restore)
  dump '-before-restore'
  pg_restore -w --clean --if-exists --no-owner --single-transaction --exit-on-error --dbname="$PGDATABASE" "$folder/$2"
  echo "restored $2"
  ;;
esac
