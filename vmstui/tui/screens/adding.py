"""A camera is added, or changed: where it is, what it sends, what it is called; then the change of the file is shown.

Three dialogs one after the other (`camera_desk`). What is asked for is done by `vmstui probe`, `add` and `edit`, in
processes of their own: nothing waits for a camera here, and esc ends what looks at one. A password that is pasted with
an address leaves the address at once for a field that does not show it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Paste
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from vmstui.sanitise import clean
from vmstui.settings.addresses import CAMERA_ADDRESS, CameraAddress, pasted, shown_address
from vmstui.settings.values import Refused
from vmstui.tui.actions import binding, key_of
from vmstui.tui.child import told
from vmstui.tui.format import wrap
from vmstui.tui.screens.acknowledge import LABEL, Choice
from vmstui.tui.screens.dialog import Dialog

PASTED = 4
"""So many characters at once were not typed."""
BOX, AROUND = 72, 12
"""Cells of a dialog, and its lines that are none of its text: frame, title, what is wrong, keys."""
EXAMPLE = "rtsp://192.0.2.10:554/Streaming/Channels/101"


@dataclass(frozen=True, slots=True)
class Entered:
    """An address with its login."""

    address: CameraAddress

    @property
    def whole(self) -> str:
        """As commands read it; with the password, so for a pipe only."""
        scheme, _, rest = self.address.url.partition("://")
        login = quote(self.address.username or "", safe="")
        if self.address.password:
            login += f":{quote(self.address.password, safe='')}"
        return f"{scheme}://{login}@{rest}" if login else self.address.url

    @property
    def shown(self) -> str:
        """As it may be seen."""
        return shown_address(self.address.url)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a command is to be told."""

    arguments: tuple[str, ...]
    listens: str = field(default="", repr=False)
    """An address with its login, or nothing."""


class Hidden(Input):
    """A field that does not show what is typed."""

    @property
    def _value(self) -> Text:
        """Textual's way to draw a password, in ASCII where the terminal has no more."""
        if self.app.has_class("-ascii"):
            return Text("*" * len(self.value), no_wrap=True, overflow="ignore", end="")
        return super()._value


class AddressInput(Input):
    """An address; what is pasted with a login in it is taken apart before any of it is drawn."""

    def _on_paste(self, event: Paste) -> None:
        form = self.screen
        if "@" in event.text and isinstance(form, AddressForm) and form._take_apart(event.text.strip()):
            event.stop()
            event.prevent_default()


