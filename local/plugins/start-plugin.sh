#!/bin/sh
# Starts the plugin beside this file with the Node.js that installed it.
exec "${0%/*}/node" "${0%/*}/main.cjs" "$@"
