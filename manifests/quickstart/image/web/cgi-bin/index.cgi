#!/bin/sh
# The page: the greeting from the environment, the text from a file, the visits from the counter.
visits=$(timeout 2 wget -q -O - --header "X-Token: $(cat /run/secrets/token)" http://counter:8000/) || visits="not known, the counter does not answer"
printf 'Content-Type: text/html; charset=utf-8\r\n\r\n'
cat <<TEXT
<!doctype html>
<title>Skiff</title>
<body style="font: 1.2em/1.6 sans-serif; margin: 12% auto; max-width: 32em; border-left: 1em solid $COLOUR; padding-left: 2em">
<h1>$GREETING</h1>
<p>$(cat /etc/page/text.html)</p>
<p>This page is from <b>$(hostname)</b>. Visits: <b>$visits</b></p>
TEXT
