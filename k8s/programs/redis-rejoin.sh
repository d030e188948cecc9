set -f
trap 'exit 0' TERM
ask() {
  at=$1
  shift
  redis-cli -h "$at" -p "$PORT" -t 1 "$@" 2>/dev/null
}
own() { ask 127.0.0.1 "$@"; }
entries() {
  printf '%s\n' "$1" | while read -r node address flags primary _ _ _ _ slots; do
    [ -z "$node" ] || echo "$node ${address#*,}, $flags $primary $slots"
  done
}
former() {
  entries "$1" | while read -r node name flags primary slots; do
    case $name in "$host",*) [ "$node" = "$id" ] || echo "$node $flags $primary $slots" ;; esac
  done
}
replicas() {
  entries "$1" | while read -r node _ flags primary _; do
    case $flags in *fail*) continue ;; esac
    [ "$primary" != "$2" ] || [ "$node" = "$id" ] || echo x
  done
}
smallest() {
  entries "$1" | {
    best='' least=''
    while read -r node _ flags _ slots; do
      case $flags in *fail* | *slave* | *handshake*) continue ;; esac
      [ -n "$slots" ] || continue
      count=$(replicas "$1" "$node")
      [ -z "$best" ] || [ "${#count}" -lt "$least" ] || continue
      best=$node least=${#count}
    done
    echo "$best"
  }
}
take_slots() {
  limit=120
  case $1 in *'fail?'*) ;; *fail* | *noaddr*) limit=20 ;; esac
  [ "$limit" = "$patience" ] || waited=0 patience=$limit
  if [ -n "$(replicas "$seen" "$2")" ] && [ "$waited" -lt "$limit" ]; then
    waited=$((waited + 1))
    return
  fi
  own cluster bumpepoch >&2
  for range in $3; do
    case $range in '['*) ;; *) own cluster addslotsrange "${range%-*}" "${range#*-}" >&2 ;; esac
  done
}
take_role() {
  owned=$(printf '%s\n' "$1" | while read -r node flags _ slots; do [ -z "$slots" ] || echo "$flags $node $slots"; done)
  read -r flags gone slots <<EOF
$owned
EOF
  if [ -n "$flags" ]; then
    take_slots "$flags" "$gone" "$slots"
    return
  fi
  primary=$(smallest "$seen")
  [ -z "$primary" ] || own cluster replicate "$primary" >&2
}
settle() {
  nodes=$(own cluster nodes) || return
  mine=$(entries "$nodes" | while read -r node name flags _ slots; do
    case $flags in *myself*) echo "$node $name $flags $slots" ;; esac
  done)
  read -r id name flags slots <<EOF
$mine
EOF
  [ -n "$flags" ] || return
  host=${name%%,*}
  case $flags in *slave*) return 0 ;; esac
  [ -z "$slots" ] || return 0
  for peer in $PEERS; do
    [ "$peer" != "$host" ] || continue
    seen=$(ask "$peer" cluster nodes) || continue
    lost=$(former "$seen")
    [ -n "$lost" ] || continue
    case $seen in
      *"$id "*) take_role "$lost" ;;
      *) ask "$peer" cluster meet "$POD_IP" "$PORT" >&2 ;;
    esac
    break
  done
  return 1
}
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
  address=${address%%@*}
  address=${address%:*}
  [ -n "$address" ] || return
  case $replication in *"master_host:$address"[!0-9]*) ;; *) own cluster replicate "$primary" >&2 ;; esac
}
forget_former() {
  table=$(ask "$1" cluster nodes) || return
  for gone in $(former "$table" | while read -r node _; do echo "$node"; done); do
    own cluster forget "$gone" >/dev/null
    case $(ask "$1" cluster forget "$gone") in OK*) ;; *) return 1 ;; esac
  done
}
heard='' cleared='' settled='' waited=0 patience=''
while :; do
  sleep 1 & wait $!
  read -r PEERS <"$PEERS_FILE" || continue
  info=$(own cluster info) || continue
  case $info in
    *cluster_state:*) ;;
    *) continue ;;
  esac
  alone=''
  case $info in
    *cluster_known_nodes:1[!0-9]*) alone=yes settled='' heard='' cleared='' ;;
    *cluster_state:fail*) settled='' heard='' cleared='' ;;
  esac
  if [ -z "$settled" ] && settle; then settled=yes waited=0 patience=''; fi
  [ -z "$alone" ] || continue
  follow
  for peer in $PEERS; do
    case $heard in
      *" $peer "*) ;;
      *)
        answer=$(ask "$peer" cluster meet "$POD_IP" "$PORT") || continue
        case $answer in OK*) heard="$heard $peer " ;; esac
        ;;
    esac
    [ -n "$settled" ] || continue
    case $cleared in *" $peer "*) continue ;; esac
    if forget_former "$peer"; then cleared="$cleared $peer "; fi
  done
done
