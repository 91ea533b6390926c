"""Cameras are added, changed and removed: one dialog after the other, and then the camera is followed to its footage.

For the dashboard and for the first screen, which has no recorder yet. All that is asked, written and reloaded is done
by commands (`screens.adding`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.message_pump import MessagePump

from vmstui.model import CameraState, RecorderSnapshot
from vmstui.sanitise import clean
from vmstui.tui.child import told

# The dialogs are imported where they are opened: few ever are.
if TYPE_CHECKING:
    from vmstui.tui.screens.adding import Chosen, Entered


class CameraDesk:
    """Of one screen."""

    def __init__(
        self, host: MessagePump, config: Callable[[], str], added: Callable[[str], None] = lambda camera: None
    ) -> None:
        """`host` is part of the app, `config` the file in use; `added` is told of a camera that was added."""
        self._host, self._config, self._added = host, config, added
        self._awaited: dict[str, bool] = {}
        """Cameras that were added and have not been seen to record yet, and whether they were seen at all."""

    def add(self, entered: Entered | None = None, trouble: str = "") -> None:
        """Ask where it is."""
        from vmstui.tui.screens.adding import AddressForm, Entered

        if not self._config():
            self._host.app.notify(
                "The recorder has not told yet which configuration it records by.", severity="warning"
            )
            return

        def typed(found: Any) -> None:
            if isinstance(found, Entered):
                self._look(found)

        self._host.app.push_screen(AddressForm(entered, trouble), typed)

    def _look(self, entered: Entered) -> None:
        from vmstui.tui.screens.adding import CameraForm, Chosen

        def chosen(found: Any) -> None:
            if isinstance(found, Chosen):
                self._review("Add a camera", found, lambda: self._look(entered))
            elif isinstance(found, str):
                self.add(entered, found)

        self._host.app.push_screen(CameraForm(self._config(), entered), chosen)

    def edit(self, camera: str, name: str) -> None:
        """Ask what is to be another."""

        async def ask() -> None:
            found = await told(self._config(), "edit", camera, "--dry-run")
            if not found.get("ok"):
                self._host.app.notify(clean(str(found.get("error", ""))), severity="error", timeout=12)
                return
            self._form(camera, name, found)

        self._host.app.run_worker(ask(), group="edit", exclusive=True)

    def _form(self, camera: str, name: str, found: dict[str, Any]) -> None:
        from vmstui.tui.screens.adding import Chosen, EditForm

        def chosen(given: Any) -> None:
            if isinstance(given, Chosen):
                self._review(f"Edit {name}", given, lambda: self._form(camera, name, found))

        now = found.get("now")
        profiles = [str(profile) for profile in found.get("profiles", [])]
        self._host.app.push_screen(EditForm(camera, name, now if isinstance(now, dict) else {}, profiles), chosen)

    def remove(self, camera: str, name: str) -> None:
        """Show what that means, and ask."""
        from vmstui.tui.screens.adding import Chosen

        self._review(f"Record {name} no longer?", Chosen(("remove", camera)), lambda: None)

    def _review(self, title: str, chosen: Chosen, back: Callable[[], None]) -> None:
        from vmstui.tui.screens.adding import Review

        def done(found: Any) -> None:
            if isinstance(found, dict):
                self._is_done(chosen.arguments[0], found)
            elif found is not None:
                back()

        self._host.app.push_screen(Review(self._config(), title, chosen), done)

    def _is_done(self, verb: str, found: dict[str, Any]) -> None:
        camera = str(found.get("camera", ""))
        lines = [clean(str(line)) for line in found.get("lines", [])]
        self._host.app.notify("\n".join([f"{clean(str(found.get('what')))}.", *lines]), timeout=10)
        if verb == "add":
            self.follow(camera)
            self._added(camera)

    def follow(self, camera: str) -> None:
        """A camera was added: show it once it is there, and tell when it records."""
        self._awaited[camera] = False

    def look(self, snapshot: RecorderSnapshot) -> tuple[str | None, list[str]]:
        """What became of cameras that were added: one that is there now, and sentences for those that record."""
        arrived: str | None = None
        sentences: list[str] = []
        for camera in snapshot.cameras:
            if camera.id not in self._awaited:
                continue
            if not self._awaited[camera.id]:
                self._awaited[camera.id], arrived = True, camera.id
            if camera.state is CameraState.RECORDING and camera.open_segment is not None:
                del self._awaited[camera.id]
                sentences.append(f"{camera.name} records, PID {camera.pid}: {camera.open_segment.name}.")
        return arrived, sentences
