"""Every action of the dashboard, once: key, words, help. Bindings, footer, help screen and palette derive from here.

`scope` says where a key is heard; `changes` marks what is taken away by `--readonly`. An action without a key is
reached through the palette by its `verb`; one with an argument asks for a camera or a theme there.

The keys in the table are those to begin with. A person may have others (`keymap`); whoever tells or draws a key asks
here which is in use, by the id of its action. One dashboard runs per process, so that these are the process's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vmstui.tui.key_names import sign, word

if TYPE_CHECKING:
    from textual.binding import Binding


class Scope(StrEnum):
    """Where the key of an action is heard."""

    APP = "app"
    FLEET = "fleet screen"
    TABLE = "lists and texts"
    """What moves a cursor, in the fleet table and everywhere else."""
    CAMERAS = "fleet table"
    LOG = "log pane"
    SEGMENTS = "segments pane"
    HISTORY = "history pane"
    CAPACITY = "capacity screen"
    CHARTS = "charts pane"
    PICTURES = "pictures screen"
    FINDINGS = "findings screen"
    FIRST = "first screen"
    """Where nothing is configured yet."""
    DIALOG = "dialogs"
    """Where something is told, asked or chosen."""
    FIELD = "fields"
    """Where text is typed, so that no key of theirs is a character."""
    PALETTE = "palette"


class Group(StrEnum):
    """Heading in the help."""

    CAMERA = "Selected camera"
    SCREENS = "Screens"
    LOOK = "Look"
    CAMERAS = "In the table of cameras"
    MOVE = "Move"
    LOG = "In the log"
    SEGMENTS = "In the segments"
    HISTORY = "In the history"
    CAPACITY = "In capacity"
    CHARTS = "In the charts"
    PICTURES = "In the pictures"
    FINDINGS = "In the findings"
    FIRST = "Where nothing is configured yet"
    DIALOG = "In dialogs and fields"
    RECORDER = "Recorder"


class Argument(StrEnum):
    """What the palette asks for after the verb."""

    NONE = ""
    CAMERA = "camera"
    THEME = "theme"
    COLUMN = "column"
    TELL = "how"
    """One of `remembered.TELLS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """One thing a person can do."""

    id: str
    call: str
    """Name of the Textual action; `action_<call>` of the object that `scope` stands for."""
    words: str
    """For the footer, one or two words."""
    help: str
    """One sentence for help and palette."""
    group: Group
    scope: Scope
    keys: str = ""
    """Textual key names, separated by commas; the first is the one that is shown. Those in use are `keys_of`."""
    changes: bool = False
    rank: int = 0
    """Place in the footer, 1 stays longest; 0: not in the footer."""
    verb: str = ""
    argument: Argument = Argument.NONE
    many: bool = False
    """It is done to all cameras that are marked, where there are any."""
    instead: str = ""
    """Id of the action whose key it takes while its own place has the keys."""

    @property
    def key(self) -> str:
        """The key in use as it is drawn; empty where it has none."""
        return next((sign(key) for key in keys_of(self.id)), "")


ACTIONS = (
    Action("camera.restart", "restart", "restart", "End the worker cleanly and start a new one; asks first.",
           Group.CAMERA, Scope.FLEET, "r", changes=True, rank=2, verb="restart", argument=Argument.CAMERA, many=True),
    Action("camera.toggle", "start_or_stop", "stop/start", "Stop recording it (asks first), or start it again.",
           Group.CAMERA, Scope.FLEET, "s", changes=True, rank=4, many=True),
    Action("camera.start", "start_camera", "start", "Start recording a camera.",
           Group.CAMERA, Scope.PALETTE, changes=True, verb="start", argument=Argument.CAMERA, many=True),
    Action("camera.stop", "stop_camera", "stop", "Stop recording a camera; asks first.",
           Group.CAMERA, Scope.PALETTE, changes=True, verb="stop", argument=Argument.CAMERA, many=True),
    Action("camera.add", "add_camera", "add", "Record one more camera: looks at it, shows the change, asks.",
           Group.RECORDER, Scope.FLEET, "A", changes=True, rank=9, verb="add"),
    Action("camera.edit", "edit_camera", "edit", "Another name, address, profile or limit; shows the change, asks.",
           Group.CAMERA, Scope.FLEET, "E", changes=True, verb="edit", argument=Argument.CAMERA),
    Action("camera.remove", "remove_camera", "remove", "Record it no longer; its footage stays. Asks first.",
           Group.CAMERA, Scope.FLEET, "D", changes=True, verb="remove", argument=Argument.CAMERA),
    Action("view.details", "details", "details", "Its command, outputs, samples and history.",
           Group.CAMERA, Scope.FLEET, "enter", rank=5, verb="details", argument=Argument.CAMERA),
    Action("view.log", "log", "log", "What its ffmpeg says.",
           Group.CAMERA, Scope.FLEET, "l", rank=3, verb="logs", argument=Argument.CAMERA),
    Action("view.segments", "segments", "segments", "Its footage: files, gaps, days; look, export, lock.",
           Group.CAMERA, Scope.FLEET, "o,O", rank=7, verb="segments", argument=Argument.CAMERA),
    Action("view.history", "history", "history", "What happened to it and why: starts, ends, automatic actions.",
           Group.CAMERA, Scope.FLEET, "h", rank=6, verb="history", argument=Argument.CAMERA),
    Action("view.charts", "charts", "charts", "What it looked like, now or at 03:12: CPU, frames, drops, bitrate.",
           Group.CAMERA, Scope.FLEET, "m", rank=8, verb="charts", argument=Argument.CAMERA),
    Action("camera.findings", "findings_of", "findings", "What its ffmpeg's messages mean, and what to do.",
           Group.CAMERA, Scope.PALETTE, verb="findings of", argument=Argument.CAMERA),
    Action("camera.still", "still_now", "picture", "A picture of it in the terminal, as it is now.",
           Group.CAMERA, Scope.FLEET, "p"),
    Action("camera.copy", "copy_command", "copy command", "Copy its ffmpeg command (passwords masked).",
           Group.CAMERA, Scope.FLEET, "y", verb="copy", argument=Argument.CAMERA),
    Action("view.fleet", "go('fleet')", "fleet", "All cameras, those in trouble first.",
           Group.SCREENS, Scope.APP, "1", rank=7, verb="fleet"),
    Action("view.camera", "go('camera')", "camera", "Everything of one: still, details, charts, log, history, footage.",
           Group.SCREENS, Scope.APP, "2", verb="camera"),
    Action("view.logs", "go('logs')", "logs", "The logs of all cameras, merged by time.",
           Group.SCREENS, Scope.APP, "3", verb="all logs"),
    Action("view.all_findings", "go('findings')", "findings", "What is wrong, of all cameras, and what to do.",
           Group.SCREENS, Scope.APP, "4"),
    Action("view.footage", "go('segments')", "segments", "The footage of the camera: files, gaps, days, locks.",
           Group.SCREENS, Scope.APP, "5", verb="footage"),
    Action("view.capacity", "go('capacity')", "capacity", "How many more cameras fit, and what ends it; what if.",
           Group.SCREENS, Scope.APP, "6,c", verb="capacity"),
    Action("view.machine", "go('machine')", "machine", "The machine, now and before: CPU, memory, disk, network, GPU.",
           Group.SCREENS, Scope.APP, "7,M", verb="machine"),
    Action("view.events", "go('history')", "history", "What happened to all cameras and why, merged by time.",
           Group.SCREENS, Scope.APP, "8", verb="events"),
    Action("view.wallboard", "go('wallboard')", "wallboard", "All cameras at once and no keys, for a wall.",
           Group.SCREENS, Scope.APP, "B", verb="wallboard"),
    Action("view.filter", "filter", "filter", "Show only what contains a text; with ! in front, only what does not.",
           Group.LOOK, Scope.FLEET, "slash", rank=8),
    Action("view.back", "back", "back", "Close what is open: filter, then pane, back to the cameras.",
           Group.LOOK, Scope.FLEET, "escape", rank=1),
    Action("view.zoom", "zoom", "zoom", "The pane with the keys takes the whole screen, or gives it back.",
           Group.LOOK, Scope.FLEET, "Z", rank=13),
    Action("view.next_pane", "next_pane", "next pane", "Go to the next pane.",
           Group.LOOK, Scope.FLEET, "tab"),
    Action("view.previous_pane", "previous_pane", "previous pane", "Go to the pane before.",
           Group.LOOK, Scope.FLEET, "shift+tab"),
    Action("view.help", "help", "help", "The keys that work now, and what the signs mean.",
           Group.LOOK, Scope.APP, "question_mark", rank=1, verb="help"),
    Action("view.palette", "command_palette", "command", "Anything by name: restart lobby, logs gate, theme nord.",
           Group.LOOK, Scope.APP, "colon", rank=9),
    Action("view.findings", "findings", "findings", "What is wrong, of all cameras: what messages mean, what to do.",
           Group.LOOK, Scope.FLEET, "f,F", rank=5, verb="findings"),
    Action("view.pictures", "pictures", "pictures", "Pictures of all cameras, as they are now.",
           Group.LOOK, Scope.FLEET, "v", rank=12, verb="pictures"),
    Action("view.theme", "theme", "theme", "Change the colours.",
           Group.LOOK, Scope.PALETTE, verb="theme", argument=Argument.THEME),
    Action("table.mark", "mark_camera", "mark",
           "Mark the camera or unmark it, and go on to the next; restart, stop and the like then mean all marked.",
           Group.CAMERAS, Scope.CAMERAS, "space", rank=8),
    Action("table.mark_all", "mark_cameras", "mark all", "Mark all cameras that are shown; once all are, none.",
           Group.CAMERAS, Scope.CAMERAS, "asterisk"),
    Action("table.faults", "ask('faults')", "faults", "Only cameras with faults, or all again.",
           Group.CAMERAS, Scope.CAMERAS, "exclamation_mark", verb="faults"),
    Action("table.sort_before", "ask('sort',-1)", "sort", "Sort by the column before; first of all: problems first.",
           Group.CAMERAS, Scope.CAMERAS, "less_than_sign"),
    Action("table.sort_after", "ask('sort',1)", "sort", "Sort by the column after.",
           Group.CAMERAS, Scope.CAMERAS, "greater_than_sign"),
    Action("table.reverse", "ask('reverse')", "reverse", "Turn the order round.",
           Group.CAMERAS, Scope.CAMERAS, "I", verb="reverse"),
    Action("table.acknowledge", "ask('acknowledge')", "acknowledge",
           "What its messages mean is known, for 8 hours: of the camera, or of all marked. Asks first.",
           Group.CAMERAS, Scope.CAMERAS, "a", changes=True, verb="acknowledge", argument=Argument.CAMERA, many=True),
    Action("table.silence", "ask('silence')", "silence", "No notices of it for 8 hours; once more: notices again.",
           Group.CAMERAS, Scope.CAMERAS, "z", verb="silence", argument=Argument.CAMERA, many=True),
    Action("table.unsilence", "unsilence", "unsilence", "Notices of it come again.",
           Group.CAMERAS, Scope.PALETTE, verb="unsilence", argument=Argument.CAMERA, many=True),
    Action("table.silences", "silences", "silences", "Of which cameras no notices come, and until when.",
           Group.CAMERAS, Scope.PALETTE, verb="silences"),
    Action("table.sort", "sort_by", "sort", "Sort by a column; problems: the usual order.",
           Group.CAMERAS, Scope.PALETTE, verb="sort", argument=Argument.COLUMN),
    Action("table.hide", "hide_column", "hide", "Hide a column.",
           Group.CAMERAS, Scope.PALETTE, verb="hide", argument=Argument.COLUMN),
    Action("table.show", "show_column", "show", "Show a column; where there is little room, others go for it.",
           Group.CAMERAS, Scope.PALETTE, verb="show", argument=Argument.COLUMN),
    Action("table.usual", "usual_table", "usual table", "Columns and order as they were at first.",
           Group.CAMERAS, Scope.PALETTE, verb="usual table"),
    Action("view.notices", "tell_notices", "notices",
           "How notices are told: on the screen alone, with the bell, on the desktop (OSC 9), or both.",
           Group.LOOK, Scope.PALETTE, verb="notices", argument=Argument.TELL),
    Action("move.up", "cursor(-1)", "up", "To the camera, segment or line above.",
           Group.MOVE, Scope.TABLE, "up,k"),
    Action("move.down", "cursor(1)", "down", "To the camera, segment or line below.",
           Group.MOVE, Scope.TABLE, "down,j"),
    Action("move.page_up", "page(-1)", "page up", "A page up.", Group.MOVE, Scope.TABLE, "pageup,ctrl+b"),
    Action("move.page_down", "page(1)", "page down", "A page down.", Group.MOVE, Scope.TABLE, "pagedown,ctrl+f"),
    Action("move.first", "first", "first", "To the top: the camera most in trouble, the newest footage.",
           Group.MOVE, Scope.TABLE, "home,g"),
    Action("move.last", "last", "last", "To the end: the last camera, the oldest footage there is.",
           Group.MOVE, Scope.TABLE, "end,G"),
    Action("move.previous", "step(-1)", "previous camera", "To the camera above, from any pane.",
           Group.MOVE, Scope.FLEET, "left_square_bracket"),
    Action("move.next", "step(1)", "next camera", "To the camera below, from any pane.",
           Group.MOVE, Scope.FLEET, "right_square_bracket"),
    Action("log.follow", "follow", "follow", "Go to the newest line and stay there; any move up pauses.",
           Group.LOG, Scope.LOG, "f,end,G", rank=1, instead="view.findings"),
    Action("log.oldest", "oldest", "oldest", "To the oldest line that is kept.", Group.LOG, Scope.LOG, "home,g"),
    Action("log.up", "line(-1)", "up", "Pause, and a line up.", Group.LOG, Scope.LOG, "up,k"),
    Action("log.down", "line(1)", "down", "A line down; past the last one it follows.",
           Group.LOG, Scope.LOG, "down,j"),
    Action("log.page_up", "page(-1)", "page up", "A page up.", Group.LOG, Scope.LOG, "pageup,ctrl+b"),
    Action("log.page_down", "page(1)", "page down", "A page down.", Group.LOG, Scope.LOG, "pagedown,ctrl+f"),
    Action("log.left", "scroll_left", "left", "Long lines further to the left.", Group.LOG, Scope.LOG, "left"),
    Action("log.right", "scroll_right", "right", "Long lines further to the right.", Group.LOG, Scope.LOG, "right"),
    Action("log.search", "ask('search')", "search", "Search: an expression; with ! in front, lines without it.",
           Group.LOG, Scope.LOG, "slash", rank=2, verb="search log", instead="view.filter"),
    Action("log.next_match", "match(1)", "next", "To the next match.", Group.LOG, Scope.LOG, "n"),
    Action("log.previous_match", "match(-1)", "previous", "To the match before.", Group.LOG, Scope.LOG, "N"),
    Action("log.filter", "ask('filter')", "filter", "Show only lines with an expression; with ! in front, hide them.",
           Group.LOG, Scope.LOG, "ampersand", rank=3, verb="filter log"),
    Action("log.all", "threshold(0)", "all", "Show every level.", Group.LOG, Scope.LOG, "i", rank=6),
    Action("log.warnings", "threshold(1)", "warnings", "Show warnings and errors.",
           Group.LOG, Scope.LOG, "w", rank=5),
    Action("log.errors", "threshold(2)", "errors", "Show errors only.", Group.LOG, Scope.LOG, "e", rank=4),
    Action("log.everyone", "ask('everyone')", "all cameras",
           "Show the log of all cameras, merged by time, or of the selected one again.",
           Group.LOG, Scope.LOG, "a", rank=7),
    Action("log.repeats", "repeats", "repeats", "Fold repeats, lines that differ in numbers only, to one with ×312.",
           Group.LOG, Scope.LOG, "z", rank=9, verb="fold repeats in log"),
    Action("log.open", "open_repeats", "open", "Open the folded repeats at the cursor, or close them again.",
           Group.LOG, Scope.LOG, "enter", instead="view.details"),
    Action("log.explain", "ask('explain')", "explain",
           "How bad each line is, and what the one at the cursor means; or ffmpeg's own words alone.",
           Group.LOG, Scope.LOG, "v", rank=4, verb="explain log", instead="view.pictures"),
    Action("log.wrap", "wrap", "wrap", "Wrap long lines, or scroll them sideways.",
           Group.LOG, Scope.LOG, "W", rank=10, verb="wrap log"),
    Action("log.times", "times", "times", "Times: of the clock, how long ago, none.",
           Group.LOG, Scope.LOG, "t", rank=11, verb="times in log"),
    Action("log.mark", "mark", "mark", "Mark the line at the cursor; once more takes the mark away.",
           Group.LOG, Scope.LOG, "m", rank=12, instead="view.charts"),
    Action("log.next_mark", "to_mark(1)", "next mark", "To the next mark.", Group.LOG, Scope.LOG, "u"),
    Action("log.previous_mark", "to_mark(-1)", "previous mark", "To the mark before.", Group.LOG, Scope.LOG, "U"),
    Action("log.minute_before", "step(60,-1)", "minute before",
           "To the beginning of the minute, or of the one before.",
           Group.LOG, Scope.LOG, "comma"),
    Action("log.minute_after", "step(60,1)", "minute after", "To the next minute.",
           Group.LOG, Scope.LOG, "full_stop"),
    Action("log.hour_before", "step(3600,-1)", "hour before", "To the beginning of the hour, or of the one before.",
           Group.LOG, Scope.LOG, "less_than_sign"),
    Action("log.hour_after", "step(3600,1)", "hour after", "To the next hour.",
           Group.LOG, Scope.LOG, "greater_than_sign"),
    Action("log.previous_run", "ask('previous')", "run before",
           "Show the log of the run before the present one, or of the present one again.",
           Group.LOG, Scope.LOG, "p", rank=8, verb="previous run in log", instead="camera.still"),
    Action("log.earlier_run", "ask('earlier')", "earlier run", "Show the log of the run before that one.",
           Group.LOG, Scope.LOG, "P"),
    Action("log.restart", "ask('restart')", "last start", "To the moment its present run began.",
           Group.LOG, Scope.LOG, "b", rank=13, verb="last start in log"),
    Action("log.copy", "copy", "copy",
           "Copy what is selected, the line at the cursor, or, while following, what is seen.",
           Group.LOG, Scope.LOG, "y", instead="camera.copy"),
    Action("log.save", "ask('save')", "save", "Save all lines that are shown to a file.",
           Group.LOG, Scope.LOG, "S", changes=True, rank=14, verb="save log"),
    Action("log.pager", "ask('pager')", "pager", "Open all lines that are shown in $PAGER; recording goes on.",
           Group.LOG, Scope.LOG, "o", rank=14, verb="open log in pager",
           instead="view.segments"),
    Action("segments.open", "open_file", "file", "The path of its file: copied, and opened where there is a desktop.",
           Group.SEGMENTS, Scope.SEGMENTS, "o", rank=4, instead="view.segments"),
    Action("segments.still", "still", "picture", "A picture of it in the terminal; of the open one, as it is now.",
           Group.SEGMENTS, Scope.SEGMENTS, "p", rank=2, verb="still", argument=Argument.CAMERA,
           instead="camera.still"),
    Action("segments.mark", "mark", "mark", "Mark from here to the cursor; once more gives the mark back.",
           Group.SEGMENTS, Scope.SEGMENTS, "space", rank=3),
    Action("segments.export", "export", "export", "Make one MP4 file of what is marked, or of the segment.",
           Group.SEGMENTS, Scope.SEGMENTS, "e", changes=True, rank=3),
    Action("segments.lock", "lock", "lock", "Keep what is marked, or the segment, from being deleted, with a note why.",
           Group.SEGMENTS, Scope.SEGMENTS, "L", changes=True, rank=5),
    Action("segments.unlock", "unlock", "unlock", "Give the lock at the cursor back; asks first.",
           Group.SEGMENTS, Scope.SEGMENTS, "U", changes=True, rank=7),
    Action("segments.day_before", "days(-1)", "day before", "To the same time of the day before.",
           Group.SEGMENTS, Scope.SEGMENTS, "left", rank=6),
    Action("segments.day_after", "days(1)", "day after", "To the same time of the day after.",
           Group.SEGMENTS, Scope.SEGMENTS, "right", rank=6),
    Action("segments.hour_before", "hours(-1)", "hour before", "An hour back.",
           Group.SEGMENTS, Scope.SEGMENTS, "comma"),
    Action("segments.hour_after", "hours(1)", "hour after", "An hour on.",
           Group.SEGMENTS, Scope.SEGMENTS, "full_stop"),
    Action("segments.time", "go_to_time", "time", "To a time that is typed: 07:54, yesterday 18:00, 2025-10-20, -2h.",
           Group.SEGMENTS, Scope.SEGMENTS, "t", rank=5),
    Action("segments.day", "go_to_day", "days", "The days there is footage of, to choose from.",
           Group.SEGMENTS, Scope.SEGMENTS, "d", rank=6),
    Action("history.everyone", "everyone", "all cameras", "What happened to all cameras, or to the selected one again.",
           Group.HISTORY, Scope.HISTORY, "a", rank=3),
    Action("capacity.profile", "profile", "profile", "What if new cameras have the next profile.",
           Group.CAPACITY, Scope.CAPACITY, "p"),
    Action("capacity.more_budget", "budget(10)", "CPU", "What if 10 % of a core more may be used.",
           Group.CAPACITY, Scope.CAPACITY, "plus,equals_sign"),
    Action("capacity.less_budget", "budget(-10)", "CPU", "What if 10 % of a core less may be used.",
           Group.CAPACITY, Scope.CAPACITY, "minus"),
    Action("capacity.fewer_cameras", "cameras(-1)", "cameras", "Would one camera less fit.",
           Group.CAPACITY, Scope.CAPACITY, "left"),
    Action("capacity.more_cameras", "cameras(1)", "cameras", "Would one camera more fit, and one more.",
           Group.CAPACITY, Scope.CAPACITY, "right"),
    Action("capacity.fewer_days", "days(-1)", "days", "What if footage is to stay a day less.",
           Group.CAPACITY, Scope.CAPACITY, "comma"),
    Action("capacity.more_days", "days(1)", "days", "What if footage is to stay a day longer.",
           Group.CAPACITY, Scope.CAPACITY, "full_stop"),
    Action("capacity.as_it_is", "as_it_is", "as it is", "No what if: the recorder as it is.",
           Group.CAPACITY, Scope.CAPACITY, "0"),
    Action("charts.earlier", "move(-1)", "time", "Half of what is shown back in time.",
           Group.CHARTS, Scope.CHARTS, "left_square_bracket", instead="move.previous"),
    Action("charts.later", "move(1)", "time", "Half of what is shown on in time.",
           Group.CHARTS, Scope.CHARTS, "right_square_bracket", instead="move.next"),
    Action("charts.closer", "zoom(-1)", "zoom", "A shorter time, more closely: 30 d, 7 d, 24 h, 6 h, 1 h, 10 min.",
           Group.CHARTS, Scope.CHARTS, "plus,equals_sign"),
    Action("charts.wider", "zoom(1)", "zoom", "A longer time.", Group.CHARTS, Scope.CHARTS, "minus"),
    Action("charts.cursor_back", "cursor(-1)", "cursor", "The cursor back; what is at it is told beside the charts.",
           Group.CHARTS, Scope.CHARTS, "left"),
    Action("charts.cursor_on", "cursor(1)", "cursor", "The cursor on.", Group.CHARTS, Scope.CHARTS, "right"),
    Action("charts.event_before", "event(-1)", "event", "To the event before: a restart, a gap, an automatic action.",
           Group.CHARTS, Scope.CHARTS, "comma"),
    Action("charts.event_after", "event(1)", "event", "To the event after.",
           Group.CHARTS, Scope.CHARTS, "full_stop"),
    Action("charts.time", "go_to_time", "to a time", "To a time that is typed: 03:12, yesterday 03:12, 2025-10-20.",
           Group.CHARTS, Scope.CHARTS, "t"),
    Action("charts.now", "now", "now", "Back to now, and on with it.", Group.CHARTS, Scope.CHARTS, "n,end"),
    Action("charts.footage", "footage", "footage", "The footage of the time at the cursor.",
           Group.CHARTS, Scope.CHARTS, "o", instead="view.segments"),
    Action("charts.next", "subject(1)", "next", "The next camera; after them all together, machine, service, relay.",
           Group.CHARTS, Scope.CHARTS, "greater_than_sign"),
    Action("charts.previous", "subject(-1)", "next", "The one before.",
           Group.CHARTS, Scope.CHARTS, "less_than_sign"),
    Action("charts.camera", "camera", "camera", "The camera that is meant again.",
           Group.CHARTS, Scope.CHARTS, "m", instead="view.charts"),
    Action("charts.machine", "machine", "machine", "The machine.", Group.CHARTS, Scope.CHARTS, "at"),
    Action("charts.signs", "signs", "signs", "Of blocks instead of braille, for fonts that have none, and back.",
           Group.CHARTS, Scope.CHARTS, "b"),
    Action("charts.up", "scroll(-1)", "scroll", "Charts further up, where not all have room.",
           Group.CHARTS, Scope.CHARTS, "up,k,pageup"),
    Action("charts.down", "scroll(1)", "scroll", "Charts further down.",
           Group.CHARTS, Scope.CHARTS, "down,j,pagedown"),
    Action("pictures.left", "side(-1)", "left", "To the picture before.", Group.PICTURES, Scope.PICTURES, "left,h"),
    Action("pictures.right", "side(1)", "right", "To the next picture.", Group.PICTURES, Scope.PICTURES, "right,l"),
    Action("pictures.up", "row(-1)", "up", "To the picture above.", Group.PICTURES, Scope.PICTURES, "up,k"),
    Action("pictures.down", "row(1)", "down", "To the picture below.", Group.PICTURES, Scope.PICTURES, "down,j"),
    Action("pictures.page_up", "leaf(-1)", "page up", "A page up.", Group.PICTURES, Scope.PICTURES, "pageup,ctrl+b"),
    Action("pictures.page_down", "leaf(1)", "page down", "A page down.",
           Group.PICTURES, Scope.PICTURES, "pagedown,ctrl+f"),
    Action("pictures.open", "large", "large", "It as large as the terminal allows.",
           Group.PICTURES, Scope.PICTURES, "enter"),
    Action("pictures.camera", "to_camera", "details", "To that camera.", Group.PICTURES, Scope.PICTURES, "c"),
    Action("pictures.again", "anew", "again", "Take those of the page anew, also over a slow link.",
           Group.PICTURES, Scope.PICTURES, "p"),
    Action("findings.open", "open", "open", "Everything about it; or what a line stands for, such as an incident.",
           Group.FINDINGS, Scope.FINDINGS, "enter", rank=1),
    Action("findings.acknowledge", "acknowledge", "acknowledge",
           "It is known: not told again for a while, unless it comes more often. Asks where, how long and why.",
           Group.FINDINGS, Scope.FINDINGS, "a", changes=True, rank=2),
    Action("findings.take_back", "take_back", "take back", "Take an acknowledgement back: it is told again.",
           Group.FINDINGS, Scope.FINDINGS, "u,delete", changes=True, rank=2),
    Action("findings.known", "acknowledged", "acknowledged", "All that was acknowledged: who, until when, up to what.",
           Group.FINDINGS, Scope.FINDINGS, "A", rank=9),
    Action("findings.camera", "go_to_camera", "camera", "To that camera.",
           Group.FINDINGS, Scope.FINDINGS, "c", rank=3, instead="view.capacity"),
    Action("findings.log", "go_to_log", "log", "To its log, at the newest of these lines.",
           Group.FINDINGS, Scope.FINDINGS, "l", rank=3),
    Action("findings.restart", "restart_camera", "restart", "Restart that camera; asks first.",
           Group.FINDINGS, Scope.FINDINGS, "r", changes=True, rank=4),
    Action("findings.bundle", "bundle", "bundle", "One masked file about that camera for a bug report; asks where.",
           Group.FINDINGS, Scope.FINDINGS, "x", changes=True, rank=7),
    Action("findings.filter", "filter_findings", "filter",
           "Show only what contains a text; with ! in front, only what does not.",
           Group.FINDINGS, Scope.FINDINGS, "slash", rank=6),
    Action("findings.one", "one_or_all", "one camera", "Only of the camera of this row, or of all again.",
           Group.FINDINGS, Scope.FINDINGS, "tab", rank=8),
    Action("findings.previous", "step(-1)", "previous", "To the finding above, also while its text is read.",
           Group.FINDINGS, Scope.FINDINGS, "left_square_bracket"),
    Action("findings.next", "step(1)", "next", "To the finding below, also while its text is read.",
           Group.FINDINGS, Scope.FINDINGS, "right_square_bracket"),
    Action("first.add", "add_camera", "add a camera", "Record one of yours; its rtsp:// address will do.",
           Group.FIRST, Scope.FIRST, "a", changes=True),
    Action("first.demo", "demo", "demo", "Two simulated cameras, recorded and shown.",
           Group.FIRST, Scope.FIRST, "d"),
    Action("first.docs", "docs", "documentation", "What vmstui is and does, in $PAGER.",
           Group.FIRST, Scope.FIRST, "o"),
    Action("dialog.take", "take", "take", "Take what is chosen; closes what only tells something.",
           Group.DIALOG, Scope.DIALOG, "enter"),
    Action("dialog.yes", "answer(True)", "yes", "Yes, do it.", Group.DIALOG, Scope.DIALOG, "y"),
    Action("dialog.no", "answer(False)", "no", "No, leave it.", Group.DIALOG, Scope.DIALOG, "n"),
    Action("dialog.other", "other", "other button", "To the other button of a question.",
           Group.DIALOG, Scope.DIALOG, "left,right,up,down,h,l"),
    Action("dialog.before", "turn(-1)", "before", "The choice before, in a row of them.",
           Group.DIALOG, Scope.DIALOG, "left,h"),
    Action("dialog.after", "turn(1)", "after", "The choice after, in a row of them.",
           Group.DIALOG, Scope.DIALOG, "right,l,space"),
    Action("dialog.copy", "copy", "copy", "Copy the path that is told.", Group.DIALOG, Scope.DIALOG, "y"),
    Action("field.previous", "other(-1)", "field above", "To the field above.",
           Group.DIALOG, Scope.FIELD, "up,shift+tab"),
    Action("field.next", "other(1)", "field below", "To the field below.", Group.DIALOG, Scope.FIELD, "down,tab"),
    Action("field.kind", "other", "search or filter", "Make a search of the log a filter, and a filter a search.",
           Group.DIALOG, Scope.FIELD, "tab"),
    Action("field.literal", "literal", "as a text", "Take an expression as a text, and a text as an expression.",
           Group.DIALOG, Scope.FIELD, "ctrl+r"),
    Action("palette.up", "move(-1)", "up", "To the command above.", Group.DIALOG, Scope.FIELD, "up,ctrl+p"),
    Action("palette.down", "move(1)", "down", "To the command below.", Group.DIALOG, Scope.FIELD, "down,ctrl+n"),
    Action("palette.complete", "complete", "complete", "Take the command that is marked into the field, to type on.",
           Group.DIALOG, Scope.FIELD, "tab"),
    Action("recorder.leave", "leave", "leave", "Leave the dashboard. Recording goes on.",
           Group.RECORDER, Scope.APP, "q", rank=1, verb="leave"),
    Action("recorder.suspend", "suspend", "to the shell", "Back to the shell; `fg` comes back. Recording goes on.",
           Group.RECORDER, Scope.APP, "ctrl+z", changes=True, verb="suspend"),
    Action("recorder.stop", "stop_recording", "stop all", "Stop recording everything and end the service; asks first.",
           Group.RECORDER, Scope.APP, "Q", changes=True, rank=10, verb="shutdown"),
)  # fmt: skip


_BY_ID = {action.id: action for action in ACTIONS}
_BY_CALL = {action.call.partition("(")[0]: action for action in reversed(ACTIONS)}
"""Of several that differ by their arguments the first."""
_own_keys: dict[str, tuple[str, ...]] = {}
"""Keys that a person gave actions, by id; all others have those of the table."""


def use_keys(own: Mapping[str, tuple[str, ...]]) -> None:
    """From now on these actions have these keys (Textual's names), and all others their own."""
    _own_keys.clear()
    _own_keys.update(own)


def keys_of(action: str) -> tuple[str, ...]:
    """Textual's names of the keys in use, the one that is shown first; empty for an action without any."""
    own = _own_keys.get(action)
    return default_keys(action) if own is None else own


def default_keys(action: str) -> tuple[str, ...]:
    """Those of the table."""
    keys = _BY_ID[action].keys
    return tuple(keys.split(",")) if keys else ()


def key_of(action: str) -> str:
    """The key in use as a sentence names it: `l`, `enter`. Without one, what to type in the palette instead."""
    keys = keys_of(action)
    if keys:
        return word(keys[0])
    verb = _BY_ID[action].verb
    return f":{verb}" if verb else "(no key)"


def available(*, readonly: bool, actions: Iterable[Action] = ACTIONS) -> tuple[Action, ...]:
    """The actions a person has."""
    return tuple(action for action in actions if not (readonly and action.changes))


def bindings(scope: Scope) -> list[Binding]:
    """The Textual bindings of one place, with the keys to begin with; the app has those in use by their ids."""
    return [
        binding(action.id, action.call, action.words, show=bool(action.rank))
        for action in ACTIONS
        if action.scope is scope and action.keys
    ]


def binding(action: str, call: str, words: str = "", *, priority: bool = False, show: bool = False) -> Binding:
    """One that follows the keys of an action, for what means the same in another place: what leaves the dashboard
    closes a dialog."""
    from textual.binding import Binding  # here, as sentences with keys in them are made without Textual too

    keys = ",".join(default_keys(action))
    return Binding(keys, call, words or _BY_ID[action].words, id=action, show=show, priority=priority)


def shadowed(inner: Iterable[Action]) -> set[str]:
    """Ids of the actions whose shown key means something else while these are the ones nearest to the keys."""
    return {
        action.instead for action in inner if action.instead and {*keys_of(action.instead)[:1]} & {*keys_of(action.id)}
    }


def find(call: str) -> Action | None:
    """The action behind a Textual action name, if it is one of ours."""
    return _BY_CALL.get(call)