class Form(Dialog[Any]):
    """Fields below each other; arrows and tab go from one to the next, enter takes them all, esc leaves them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", "leave it", priority=True),
        Binding("enter", "take", "go on", priority=True),
        binding("field.previous", "other(-1)", priority=True),
        binding("field.next", "other(1)", priority=True),
    ]

    wrong = ""

    def field(self, label: str, value: str, id: str, *, hidden: bool = False, hint: str = "") -> Widget:  # noqa: A002
        """One field, with its label before it."""
        kind = Hidden if hidden else AddressInput if id == "adding-url" else Input
        return Horizontal(
            Static(self.drawn(f" {label:<{LABEL}}"), classes="known-label"),
            kind(value, placeholder=hint, id=id, classes="form-field", compact=True, password=hidden),
            classes="known-field",
        )

    def value(self, id: str) -> str:  # noqa: A002
        """Of a field."""
        return self.query_one(f"#{id}", Input).value

    def say(self, wrong: str) -> None:
        """What cannot be taken, and why."""
        self.wrong = wrong
        self.query_one("#dialog-wrong", Static).update(self.drawn(wrong))

    def hint(self, words: str) -> None:
        """Which keys do what."""
        self.query_one("#dialog-hint", Static).update(self.drawn(words))

    def action_other(self, by: int) -> None:
        """Key."""
        self.focus_next() if by > 0 else self.focus_previous()

    def action_drop(self) -> None:
        """Key."""
        self.dismiss(None)

    def action_take(self) -> None:
        """Key."""
        raise NotImplementedError


class AddressForm(Form):
    """Where the camera is. Dismisses with `Entered`, or None."""

    AUTO_FOCUS = "#adding-url"

    def __init__(self, entered: Entered | None = None, trouble: str = "") -> None:
        """`entered` is what was typed before, with `trouble` as what came of it."""
        super().__init__("Add a camera", "Paste its RTSP address. A login in it goes into the fields below, unseen.")
        self._before = entered.address if entered is not None else CameraAddress("")
        self._trouble = trouble
        self._length = len(self._before.url)

    def below(self) -> ComposeResult:
        """Three fields."""
        yield Static("", classes="form-space")
        yield self.field("address", self._before.url, "adding-url", hint=EXAMPLE)
        yield self.field("user", self._before.username or "", "adding-user")
        yield self.field("password", self._before.password or "", "adding-password", hidden=True)
        yield Static(self.drawn(self._trouble), id="dialog-wrong")
        yield Static(self.drawn("enter looks at the camera   esc leaves it"), id="dialog-hint")

    @on(Input.Changed, "#adding-url")
    def _taken_apart(self, event: Input.Changed) -> None:
        grown, self._length = len(event.value) - self._length, len(event.value)
        if grown >= PASTED and "@" in event.value:
            self._take_apart(event.value)

    def _take_apart(self, text: str) -> CameraAddress | None:
        """The login leaves the address; None where it is none."""
        try:
            address = pasted(text)
        except Refused as refused:
            hint = f" ({refused.hint})" if refused.hint else ""
            self.say(f"found {refused.found}{hint}, accepted {CAMERA_ADDRESS.accepted}")
            return None
        if address.username or address.password:
            self.query_one("#adding-user", Input).value = address.username or ""
            self.query_one("#adding-password", Input).value = address.password or ""
        self._length = len(address.url)
        self.query_one("#adding-url", Input).value = address.url
        self.say("")
        return address

    def action_take(self) -> None:
        """Key."""
        address = self._take_apart(self.value("adding-url"))
        if address is not None:
            login = self.value("adding-user") or None, self.value("adding-password") or None
            self.dismiss(Entered(CameraAddress(address.url, *login, address.secret_inside)))


class ProfileChoice(Choice):
    """One of the profiles; tells when it is another one."""

    class Turned(Message):
        """Another one."""

    def action_turn(self, by: int) -> None:
        """Key."""
        super().action_turn(by)
        self.post_message(self.Turned())


class CameraForm(Form):
    """What the camera sends, what it is called and which profile it has. Dismisses with `Chosen`, a text that says what
    went wrong (to go back with), or None."""

    AUTO_FOCUS = "#adding-name"

    def __init__(self, config: str, entered: Entered) -> None:
        super().__init__("Add a camera", f"{entered.shown}\nlooking at it…")
        self._config, self._entered = config, entered
        self._offers: list[dict[str, Any]] = []
        self._new_file = False
        self._failed = ""
        self._began_s = time.monotonic()
        self.looked = False

    def below(self) -> ComposeResult:
        """Two fields, once it was looked at."""
        yield Static("", classes="form-space")
        yield Horizontal(id="adding-rest")
        yield Static("", id="adding-profile-told")
        yield Static("", id="dialog-wrong")
        yield Static(self.drawn("esc ends it"), id="dialog-hint")

    def on_mount(self) -> None:
        """Begin."""
        self.run_worker(self._look(), group="probe", exclusive=True)
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        if not self.looked:
            self._write(f"looking at it… {time.monotonic() - self._began_s:.0f} s")

    async def _look(self) -> None:
        found = await told(self._config, "probe", "-", listens=self._entered.whole)
        self.looked = True
        if found.get("config"):
            self.dismiss(str(found["config"]))
            return
        said = clean(str(found.get("summary", "")))
        if not found.get("ok"):
            remedy = f": {clean(str(found['remedy']))}" if found.get("remedy") else ""
            self._failed = clean(str(found.get("error", ""))) + remedy
            if not found.get("name"):
                self.dismiss(self._failed)
                return
        if same := found.get("same"):
            said += f"\nIt is recorded already, as {clean(', '.join(map(str, same)))}."
        self._offers = [offer for offer in found.get("profiles", []) if isinstance(offer, dict)]
        self._write(said or self._failed)
        await self._show_fields(clean(str(found.get("name", ""))), clean(str(found.get("recordings", ""))))

    async def _show_fields(self, name: str, recordings: str) -> None:
        names = [str(offer.get("name")) for offer in self._offers] or ["source"]
        best = next((at for at, offer in enumerate(self._offers) if offer.get("suggested")), 0)
        self._profile = ProfileChoice("profile", names, best, id="adding-profile")
        fields = [self.field("name", name, "adding-name"), self._profile]
        self._new_file = bool(recordings)
        if self._new_file:  # the first camera of a new configuration
            fields.insert(1, self.field("record to", recordings, "adding-recordings"))
        with self.app.batch_update():
            await self.query_one("#dialog").mount_all(fields, before="#adding-rest")
            await self.query_one("#adding-rest").remove()
            self._tell_profile()
        self.query_one("#adding-name", Input).focus()
        if self._failed:
            self.hint("enter adds it all the same   esc goes back to the address")
        else:
            keys = f"{key_of('dialog.before')} {key_of('dialog.after')} profile"
            self.hint(f"enter shows what changes in the file   {keys}   esc goes back")

    @on(ProfileChoice.Turned)
    def _tell_profile(self) -> None:
        index = self._profile.index
        offer = self._offers[index] if index < len(self._offers) else {}
        words = "; ".join(str(offer[key]) for key in ("makes", "costs") if offer.get(key))
        self.query_one("#adding-profile-told", Static).update(self.drawn(clean(words)))

    def _write(self, words: str) -> None:
        self._text = f"{self._entered.shown}\n{words}"
        self.query_one("#dialog-text", Static).update(self.drawn(self._text))

    def action_drop(self) -> None:
        """Key: back to the address, with what was wrong with it."""
        self.dismiss(self._failed)

    def action_take(self) -> None:
        """Key."""
        if not self.looked:
            return
        name = self.value("adding-name").strip()
        if not name:
            self.say("A camera needs a name; its files are called by it.")
            return
        arguments = ["add", "-", f"--name={name}", f"--profile={self._profile.options[self._profile.index]}"]
        if self._new_file:
            arguments.append(f"--recordings={self.value('adding-recordings').strip()}")
        self.dismiss(Chosen(tuple(arguments), self._entered.whole))


class EditForm(Form):
    """Another name, profile, limit or address of a camera. Dismisses with `Chosen`, or None."""

    AUTO_FOCUS = "#edit-name"

    def __init__(self, camera: str, name: str, now: dict[str, Any], profiles: Sequence[str]) -> None:
        """`now` is what is written of it."""
        super().__init__(f"Edit {name}", "What is left empty of address and login stays as it is.")
        self._camera = camera
        retention = now.get("retention")
        limits = retention if isinstance(retention, dict) else {}
        self._now = {"name": str(now.get("name", camera)), "days": str(limits.get("days", "")),
                     "max_size": str(limits.get("max_size", ""))}  # fmt: skip
        used = str(now.get("profile", "source"))
        self._profiles = list(profiles) or [used]
        self._profile = Choice("profile", self._profiles, self._profiles.index(used), id="edit-profile")
        self._used = used

    def below(self) -> ComposeResult:
        """The fields."""
        yield Static("", classes="form-space")
        yield self.field("name", self._now["name"], "edit-name")
        yield self._profile
        yield self.field("days", self._now["days"], "edit-days", hint="as for all cameras")
        yield self.field("max size", self._now["max_size"], "edit-max_size", hint="no limit of its own")
        yield self.field("address", "", "edit-url", hint="as it is")
        yield self.field("user", "", "edit-user", hint="as it is")
        yield self.field("password", "", "edit-password", hidden=True, hint="as it is")
        yield Static("", id="dialog-wrong")
        yield Static(self.drawn("enter shows what changes in the file   esc leaves it"), id="dialog-hint")

    @on(Input.Changed, "#edit-url")
    def _taken_apart(self, event: Input.Changed) -> None:
        if "@" not in event.value:
            return
        try:
            address = pasted(event.value)
        except Refused:
            return
        if address.password and self.query_one("#edit-url", Input).value == event.value:
            self.query_one("#edit-user", Input).value = address.username or ""
            self.query_one("#edit-password", Input).value = address.password
            self.query_one("#edit-url", Input).value = address.url

    def action_take(self) -> None:
        """Key."""
        arguments, listens = ["edit", self._camera], ""
        if (name := self.value("edit-name").strip()) and name != self._now["name"]:
            arguments.append(f"--name={name}")
        if (profile := self._profiles[self._profile.index]) != self._used:
            arguments.append(f"--profile={profile}")
        for key, option in (("days", "--days"), ("max_size", "--max-size")):
            if (value := self.value(f"edit-{key}").strip()) != self._now[key]:
                arguments.append(f"{option}={value or 'none'}")
        user, password = self.value("edit-user"), self.value("edit-password")
        if typed := self.value("edit-url").strip():
            try:
                address = pasted(typed)
            except Refused as refused:
                self.say(f"found {refused.found}, accepted {CAMERA_ADDRESS.accepted}")
                return
            listens = Entered(CameraAddress(address.url, user or None, password or None)).whole
            arguments.append("--url=-")
        elif user or password:
            if not password:
                self.say("A user needs a password; type that as well.")
                return
            arguments += [*([f"--username={user}"] if user else []), "--password"]
            listens = password
        if len(arguments) == 2:
            self.dismiss(None)
            return
        self.dismiss(Chosen(tuple(arguments), listens))


class Review(Dialog[dict[str, Any] | str | None]):
    """Shows what would change in the file, and does it when told so. Dismisses with what was done, the empty text to go
    back, or None where nothing came of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("dialog.yes", "agree"),
        binding("dialog.no", "leave"),
        binding("recorder.leave", "leave", "no"),
        binding("view.back", "back"),
        binding("dialog.take", "take"),
    ]

    def __init__(self, config: str, title: str, chosen: Chosen) -> None:
        super().__init__(title, "what would change is worked out…")
        self._config, self._chosen = config, chosen
        self._plan: dict[str, Any] = {}
        self._busy = True

    @property
    def ready(self) -> bool:
        """Whether it can be agreed to."""
        return bool(self._plan.get("ok")) and not self._busy

    def below(self) -> ComposeResult:
        """A hint."""
        yield Static("", id="dialog-wrong")
        yield Static("", id="dialog-hint")

    def on_mount(self) -> None:
        """Begin."""
        self.run_worker(self._look(), group="review", exclusive=True)

    async def _look(self, wrong: str = "") -> None:
        plan = await told(self._config, *self._chosen.arguments, "--dry-run", listens=self._chosen.listens)
        self._busy, self._plan = False, plan
        if not plan.get("ok"):
            self._show("Nothing was changed.", clean(str(plan.get("error", ""))), "esc goes back")
            return
        lines = [clean(str(line)) for line in plan.get("diff", []) if not str(line).startswith("@@")]
        if not lines:
            self._plan = {}
            self._show("Nothing would change: all is as asked for.", "", "esc goes back")
            return
        text = self._told(plan, lines)
        if instead := plan.get("instead"):
            self._plan = {}
            self._show(text, clean(str(instead)), "esc goes back")
            return
        self._show(text, wrong, f"{key_of('dialog.yes')} writes it   {key_of('dialog.no')} leaves it   esc goes back")

    def _told(self, plan: dict[str, Any], diff: list[str]) -> str:
        """What it means first, and of the change of the file as much as there is room for."""
        cells = max(min(self.app.size.width, BOX) - 6, 20)
        folder = os.path.dirname(str(plan.get("file")))
        above = [f"{plan.get('what')}.", *map(str, plan.get("effects", [])), ""]
        above.append(f"{plan.get('file')}{' (new)' if plan.get('new_file') else ''}")
        below = []
        if plan.get("password_file"):
            below.append(f"+ {os.path.relpath(str(plan['password_file']), folder)}: the password, for its owner alone")
        if plan.get("gone"):
            below.append(f"- {os.path.relpath(str(plan['gone']), folder)}: a password that nothing needs any more")
        above, below = [clean(line) for line in above], [clean(line) for line in below]
        room = self.app.size.height - AROUND - sum(len(wrap(line, cells)) for line in (*above, *below))
        kept: list[str] = []
        for number, line in enumerate(diff):
            room -= len(wrap(line, cells))
            if room < (number + 1 < len(diff)) and kept:
                kept.append(f"… and {len(diff) - number} lines more")
                break
            kept.append(line)
        return "\n".join([*above, *kept, *below])

    def _show(self, text: str, wrong: str, hint: str) -> None:
        self._text = text
        for name, words in (("text", text), ("wrong", wrong), ("hint", hint)):
            self.query_one(f"#dialog-{name}", Static).update(self.drawn(words))

    def action_agree(self) -> None:
        """Key."""
        if self.ready:
            self._busy = True
            self.query_one("#dialog-hint", Static).update(self.drawn("writing…"))
            self.run_worker(self._write(), group="review", exclusive=True)

    async def _write(self) -> None:
        arguments = (*self._chosen.arguments, "--yes", f"--expect={self._plan.get('state')}")
        # Once begun it is not ended half way: who closes this screen does not end it.
        done = await asyncio.shield(told(self._config, *arguments, listens=self._chosen.listens))
        if done.get("ok"):
            self.dismiss(done)
        elif done.get("changed"):
            await self._look("The file was changed by somebody else meanwhile; this is the change now.")
        else:
            self._busy, self._plan = False, {}
            self._show("Nothing was changed.", clean(str(done.get("error", ""))), "esc goes back")

    def action_take(self) -> None:
        """Enter agrees to nothing by reflex; where there is nothing to agree to it closes."""
        if not self._busy and not self._plan.get("ok"):
            self.action_back()

    def action_back(self) -> None:
        """Key."""
        if not (self._busy and self._plan):
            self.dismiss("")

    def action_leave(self) -> None:
        """Key."""
        if not (self._busy and self._plan):
            self.dismiss(None)
