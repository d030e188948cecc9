#!/bin/sh
script=$(node -p "require.resolve('@pulumi/pulumi/cmd/dynamic-provider')") || {
  echo "@pulumi/pulumi is not installed in $(pwd): run npm install there" >&2
  exit 1
}
exec node "$script" "$@"
