#!/bin/bash
# Kills an installation of a Debian package at a stage, and runs the next command. Everything happens in a copy of the
# machine's files (overlay) and in namespaces of its own. Usage: killed-installation.sh STAGE NODE CHECKOUT COMMAND FOLDER
set -euo pipefail
# It kills every process that it sees.
[ $$ = 1 ] || { echo "needs a process namespace of its own" >&2; exit 2; }
stage=$1 node=$2 checkout=$3 command=$4 work=$5
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root" "$work/deb" "$work/deb/DEBIAN" "$work/deb/usr" "$work/deb/usr/bin"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root"
root=$work/root
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind "$checkout" "$root$checkout"

# A repository with one package, whose scripts wait for their end.
cat > "$work/deb/DEBIAN/control" << 'END'
Package: breakwater-slow
Version: 1
Architecture: all
Maintainer: nobody <nobody@example.com>
Description: waits
END
for script in preinst postinst; do
  printf '#!/bin/sh\n[ ! -e /wait-%s ] || { touch /stage-%s; sleep 60; }\n' "$script" "$script" > "$work/deb/DEBIAN/$script"
  chmod 755 "$work/deb/DEBIAN/$script"
done
printf '#!/bin/sh\n' > "$work/deb/usr/bin/breakwater-slow"
chmod 755 "$work/deb/usr/bin/breakwater-slow"
mkdir "$root/repository"
dpkg-deb --build "$work/deb" "$root/repository/slow.deb" > /dev/null
{
  cat "$work/deb/DEBIAN/control"
  echo "Filename: ./slow.deb"
  echo "Size: $(stat -c %s "$root/repository/slow.deb")"
  echo "SHA256: $(sha256sum "$root/repository/slow.deb" | cut -d " " -f 1)"
} > "$root/repository/Packages"
rm -rf "$root"/etc/apt/sources.list.d/* "$root"/etc/apt/preferences.d/* "$root/usr/sbin/policy-rc.d"
echo "deb [trusted=yes] file:/repository ./" > "$root/etc/apt/sources.list"

touch "$root/wait-$stage"
import="$checkout/local/toolchain/debian-packages.ts"
run() { chroot "$root" "$node" --input-type=module -e "import * as packages from '$import'; $1"; }
list='[{ name: "breakwater-slow", program: "/usr/bin/breakwater-slow" }]'
run "await packages.ensurePackages($list)" > "$work/first.log" 2>&1 &
if [ "$stage" = policy ]; then event=$root/usr/sbin/policy-rc.d; else event=$root/stage-$stage; fi
for _ in $(seq 600); do [ -e "$event" ] && break; sleep 0.05; done
[ -e "$event" ] || { cat "$work/first.log" >&2; exit 1; }
# All processes of this namespace but this one, which is its first.
kill -KILL -1
wait || true

rm "$root/wait-$stage"
run "$command" >&2
printf '{"status":"%s","audit":"%s","policy":%s}\n' \
  "$(chroot "$root" dpkg-query -W -f "\${Status}" breakwater-slow 2> /dev/null)" \
  "$(chroot "$root" dpkg --audit | tr -d '\n"')" \
  "$([ -e "$root/usr/sbin/policy-rc.d" ] && echo true || echo false)"
