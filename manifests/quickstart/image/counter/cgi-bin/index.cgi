#!/bin/sh
# Counts a visit of whoever knows the token. One byte a visit: appending is atomic, so visits at once all count.
if [ "$HTTP_X_TOKEN" != "$(cat /run/secrets/token)" ]; then
  printf 'Status: 403 Forbidden\r\nContent-Type: text/plain\r\n\r\nno\n'
  exit
fi
printf . >>/data/visits
printf 'Content-Type: text/plain\r\n\r\n%s\n' "$(wc -c </data/visits)"
