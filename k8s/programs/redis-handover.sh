set -f
port=$1 seconds=$2 polls=$(($3 * 10))
max_behind=1048576
cr=$(printf '\r')
own() { redis-cli -h 127.0.0.1 -p "$port" -t 1 --user pod "$@" 2>/dev/null; }
field() {
  value=${2#*"$1="}
  value=${value%%,*}
  echo "${value%"$cr"}"
}
best() {
  most='' chosen='' end=0
  while IFS=: read -r name value; do
    case $name in master_repl_offset) end=${value%"$cr"} ;; esac
    case $name:$value in slave[0-9]*:*state=online*) ;; *) continue ;; esac
    address="$(field ip "$value") $(field port "$value")"
    case $tried in *"<$address>"*) continue ;; esac
    case $(field lag "$value") in [0-2]) ;; *) continue ;; esac
    offset=$(field offset "$value")
    [ -z "$most" ] || [ "$offset" -gt "$most" ] || continue
    most=$offset chosen=$address
  done
  [ -z "$most" ] || [ $((end - most)) -gt "$max_behind" ] || echo "$chosen"
}
slots() {
  own cluster nodes | while read -r _ _ flags _ _ _ _ _ ranges; do
    case $flags in *myself*) echo "$ranges" ;; esac
  done
}
own ping >/dev/null &
client=$!
{ sleep 2 && kill "$client"; } >/dev/null 2>&1 &
guard=$!
wait "$client" || exit 0
kill "$guard"
{ sleep "$seconds" && kill -9 $$; } >/dev/null 2>&1 &
guard=$!
trap 'kill "$guard"' EXIT
[ -n "$(slots)" ] || exit 0
state=$(own info replication)
tried=''
while :; do
  case $state in *role:master*) ;; *) exit 0 ;; esac
  replica=$(best <<EOF
$state
EOF
)
  [ -n "$replica" ] || exit 0
  tried="$tried<$replica>"
  redis-cli -h "${replica% *}" -p "${replica#* }" -t 1 --user pod -e cluster failover >/dev/null 2>&1 &
  client=$!
  poll=0
  while [ "$poll" -lt "$polls" ]; do
    sleep 0.1
    poll=$((poll + 1))
    state=$(own info replication)
    case $state in *role:master*) ;; *) exit 0 ;; esac
    case $state in *"ip=${replica% *},port=${replica#* },"*) ;; *) break ;; esac
    kill -0 "$client" 2>/dev/null || wait "$client" || break
  done
done
