#!/bin/sh
# Writes the daemon's pid file and then becomes the daemon: exec keeps pid and start time, so that the daemon never runs
# without a pid file. Arguments: the command and its arguments. Environment: UMASK, CPU_GROUP, PID_FILE, FINGERPRINT.
# A daemon whose control group cannot be joined starts all the same.
umask "$UMASK"
unset UMASK
echo $$ 2> /dev/null > "$CPU_GROUP"
unset CPU_GROUP
read -r boot < /proc/sys/kernel/random/boot_id
read -r stat < /proc/$$/stat
# Field 22 is the start time; the command name in field 2 may itself contain spaces and parentheses.
start=$(echo "${stat##*) }" | cut -d " " -f 20)
if ! echo "$$ $start $boot $FINGERPRINT" > "$PID_FILE.new" || ! mv "$PID_FILE.new" "$PID_FILE"; then
  exit 1
fi
unset PID_FILE FINGERPRINT
exec "$@"
