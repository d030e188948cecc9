(
  pg_isready -q -h 127.0.0.1 -p "$1"
  [ $? -lt 2 ]
)
exit $?
