"""The keys of the log pane: ways through the lines, what is searched for and shown, copying."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from vmstui.tui.actions import Scope, bindings, key_of
from vmstui.tui.log_lines import Times
from vmstui.tui.log_ring import Rule, Threshold
from vmstui.tui.widgets.log_text import LogText

COPIED = 60_000
"""Characters that are copied at once: terminals take no more by OSC 52."""


class LogBody(LogText):
    """The lines, with keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.LOG)]

    @dataclass
    class Asked(Message):
        """A key that needs more than the lines."""

        verb: str

    def action_follow(self) -> None:
        """Key."""
        self.follow()

    def action_oldest(self) -> None:
        """Key."""
        if (row := self.view.at(0)) is not None:
            self.pause(row.number)
            self.set_scroll_y(0)
            self.refresh()

    def action_line(self, by: int) -> None:
        """Key: the cursor moves, and the text only where it must."""
        row = self.in_sight()
        if row is None or (self.following and by > 0):
            return
        if self.following or self.cursor is None:
            self.pause(row.number)
            self.refresh()
            return
        y = self.view.y_of(row.number)
        if by > 0:
            while (below := self.view.at(y)) is not None and below.number == row.number:
                y += 1
        target = self.view.at(y) if by > 0 else self.view.at(y - 1)
        if target is None:
            if by > 0:
                self.follow()
            return
        self.pause(target.number)
        self.bring_into_sight(target)

    def action_page(self, by: int) -> None:
        """Key."""
        top = self.scroll_offset.y + by * self.size.height
        if by > 0 and (self.following or top >= self.max_scroll_y):
            self.follow()
            return
        offset = self.view.y_of(self.cursor) - self.scroll_offset.y if self.cursor is not None else None
        top = max(top, 0)
        self.pause(None)
        self.set_scroll_y(top)
        if offset is not None and (row := self.view.at(top + min(max(offset, 0), self.size.height - 1))) is not None:
            self.cursor = row.number
        self.refresh()

    def action_threshold(self, threshold: int) -> None:
        """Key."""
        self.apply(Rule(Threshold(threshold), self.rule.pattern))

    def action_match(self, by: int) -> None:
        """Key: the next match, downwards or upwards."""
        current = self.current
        found = self.view.next_hit(current, down=by > 0) if current is not None else None
        if found is None:
            words = (
                f"Nothing that is shown matches {self.view.search.typed!r}."
                if self.view.search
                else f"{key_of('log.search')} searches."
            )
            self.notify(words)
            return
        number, self.wrapped_around = found
        self.go_to(number)

    def action_wrap(self) -> None:
        """Key."""
        self.wrapping = not self.wrapping
        if self.wrapping:
            self.scroll_to(x=0, animate=False, immediate=True, force=True)
        self.rearrange()

    def action_times(self) -> None:
        """Key."""
        order = list(Times)
        self.restyle(replace(self.looks, times=order[(order.index(self.looks.times) + 1) % len(order)]))

    def action_repeats(self) -> None:
        """Key."""
        self.view.folding = not self.view.folding
        self.restyle(replace(self.looks, counts=self.view.folding))

    def action_open_repeats(self) -> None:
        """Key."""
        row = self.in_sight()
        if row is None or not self.view.open_or_close(row.number):
            self.notify(f"There are no repeats to open here; {key_of('log.repeats')} folds them.")
            return
        number = row.first if row.count > 1 else row.number
        self.pause(number)
        self.extend()
        if (now := self.view.row_of(number)) is not None:
            self.bring_into_sight(now)

    def action_mark(self) -> None:
        """Key."""
        if (row := self.in_sight()) is not None:
            self.view.toggle_mark(row.number)
            self.refresh()

    def action_to_mark(self, by: int) -> None:
        """Key."""
        current = self.current
        mark = self.view.next_mark(current, down=by > 0) if current is not None else None
        if mark is None:
            self.notify(f"No line is marked; {key_of('log.mark')} marks the one at the cursor.")
        else:
            self.go_to(mark)

    def action_step(self, length_s: int, by: int) -> None:
        """Key: to the beginning of another minute or hour."""
        row = self.in_sight()
        number = self.view.step(row.number, length_s, self.looks.where, down=by > 0) if row is not None else None
        if number is not None:
            self.go_to(number)
        elif by > 0:
            self.follow()
        else:
            self.action_oldest()

    def action_copy(self) -> None:
        """Key: what is selected, the line at the cursor, or while following what is seen."""
        selected = self.screen.get_selected_text() if self.text_selection is not None else None
        if selected is None:
            if self.following:
                rows = (self.view.at(y + self.scroll_offset.y) for y in range(self.size.height))
                numbers = list(dict.fromkeys(row.number for row in rows if row is not None))
            else:
                numbers = [self.current] if self.current is not None else []
            selected = "\n".join(map(self.record_of, numbers))
        if not selected:
            self.notify("There is no line to copy yet.")
            return
        text = selected[:COPIED]
        self.app.copy_to_clipboard(text)
        lines = text.count("\n") + 1
        cut = " (the first of them: a terminal takes no more)" if len(selected) > COPIED else ""
        what = f"{lines} lines are" if lines > 1 else "1 line is"
        self.notify(f"{what} in the clipboard, if your terminal allows it (OSC 52){cut}.")

    def action_ask(self, verb: str) -> None:
        """Key: something for the screen."""
        self.post_message(self.Asked(verb))
