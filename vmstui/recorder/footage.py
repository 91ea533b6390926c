"""What a service knows and does about footage once it is recorded: the catalogue, room for more, how much there is.

Puts `Cataloguer` and `Keeper`, each with a thread of its own, between the cameras and the recordings folder; an
`Accountant` tells who asks how much was recorded. Made by
the service, which starts it once its cameras are taken over.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vmstui.codec import Json
from vmstui.ffmpeg.inspect import MediaInfo, inspect_media
from vmstui.footage import Segment
from vmstui.logged import LogLevel
from vmstui.model import Event
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.cataloguer import Cataloguer, Folder
from vmstui.recorder.context import Context
from vmstui.recorder.downtime import read_alive
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.history import EVENTS_KEPT
from vmstui.recorder.keeper import Keeper, ended
from vmstui.recorder.process import boot_id
from vmstui.recorder.resources import Resources
from vmstui.recording.catalogue import FILE_NAME
from vmstui.recording.fill import FOUND_TOLD
from vmstui.settings.names import camera_folder

if TYPE_CHECKING:
    from vmstui.recorder.accountant import Accountant, Seen

STOP_S = 5.0
CATCH_UP_AFTER_S = 5.0
"""First all workers are taken over."""


class Footage:
    """Of one service. `say` takes a line for the service's own log, on the loop."""

    def __init__(
        self, context: Context, fleet: Fleet, resources: Resources, say: Callable[[LogLevel, str], None]
    ) -> None:
        self._context = context
        self._fleet = fleet
        self._say = say
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False
        self.cataloguer = Cataloguer(
            context.state_folder, boot_id(), self._folder, self._events_of, self._told, self._found
        )
        self._keeper = Keeper(
            context.settings,
            context.guard,
            lambda: self.cataloguer.catalogue,
            self._note,
            self._warn,
            alive=read_alive(context.state_folder),
            clock=context.clock,
            no_room=self.cataloguer.no_room,
        )
        self._accountant: Accountant | None = None
        resources.free_now = self._keeper.free_now
        context.published = self.cataloguer.published

    def start(self) -> None:
        """From now on, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self.cataloguer.start(after_s=CATCH_UP_AFTER_S)
        self._keeper.start()

    async def stop(self) -> None:
        """Bring what is handed over to its place, if that can be done soon."""
        if self._stopped:
            return
        self._stopped = True
        await self._keeper.stop()
        stopping = threading.Thread(target=self.cataloguer.stop, args=(STOP_S,), name="end of catalogue", daemon=True)
        stopping.start()
        await ended(stopping, STOP_S)

    def configure(self) -> None:
        """The settings of the context changed."""
        self._keeper.configure(self._context.settings)

    async def report(self) -> Json:
        """How much was recorded today and in the last day: a `FootageReport` as it goes over the socket."""
        if self._accountant is None:
            from vmstui.recorder.accountant import Accountant  # here, as nobody asks where no dashboard is open

            self._accountant = Accountant(self._context.state_folder / FILE_NAME, self._seen)
        return await self._accountant.report(self._context.zone)

    # -- on the loop --------------------------------------------------------------------------------------------------

    def _seen(self) -> list[Seen]:
        from vmstui.recorder.accountant import seen

        return [seen(camera) for camera in self._fleet.cameras.values()]

    def _note(self, event: Event) -> None:
        camera = self._fleet.cameras.get(event.camera)
        if camera is None:  # footage of a camera that is not configured any more
            self._say(LogLevel.INFO, f"{event.camera}: {event.text}")
        else:
            camera.note(
                event.kind,
                event.text,
                rule=event.rule,
                measured=event.measured,
                threshold=event.threshold,
                outcome=event.outcome,
            )

    def _warn(self, text: str) -> None:
        self._say(LogLevel.WARNING, text)

    # -- in the thread of the catalogue -------------------------------------------------------------------------------

    def _told(self, text: str) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._warn, text)

    def _found(self, segments: Sequence[Segment]) -> None:
        """Of one camera; also what was only not handed over yet."""
        worker = self._fleet.cameras.get(segments[0].camera)
        if worker is None:
            return
        noted = {segment.path for segment in worker.segments.read(2 * FOUND_TOLD)}
        missing = [segment for segment in segments if segment.path not in noted]
        if missing:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(worker.found, missing)

    def _events_of(self, camera: str) -> Sequence[Event]:
        worker: CameraWorker | None = self._fleet.cameras.get(camera)
        return worker.events.read(EVENTS_KEPT) if worker is not None else ()

    def _folder(self) -> Folder | None:
        abilities, settings = self._context.abilities, self._context.settings
        if abilities is None or not self._context.folder_is_ours.is_set():
            return None
        ffmpeg = abilities.binary.path

        def inspect(path: str) -> MediaInfo:
            return inspect_media(ffmpeg, path)

        folders = {camera_folder(camera): camera.id for camera in settings.cameras}
        folder_id = self._context.guard.id_of(settings.recordings)
        if not folder_id:
            return None
        return Folder(folder_id, Path(settings.recordings), folders, inspect, self._context.zone)
