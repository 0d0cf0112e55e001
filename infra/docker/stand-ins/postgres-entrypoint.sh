#!/bin/sh
# Makes the cluster, its user and its database at the first start: POSTGRES_PASSWORD, POSTGRES_USER (default
# postgres), POSTGRES_DB (default: the user's name). Then becomes the server.
set -eu
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  install -d -o postgres -g postgres -m 775 /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?expected a password for the user $user}"
  words=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" > "$words"
  initdb --pgdata="$PGDATA" --username="$user" --pwfile="$words" --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8
  rm -f "$words"
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  # Nobody reaches it over the network before its database is there.
  pg_ctl --pgdata="$PGDATA" -w start -o "-c listen_addresses=''"
  if [ "$database" != postgres ]; then
    psql -v ON_ERROR_STOP=1 --no-psqlrc --username="$user" --dbname=postgres -v name="$database" <<'SQL'
CREATE DATABASE :"name";
SQL
  fi
  pg_ctl --pgdata="$PGDATA" -w -m fast stop
fi
exec "$@" -c "listen_addresses=*"
