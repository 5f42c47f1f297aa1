# A throw-away PostgreSQL cluster that cannot outlive whoever started it: standard input is a pipe that only the
# starter holds open, and when it closes, for whatever reason, the cluster stops and its folder goes.
# $1: the folder of initdb and postgres. Prints the folder of the socket when the cluster answers.
set -u
# A starter that died while it waited must not take this one along.
trap '' PIPE
bin=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/gonghui-pg-XXXXXX") || exit 1
exec 2>"$dir/log"

# PostgreSQL refuses to run as root.
as=''
if [ "$(id -u)" = 0 ]; then
    chown postgres "$dir" || { cat "$dir/log"; exit 1; }
    as='setpriv --reuid=postgres --regid=postgres --clear-groups'
    command -v setpriv >/dev/null || as='runuser -u postgres --'
fi

pid=''
end() {
    if [ -n "$pid" ]; then kill -QUIT "$pid"; wait "$pid"; fi
    rm -rf "$dir"
    exit
}
trap end HUP INT TERM

init() {
    $as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-sync "$@" >>"$dir/log"
}

# The collation of Chinese where it can be had: an order that only holds by chance is found then.
init --locale=C --locale-provider=icu --icu-locale=zh || { rm -rf "$dir/data"; init --locale=C; } ||
    { cat "$dir/log"; end; }

$as "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=300 -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c shared_buffers=64MB \
    >>"$dir/log" &
pid=$!
while [ ! -S "$dir/.s.PGSQL.5432" ] || ! grep -q 'ready to accept connections' "$dir/log"; do
    kill -0 "$pid" || { cat "$dir/log"; pid=''; end; }
    sleep 0.05
done
printf 'ready %s\n' "$dir"
exec >&-
cat >/dev/null
end
