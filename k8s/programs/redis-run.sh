set -f
data=$1 users=$2 passwords=$3
shift 3
server=$1 conf=$2
starting=$data/starting socket=$data/judge.sock
reason() {
  while read -r line; do
    case $line in
      *"Can't handle RDB format"*) return ;;
      *"orrupted cluster config file"* | *"nknown flag in "*"cluster config"* | \
        *"Bad file format reading the append only file"* | *"Unexpected end of file reading the append only file"* | \
        *"Unknown command"*"reading the append only file"* | *"reading the append only file"*"unknown command"* | \
        *"Internal error in RDB reading"* | \
        *"AOF MANIFEST FILE ERROR"* | *"AOF file"*"No such file or directory"*)
        echo "$line"
        return
        ;;
    esac
  done
}
with_passwords_in_use() {
  while read -r keyword name rules; do
    if [ "$name" = default ] && [ -r "$passwords/redis" ]; then
      read -r password <"$passwords/redis" || true
      rules="on >$password ~* &* +@all"
    elif [ -r "$passwords/redis-hashes" ]; then
      while read -r other hash; do
        [ "$other" != "$name" ] || rules="$rules $hash"
      done <"$passwords/redis-hashes"
    fi
    echo "$keyword $name $rules"
  done <"$users"
}
end_when_loaded() {
  while sleep 0.2; do
    case $(redis-cli -s "$socket" info persistence) in
      *loading:0*) redis-cli -s "$socket" shutdown nosave ;;
    esac
  done
}
judge() {
  [ -e "$data/nodes.conf" ] || [ ! -e "$data/appendonlydir" ] || echo "nodes.conf is missing"
  "$server" "$conf" --port 60000 2>&1 | reason
  end_when_loaded >/dev/null 2>&1 &
  helper=$!
  "$server" "$conf" --port 0 --unixsocket "$socket" --cluster-enabled no 2>&1 | reason
  kill "$helper"
}
corruption=''
[ ! -s "$starting" ] || corruption=$(judge)
for file in nodes.conf appendonlydir; do
  [ ! -e "$data/corrupt-$file" ] || rm -rf "$data/corrupt-$file"
  [ -z "$corruption" ] || [ ! -e "$data/$file" ] || mv "$data/$file" "$data/corrupt-$file" || exit 1
done
[ -z "$corruption" ] || echo "This node starts empty: its files are corrupt and were moved to $data/corrupt-*. Redis: $corruption"
echo starting >"$starting" || true
given=$(with_passwords_in_use) || exit 1
exec "$@" - <<EOF
$given
EOF
