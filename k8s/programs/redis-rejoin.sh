
trap 'exit 0' TERM
own() { redis-cli -h 127.0.0.1 -p "$PORT" -t 1 "$@" 2>/dev/null; }
follow() {
  replication=$(own info replication) || return
  case $replication in *master_link_status:down*) ;; *) return ;; esac
  nodes=$(own cluster nodes) || return
  primary=$(printf '%s
' "$nodes" | while read -r _ _ flags id _; do
    case $flags in myself,slave*) echo "$id" ;; esac
  done)
  address=$(printf '%s
' "$nodes" | while read -r id address _; do
    case $id in "$primary") echo "$address" ;; esac
  done)
  address=${address%%@*}
  address=${address%:*}
  [ -n "$address" ] || return
  case $replication in *"master_host:$address"[!0-9]*) ;; *) own cluster replicate "$primary" >&2 ;; esac
}
heard=''
while :; do
  sleep 1 & wait $!
  info=$(own cluster info) || continue
  case $info in
    *cluster_state:*) ;;
    *) continue ;;
  esac
  case $info in
    *cluster_known_nodes:1[!0-9]*) continue ;;
    *cluster_state:fail*) heard='' ;;
  esac
  follow
  for peer in $PEERS; do
    case $heard in *" $peer "*) continue ;; esac
    answer=$(redis-cli -h "$peer" -p "$PORT" -t 1 cluster meet "$POD_IP" "$PORT" 2>/dev/null) || continue
    case $answer in OK*) heard="$heard $peer " ;; esac
  done
done
