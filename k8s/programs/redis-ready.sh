condition=$1 mark=${2:-} tries=${3:-1}

is_ready() {
  state=$(printf 'cluster info\ninfo replication\n' | redis-cli -h 127.0.0.1 -t 3 --user pod 2>/dev/null)
  case $state in *cluster_state:ok*) ;; *) return 1 ;; esac
  case $state in *master_link_status:down*) return 1 ;; esac
  [ "$condition" = start ] || return 0
  case $state in *cluster_slots_ok:16384[!0-9]*) ;; *) return 1 ;; esac
}

until is_ready; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
  sleep 0.4
done
if [ "$condition" = start ] && [ -s "$mark" ]; then printf '' >"$mark" || true; fi
