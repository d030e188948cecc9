umask 077
folder=/backups
dump() {
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
