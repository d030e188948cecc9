#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/../libexec/pulumi-language-nodejs" -typescript=false "$@"
