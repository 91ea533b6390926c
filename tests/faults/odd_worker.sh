#!/bin/sh
# Stands before ffmpeg and does what workers do wrong, as the file $FAULTS/behaviour says; without one it is ffmpeg.
# Writes when a worker came up to $FAULTS/starts and which signals it ignored to $FAULTS/signals.
[ -n "$VMSTUI_PROCESS" ] || exec "$REAL_FFMPEG" "$@"
behaviour=$(cat "$FAULTS/behaviour" 2>/dev/null)
if [ "$behaviour" = deaf ]; then
    trap 'echo INT >>"$FAULTS/signals"' INT
    trap 'echo TERM >>"$FAULTS/signals"' TERM
fi
date +%s.%N >>"$FAULTS/starts" # from here on the test may change its mind
case $behaviour in
exit*) echo "[error] as the test said" >&2; exit "${behaviour#* }" ;;
signal*) kill -s "${behaviour#* }" $$ ;;
deaf) while :; do sleep 0.1; done ;;
grandchild)
    sleep 600 </dev/null >/dev/null 2>&1 &
    echo $! >"$FAULTS/grandchild"
    ;;
daemon)
    setsid "$REAL_FFMPEG" "$@" &
    exit 0
    ;;
esac
exec "$REAL_FFMPEG" "$@"
