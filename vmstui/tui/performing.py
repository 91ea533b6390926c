"""What commands of the palette do: each by its action, over the parts of the dashboard. Called by the app."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import ACTIONS, Action, Argument, Scope
from vmstui.tui.arrange import Pane
from vmstui.tui.fleet_rows import ordered
from vmstui.tui.palette import LEVELS, MARKED, TIMES_S, World
from vmstui.tui.views import View
from vmstui.tui.widgets.log_pane import LogPane

if TYPE_CHECKING:
    from vmstui.tui.app import Dashboard

_OF_TABLE = {"table.sort", "table.hide", "table.show", "table.usual", "table.faults", "table.reverse"}
"""What changes how the table looks."""


def world(app: Dashboard) -> World:
    """What commands can be about now."""
    snapshot = app.picture.snapshot
    there = {action.id for action in app.actions}
    refused = {
        action.verb: "found a read-only dashboard, accepted only what looks"
        for action in ACTIONS
        if action.verb and action.id not in there
    }
    cameras = ordered(snapshot) if snapshot is not None else ()
    return World(app.actions, cameras, app.themes.names, len(app.fleet.table.marked), refused)


def perform(app: Dashboard, action: Action, argument: str, options: Mapping[str, str]) -> None:
    """Do it. Of a camera that is gone meanwhile it is said that it is."""
    if action.argument is Argument.CAMERA:
        if argument == MARKED:
            cameras, unseen = app.fleet.fleet_desk.meant()
        else:
            camera, unseen = app.picture.camera(argument), 0
            cameras = (camera,) if camera is not None else ()
        if not cameras:
            app.notify("That camera is no longer configured.", severity="warning")
        elif action.many:
            _of_many(app, action, cameras, unseen, options)
        else:
            _of_one(app, action, cameras[0], options)
        return
    desk = app.fleet.fleet_desk
    if action.id in _OF_TABLE:
        app.tour.go(View.FLEET)  # where its effect is seen
    match action.id:
        case "view.theme":
            app.choose_theme(argument)
        case "view.notices":
            app.choose_tell(argument)
        case "view.capacity":
            _capacity(app, options.get("profile"))
        case "table.sort":
            desk.sort(argument)
        case "table.hide":
            desk.hide(argument)
        case "table.show":
            desk.show_column(argument)
        case "table.usual":
            desk.usual()
        case "table.faults":
            desk.faults()
        case "table.reverse":
            desk.reverse()
        case "table.silences":
            desk.list_silences()
        case _ if action.scope is Scope.FLEET:
            app.call_next(app.fleet.run_action, action.call)
        case _ if action.scope is Scope.LOG:
            screen = app.tour.open_pane(Pane.LOG)
            app.call_after_refresh(screen.pane(LogPane).log_body.run_action, action.call)
        case _:
            app.call_next(app.run_action, action.call)


def _capacity(app: Dashboard, profile: str | None) -> None:
    from vmstui.capacity.words import Question  # here, as few ask
    from vmstui.tui.screens.capacity import CapacityScreen

    app.tour.go(View.CAPACITY)
    screen = app.view
    if profile is not None and isinstance(screen, CapacityScreen):
        screen.ask(Question(profile=profile))


def _of_many(
    app: Dashboard, action: Action, cameras: tuple[CameraSnapshot, ...], unseen: int, options: Mapping[str, str]
) -> None:
    wishes, desk = app.fleet.wishes, app.fleet.fleet_desk
    match action.id:
        case "camera.restart":
            wishes.restart(cameras, by_name=True, unseen=unseen)
        case "camera.start":
            wishes.start(cameras, by_name=True, unseen=unseen)
        case "camera.stop":
            wishes.stop(cameras, unseen=unseen)
        case "table.acknowledge":
            wishes.acknowledge(cameras, unseen=unseen)
        case "table.silence":
            for_s = TIMES_S[options.get("for", "8h")]
            desk.silence(cameras, timedelta(seconds=for_s) if for_s is not None else None)
        case "table.unsilence":
            desk.unsilence(cameras)


def _of_one(app: Dashboard, action: Action, camera: CameraSnapshot, options: Mapping[str, str]) -> None:
    fleet, tour = app.fleet, app.tour
    match action.id:
        case "camera.edit":
            fleet.camera_desk.edit(camera.id, camera.name)
        case "camera.remove":
            fleet.camera_desk.remove(camera.id, camera.name)
        case "camera.copy" | "view.details":
            tour.open_pane(Pane.DETAILS, camera.id)
        case "view.log":
            screen = tour.open_pane(Pane.LOG, camera.id)
            if level := options.get("level"):
                threshold = LEVELS.index(level)
                app.call_after_refresh(screen.pane(LogPane).log_body.action_threshold, threshold)
        case "view.charts":
            tour.open_pane(Pane.CHARTS, camera.id)
        case "camera.findings":
            tour.go(View.FINDINGS, camera.id)
            app.view.mean(camera.id)
        case "view.segments":
            tour.open_pane(Pane.SEGMENTS, camera.id)
        case "segments.still":
            fleet.still_of(camera)
        case "view.history":
            tour.open_pane(Pane.HISTORY, camera.id)
