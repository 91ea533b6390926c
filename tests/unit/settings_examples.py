"""Wrong configurations, each with the error it must give; the tests of the loader and of the JSON schema share them."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = "recordings: /srv/recordings\n"
CAMERA = "cameras:\n  - id: gate\n    url: rtsp://camera.example/stream\n"


@dataclass(frozen=True, slots=True)
class Bad:
    """`text` gives at least the problem at `line` whose sentence ends with `says`, after `file:line: `."""

    name: str
    text: str
    line: int
    says: str
    schema_sees_it: bool = True
    """False where only the loader can know: several keys together, the environment, words YAML itself mistakes."""


BAD = (
    Bad("unknown key", HEAD + "camras: []\n", 2, "camras: found 'camras', accepted: did you mean 'cameras'? (one of: "),
    Bad("unknown key in a camera", HEAD + CAMERA + "    usrname: x\n", 5, "cameras[0].usrname: found 'usrname', accep"),
    Bad(
        "no space after a colon",
        HEAD + "cameras: [{id: a, url: 'rtsp://h', password:hunter2}]\n",
        2,
        "found 'password…', accepted: put a space after the colon (one of: id, name",
    ),
    Bad("nothing known is near", HEAD + "zzz: 1\n", 2, "zzz: found 'zzz', accepted one of: recordings, "),
    Bad("key twice", HEAD + HEAD, 2, "recordings: found the same key twice (first in line 1), accepted it once", False),
    Bad("required key missing", CAMERA, 1, "recordings: found nothing, accepted a path that starts with /"),
    Bad("required key of a camera missing", HEAD + "cameras:\n  - id: gate\n", 3, "cameras[0].url: found nothing, "),
    Bad("relative path", "recordings: srv\n", 1, "recordings: found 'srv', accepted a path that starts with /"),
    Bad("home is not expanded", "recordings: ~/rec\n", 1, "recordings: found '~/rec', accepted a path that starts"),
    Bad("nothing after the colon", "recordings:\n", 1, "recordings: found nothing, accepted a path that starts with /"),
    Bad("list for a value", "recordings: [/a]\n", 1, "recordings: found a list, accepted a path that starts with /"),
    Bad("list at top level", "- recordings: /x\n", 1, "found a list, accepted keys such as recordings"),
    Bad("text at top level", "recordings\n", 1, "found a single value, accepted keys such as recordings"),
    Bad(
        "value for a section", HEAD + "segment: 3m\n", 2, "segment: found a single value, accepted keys such as length"
    ),
    Bad("mapping for a list", HEAD + "cameras: {id: gate}\n", 2, "cameras: found a mapping, accepted a list: lines"),
    Bad("list for names", HEAD + "profiles: [a]\n", 2, "profiles: found a list, accepted names with keys below them"),
    Bad("camera that is a word", HEAD + "cameras: [gate]\n", 2, "cameras[0]: found a single value, accepted keys such"),
    Bad("sexagesimal duration", HEAD + "segment: {length: 1:30}\n", 2, "segment.length: found '1:30', accepted", False),
    Bad("too short segment", HEAD + "segment: {length: 4}\n", 2, "segment.length: found '4', accepted a duration from"),
    Bad("too long segment", HEAD + "segment: {length: 61m}\n", 2, "segment.length: found '61m', accepted", False),
    Bad("half a second", HEAD + "segment: {length: 7.5}\n", 2, "segment.length: found '7.5', accepted a duration"),
    Bad("word for a duration", HEAD + "segment: {length: short}\n", 2, "segment.length: found 'short', accepted a dur"),
    Bad("huge number", HEAD + f"segment: {{length: {'9' * 5000}}}\n", 2, "segment.length: found '9999", False),
    Bad(
        "number with underscores", HEAD + "retention: {days: 1_4}\n", 2, "retention.days: found '1_4', accepted", False
    ),
    Bad(
        "days below zero", HEAD + "retention: {days: -1}\n", 2, "retention.days: found '-1', accepted a number of days"
    ),
    Bad(
        "size without unit", HEAD + "retention: {min_free: 500}\n", 2, "retention.min_free: found '500', accepted a sh"
    ),
    Bad("size below a file", HEAD + "retention: {max_size: 9K}\n", 2, "retention.max_size: found '9K', acc", False),
    Bad(
        "size in percent", HEAD + "retention: {max_size: 50%}\n", 2, "retention.max_size: found '50%', accepted a size"
    ),
    Bad(
        "days of a camera",
        HEAD + "cameras:\n  - {id: a, url: 'rtsp://h/x', retention: {days: never}}\n",
        3,
        "cameras[0].retention.days: found 'never', accepted a number of days",
    ),
    Bad(
        "free space of a camera",
        HEAD + "cameras:\n  - {id: a, url: 'rtsp://h/x', retention: {min_free: 5%}}\n",
        3,
        "cameras[0].retention.min_free: found 'min_free', accepted one of: days, max_size",
    ),
    Bad("all must be free", HEAD + "retention: {min_free: 100%}\n", 2, "retention.min_free: found '100%', acc", False),
    Bad(
        "budget without percent", HEAD + "capacity: {cpu_budget: 205}\n", 2, "capacity.cpu_budget: found '205', accept"
    ),
    Bad("budget of nothing", HEAD + "capacity: {cpu_budget: 0%}\n", 2, "capacity.cpu_budget: found '0%', acc", False),
    Bad(
        "unknown time zone",
        HEAD + "timezone: Asia/Ho_Chi_Min\n",
        2,
        "accepted: did you mean 'Asia/Ho_Chi_Minh'? (",
        False,
    ),
    Bad(
        "time zone outside", HEAD + "timezone: ../passwd\n", 2, "timezone: found '../passwd', accepted local or", False
    ),
    Bad(
        "ffmpeg word", HEAD + "ffmpeg: sytem\n", 2, "ffmpeg: found 'sytem', accepted: did you mean 'system'? (auto, emb"
    ),
    Bad("mount elsewhere", HEAD + "recordings_mount: /mnt\n", 2, "accepted a folder above recordings (/srv/rec", False),
    Bad(
        "server word",
        HEAD + "live: {server: embeded}\n",
        2,
        "live.server: found something else, accepted: did you mean",
    ),
    Bad(
        "server over http",
        HEAD + "live: {server: http://h:8554}\n",
        2,
        "found an address that starts with http://, acc",
    ),
    Bad(
        "login at the server",
        HEAD + "live: {server: 'rtsp://u:hunter2@h:8554'}\n",
        2,
        "live.server: found an address with a login, which ffmpeg would show to everybody in the process list, "
        "accepted: let the server accept publishing from this machine by its address, without a login (embedded or ",
    ),
    Bad("port only", HEAD + "live: {listen: 8554}\n", 2, "live.listen: found something else, accepted host:port, such"),
    Bad("port out of range", HEAD + "live: {listen: 127.0.0.1:99999}\n", 2, "live.listen: found something", False),
    Bad(
        "open relay", HEAD + "live: {listen: '0.0.0.0:8554'}\n", 2, "live.listen: found '0.0.0.0', accepted a h", False
    ),
    Bad("half a login", HEAD + "live: {username: viewer}\n", 2, "live: found half a login, accepted username", False),
    Bad(
        "codec", HEAD + "profiles: {a: {recording: {codec: h256}}}\n", 2, "accepted: did you mean 'h265'? (source, h264"
    ),
    Bad("odd size", HEAD + "profiles: {a: {live: {codec: h264, size: 641x480}}}\n", 2, "size: found '641x480'", False),
    Bad(
        "tiny bitrate", HEAD + "profiles: {a: {live: {codec: h264, bitrate: 3}}}\n", 2, "a.live.bitrate: found '3', acc"
    ),
    Bad(
        "copy made smaller", HEAD + "profiles: {a: {live: {size: 640x480}}}\n", 2, "a change to a stream that is", False
    ),
    Bad(
        "source encoded", HEAD + "profiles: {a: {live: {encoder: nvenc}}}\n", 2, "found nvenc with codec: source", False
    ),
    Bad(
        "codec, and keys that only count with a right one",
        HEAD + "profiles: {a: {recording: {codec: h266, encoder: nvenc, size: 1920x1080, bitrate: 1M}}}\n",
        2,
        "profiles.a.recording.codec: found 'h266', accepted: did you mean 'h265'? (source, h264",
    ),
    Bad(
        "codec misspelt",
        HEAD + "profiles: {a: {recording: {codc: h265, encoder: nvenc, fps: 5}}}\n",
        2,
        "accepted: did you mean 'codec'? (one of",
    ),
    Bad(
        "codec without a space",
        HEAD + "profiles: {a: {recording: {codec:h265, size: 640x480}}}\n",
        2,
        "accepted: put a space after the colon (one of",
    ),
    Bad(
        "server word, and keys that may not count",
        HEAD + "live: {server: embeded, listen: '0.0.0.0:8554', username: viewer}\n",
        2,
        "live.server: found something else, accepted: did you mean",
    ),
    Bad(
        "login of the relay misspelt",
        HEAD + "live: {listen: '0.0.0.0:8554', usrname: viewer, password: {env: PATH}}\n",
        2,
        "accepted: did you mean 'username'? (one of",
    ),
    Bad(
        "required key misspelt", HEAD + "cameras: [{id: a, ulr: 'rtsp://h'}]\n", 2, "accepted: did you mean 'url'? (one"
    ),
    Bad(
        "list for names that are used",
        HEAD + "profiles: [a]\n" + CAMERA + "    profile: a\n",
        2,
        "profiles: found a list, accepted names with keys below them",
    ),
    Bad(
        "names misspelt that are used",
        HEAD + "profils: {a: {}}\n" + CAMERA + "    profile: a\n",
        2,
        "accepted: did you mean 'profiles'? (one of",
    ),
    Bad(
        "empty name beside a camera called as its id",
        HEAD + "cameras:\n  - {id: a, name: '', url: 'rtsp://h'}\n  - {id: b, name: A, url: 'rtsp://h'}\n",
        3,
        "cameras[0].name: found '', accepted any text",
    ),
    Bad(
        "merge without a star",
        HEAD + "cameras:\n  - &base {id: a, url: 'rtsp://h'}\n  - {<<: base, name: B}\n",
        4,
        "cameras[1].<<: found no mapping, accepted an alias of a mapping",
        False,
    ),
    Bad(
        "a mistake that is merged into other cameras",
        HEAD + "cameras:\n  - &base {id: a, url: 'rtsp://h', transport: htp}\n  - {<<: *base, id: b}\n",
        3,
        "cameras[0].transport: found 'htp', accepted: did you mean",
    ),
    Bad("profile name", HEAD + "profiles: {a b: {}}\n", 2, "profiles.a…: found 'a b', accepted 1 to 40 letters, digi"),
    Bad(
        "built-in profile",
        HEAD + "profiles: {source: {}}\n",
        2,
        "accepted another name: source and reencode come",
        False,
    ),
    Bad(
        "unknown profile", HEAD + CAMERA + "    profile: reencod\n", 5, "did you mean 'reencode'? (one of: sour", False
    ),
    Bad(
        "id with capitals",
        HEAD + "cameras: [{id: Gate, url: rtsp://h}]\n",
        2,
        "cameras[0].id: found 'Gate', accepted 1 ",
    ),
    Bad("id twice", HEAD + CAMERA + CAMERA.partition("\n")[2], 5, "cameras[1].id: found 'gate', which is the", False),
    Bad(
        "names that share files",
        HEAD
        + "cameras:\n  - {id: a, name: Front door, url: 'rtsp://h'}\n  - {id: b, name: front-door!, url: 'rtsp://h'}\n",
        4,
        "cameras[1].name: found a name whose files would be called front_door_…, as those of the camera in line 3, acc",
        False,
    ),
    Bad(
        "empty name", HEAD + CAMERA + "    name: ''\n", 5, "cameras[0].name: found '', accepted any text of at most 100"
    ),
    Bad(
        "name without a visible character",
        HEAD + CAMERA + '    name: "\\u202e\\u200b\\u2066"\n',
        5,
        r"cameras[0].name: found '\u202e\u200b\u2066', accepted any text of at most 100 characters, at least one",
        False,
    ),
    Bad(
        "name of a blank look-alike", HEAD + CAMERA + "    name: \u3164\n", 5, r"name: found '\u3164', accepted", False
    ),
    Bad("name of an accent alone", HEAD + CAMERA + "    name: \u0301\n", 5, r"name: found '\u0301', accepted", False),
    Bad(
        "transport",
        HEAD + CAMERA + "    transport: http\n",
        5,
        "cameras[0].transport: found 'http', accepted tcp or udp",
    ),
    Bad(
        "enabled", HEAD + CAMERA + "    enabled: perhaps\n", 5, "cameras[0].enabled: found 'perhaps', accepted true or"
    ),
    Bad(
        "camera over http",
        HEAD + "cameras: [{id: a, url: http://h/x}]\n",
        2,
        "url: found an address that starts with ht",
    ),
    Bad(
        "no address",
        HEAD + "cameras: [{id: a, url: camera1}]\n",
        2,
        "url: found something else, accepted rtsp://host:p",
    ),
    Bad(
        "space in the address", HEAD + "cameras: [{id: a, url: 'rtsp://h/a b'}]\n", 2, "a space or control char", False
    ),
    Bad("port of an address", HEAD + "cameras: [{id: a, url: 'rtsp://h:0/'}]\n", 2, "a port outside 1 to 65535", False),
    Bad(
        "slash in a password",
        HEAD + "cameras: [{id: a, url: 'rtsp://u:hunter2/@h/x'}]\n",
        2,
        "(not shown, it may hold a password), accepted: a login with / ? or # in it belongs into username and password",
        False,
    ),
    Bad("login twice", HEAD + CAMERA.replace("camera.", "u:p@camera.") + "    username: u\n", 4, "in username", False),
    Bad(
        "variable", "recordings: /srv/${USER}\n", 1, "recordings: found '${…}', accepted plain text: nothing is", False
    ),
    Bad(
        "variable in braces", "segment: {length: ${X}}\n", 1, "found '${…}', accepted plain text: nothing is ex", False
    ),
    Bad(
        "variable for a password", HEAD + CAMERA + "    password: ${P}\n", 5, "cameras[0].password: found '${…}'", False
    ),
    Bad(
        "password of two sources", HEAD + CAMERA + "    password: {env: A, file: b}\n", 5, "found a mapping of 2 keys, "
    ),
    Bad(
        "password of another source",
        HEAD + CAMERA + "    password: {vault: a}\n",
        5,
        "password.***: found ***, accepted ",
    ),
    Bad(
        "password without source", HEAD + CAMERA + "    password: {env: }\n", 5, "password.env: found nothing, accepted"
    ),
    Bad(
        "password in a list", HEAD + CAMERA + "    password: [hunter2]\n", 5, "password: found a list, accepted {env: "
    ),
    Bad(
        "missing variable",
        HEAD + CAMERA + "    password: {env: NO_VAR_}\n",
        5,
        "found NO_VAR_, which is not set",
        False,
    ),
    Bad("variable's name", HEAD + CAMERA + "    password: {env: 'a b'}\n", 5, "found ***, accepted the name of an env"),
    Bad("missing file", HEAD + CAMERA + "    password: {file: /nowhere}\n", 5, "found /nowhere: No such file", False),
    Bad(
        "device as a file", HEAD + CAMERA + "    password: {file: /dev/null}\n", 5, "/dev/null: not an ordinary", False
    ),
    Bad("tab", "recordings:\n\t- x\n", 2, "found a tab character, accepted spaces for indentation", False),
    Bad(
        "unclosed bracket", "recordings: [\n", 2, "found a syntax error (while parsing a flow node, expected the", False
    ),
    Bad(
        "second colon",
        "recordings: a: b\n",
        1,
        "found a second ':' or wrong indentation, accepted one 'key: value'",
        False,
    ),
    Bad(
        "reserved character", "recordings: @a\n", 1, "found a character that YAML reserves at the start of a val", False
    ),
    Bad(
        "unknown alias",
        "recordings: *a\n",
        1,
        "found an alias of nothing that stands before it, accepted text that",
        False,
    ),
    Bad(
        "tag", "recordings: !path /a\n", 1, "recordings: found a YAML tag, accepted text that starts with ! in q", False
    ),
    Bad(
        "two documents",
        HEAD + "---\n" + HEAD,
        2,
        "found a second document after '---', accepted one document per f",
        False,
    ),
    Bad("list as a key", "? [a]\n: b\n", 1, "found a list or mapping as a key, accepted a word", False),
    Bad(
        "merge of a word",
        HEAD + "segment: {<<: a}\n",
        2,
        "segment.<<: found no mapping, accepted an alias of a m",
        False,
    ),
    Bad(
        "control character",
        "recordings: /a\n# \x07\n",
        2,
        "found the control character U+0007, accepted readable",
        False,
    ),
    Bad(
        "half a character",
        'recordings: "/\\ud800"\n',
        1,
        "found half a character (a lone surrogate), accepted whole",
        False,
    ),
    Bad(
        "impossible escape",
        'recordings: "\\UFFFFFFFF"\n',
        1,
        "found an escape sequence or number beyond what YAML",
        False,
    ),
)
