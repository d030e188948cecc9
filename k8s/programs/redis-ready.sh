state=$(printf 'cluster info\ninfo replication\n' | redis-cli -h 127.0.0.1 -t 3 2>/dev/null)
case $state in *cluster_state:ok*) ;; *) exit 1 ;; esac
case $state in *master_link_status:down*) exit 1 ;; esac
if [ "$1" = start ]; then
  case $state in *cluster_slots_ok:16384[!0-9]*) ;; *) exit 1 ;; esac
  [ ! -s "$2" ] || printf '' >"$2" || true
fi
