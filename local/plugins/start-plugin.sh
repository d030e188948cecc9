#!/bin/sh
# Starts the plugin beside this file with the Node.js that installed it, or with another one if that checkout is gone.
node="${0%/*}/node"
[ -x "$node" ] || node=node
exec "$node" "${0%/*}/main.cjs" "$@"
