#!/bin/sh
# Sees to it that programs of the system are there: sh scripts/system.sh venv postgis node chromium gdal
# Installs what is missing with apt-get when it may (root, or sudo without a password), else says what to install.
set -eu

has() {
    case $1 in
    venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    postgis) [ -n "${EDAPHOS_DATABASE_URL:-}" ] || ls /usr/lib/postgresql/*/lib/postgis-3.so >/dev/null 2>&1 ||
        [ -f "$(pg_config --pkglibdir 2>/dev/null)/postgis-3.so" ] ;;
    node) command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] ;;
    # libatomic: the driver of the browser tests is linked against it, and a minimal Debian lacks it.
    chromium) command -v chromium >/dev/null && /sbin/ldconfig -p | grep -q libatomic.so.1 ;;
    gdal) command -v ogr2ogr >/dev/null ;;
    esac
}

packages() {
    case $1 in
    venv) echo python3-venv ;;
    postgis) echo postgresql postgresql-postgis ;;
    node) echo nodejs npm ;;
    chromium) echo chromium libatomic1 ;;
    gdal) echo gdal-bin ;;
    esac
}

missing=
for program in "$@"; do
    has "$program" || missing="$missing $(packages "$program")"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then as_root=
elif sudo -n true 2>/dev/null; then as_root=sudo
else as_root=no
fi
if [ "$as_root" = no ] || ! command -v apt-get >/dev/null; then
    echo "edaphos needs programs that are not installed; run: apt-get install$missing" >&2
    exit 1
fi

case $missing in *postgresql*)
    # Debian would start a server of its own, on a TCP port, that nobody asked for.
    if [ ! -e /etc/postgresql-common/createcluster.d/edaphos.conf ]; then
        $as_root mkdir -p /etc/postgresql-common/createcluster.d
        echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.d/edaphos.conf >/dev/null
    fi ;;
esac
echo "installing:$missing"
log=$(mktemp)
install() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$log" 2>&1
}
# The package lists of a fresh machine are empty or old.
$as_root apt-get update >"$log" 2>&1 || true
if ! install; then
    tail -n 5 "$log" >&2
    echo "edaphos needs programs that could not be installed; run: apt-get install$missing" >&2
    exit 1
fi
rm -f "$log"
