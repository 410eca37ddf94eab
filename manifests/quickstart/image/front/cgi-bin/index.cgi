#!/bin/sh
# Hands the visit to one of the web replicas: Docker's DNS answers for all of them, in changing order.
if page=$(timeout 3 wget -q -O - http://web:8000/); then
  printf 'Content-Type: text/html; charset=utf-8\r\n\r\n%s\n' "$page"
else
  printf 'Status: 502 Bad Gateway\r\nContent-Type: text/plain\r\n\r\nno replica of web answers\n'
fi
