/*
 * Shell program of the Redis pods' sidecar. It needs nothing but `sh`, `sleep` and Redis' own client.
 */

/**
 * Introduces this pod's node to the others by its present address, until each of them has heard it, and again whenever
 * the cluster is down. Nodes keep each other's addresses on disk and do not look up host names again, so a cluster whose
 * pods were all replaced, or restarted with the machine, would otherwise stay down (see CLUSTER MEET in Redis'
 * documentation: a node that is known already gets the new address). A node that is in no cluster yet stays alone: the
 * formation Job takes it in.
 *
 * A replica that hears its primary's new address from others, and not from the primary, goes on copying from the old
 * one (Redis 8.0); it is told again whom to replicate.
 *
 * Reads POD_IP, PEERS (host names, separated by spaces), PORT and REDISCLI_AUTH.
 */
export const redisRejoin = `
trap 'exit 0' TERM
own() { redis-cli -h 127.0.0.1 -p "$PORT" -t 1 "$@" 2>/dev/null; }
follow() {
  replication=$(own info replication) || return
  case $replication in *master_link_status:down*) ;; *) return ;; esac
  nodes=$(own cluster nodes) || return
  primary=$(printf '%s\n' "$nodes" | while read -r _ _ flags id _; do
    case $flags in myself,slave*) echo "$id" ;; esac
  done)
  address=$(printf '%s\n' "$nodes" | while read -r id address _; do
    case $id in "$primary") echo "$address" ;; esac
  done)
  address=\${address%%@*}
  address=\${address%:*}
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
`;
