#!/bin/sh
# Keeps the logs of daemons bounded while they run. Arguments: folder, most bytes of a log, seconds between two looks.
# A daemon keeps its file open for appending, so the file is copied and then emptied. Lines in between are lost.
trap 'kill "$pause"; exit' TERM
while :; do
  find "$1" -maxdepth 1 -name '*.log' -size "+$2c" | while read -r log; do
    tail -c "$2" "$log" > "$log.1.new" && mv "$log.1.new" "$log.1"
    : > "$log"
  done
  sleep "$3" &
  pause=$!
  wait "$pause"
done
