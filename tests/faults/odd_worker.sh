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
garbage)
    for argument; do
        [ "$before" = -segment_list ] && folder=${argument%/*}
        before=$argument
    done
    trap 'exit 255' INT TERM
    begun=0
    while :; do # all that ffmpeg does, in files that grow, but for video in them
        name=$(printf %06d.mp4 $((begun / 2)))
        for part in 1 2 3 4; do
            head -c 4000 /dev/urandom >>"$folder/$name"
            echo "out_time_us=$((begun * 1000000 + part * 500000))
progress=continue"
            sleep 0.5
        done
        echo "$name,$begun.0,$((begun + 2)).0" >>"$folder/segments.csv"
        begun=$((begun + 2))
    done
    ;;
daemon)
    setsid "$REAL_FFMPEG" "$@" &
    exit 0
    ;;
esac
exec "$REAL_FFMPEG" "$@"
