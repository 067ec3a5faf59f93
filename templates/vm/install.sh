#!/bin/sh
# Installs the runtime {{runtime}} on this machine, as root: its root tree below
# /var/lib/lithops/runtimes/{{file}} and the unit that starts Lithops' worker in it.
#
#   ./install.sh          install, and start it with the machine
#   ./install.sh ROOT     into a tree that is mounted at ROOT: for images of machines
set -eu
name='{{file}}' machine='{{machine}}'
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${1-}
case $root in '' | /*) ;; *) root=$PWD/$root ;; esac
tree=$root/var/lib/lithops/runtimes/$name
unit=$root/etc/systemd/system/lithops-worker.service

[ "$(id -u)" -eq 0 ] || { echo 'install.sh: only root may' >&2; exit 1; }
if [ -z "$root" ] && [ "$(uname -m)" != "$machine" ]; then
	echo "install.sh: the runtime is for $machine, this is $(uname -m)" >&2
	exit 1
fi
mkdir -p "${tree%/*}" "${unit%/*}" "$root/opt/lithops"
new=$(mktemp -d "$tree.XXXXXX")
trap 'rm -rf "$new"' EXIT
tar -x --numeric-owner -p -C "$new" -f "$here/rootfs.tar"
mkdir -p "$new/opt/lithops" "$new/tmp" "$new/proc" "$new/sys" "$new/dev"
chmod 755 "$new"
# one that is there is replaced in one step, as far as rename can
rm -rf "$tree.old"
[ ! -e "$tree" ] || mv "$tree" "$tree.old"
mv "$new" "$tree"
rm -rf "$tree.old"
cp "$here/lithops-worker.service" "$unit"
chmod 644 "$unit"
if [ -z "$root" ] && command -v systemctl >/dev/null; then
	systemctl daemon-reload
	systemctl enable lithops-worker.service
fi
echo "installed in $tree"
