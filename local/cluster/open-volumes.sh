#!/bin/sh
exec find /tmp/hostpath_pv -mindepth 1 -maxdepth 1 -type d -user root '(' -perm 0750 -o -perm 0700 ')' -exec chmod 0777 {} +
