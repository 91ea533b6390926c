"""The themes of a dashboard: which is shown to begin with, and what becomes of it while a person edits their own."""

from __future__ import annotations

import os
from typing import Any

from textual.app import App

from vmstui.settings.folders import THEMES_FOLDER, own_folder
from vmstui.settings.problems import first_of
from vmstui.tui import themes
from vmstui.tui.own_themes import OwnThemes
from vmstui.tui.theme_file import shipped_themes


class ThemeDesk:
    """Gives the app its themes."""

    def __init__(self, app: App[Any]) -> None:
        self._app, self._shipped = app, shipped_themes()
        self._own = OwnThemes(os.path.join(own_folder(), THEMES_FOLDER), self._shipped)
        self._awaited = ""
        """Wanted, and not there yet."""

    @property
    def names(self) -> list[str]:
        """Of all that there are."""
        return sorted({*self._app.available_themes, *self._shipped})

    def has(self, name: str) -> bool:
        """Whether there is such a theme; the app can show it from now on. To have it know all of them from the start
        takes longer than all else that is read then."""
        if name not in self._app.available_themes and name in self._shipped:
            theme = self._shipped[name].theme
            if theme is not None:
                self._app.register_theme(theme)
        return name in self._app.available_themes

    def begin(self, wanted: str | None, before: str = "") -> list[str]:
        """Show the theme that is wanted, else the one that was chosen `before`, else the usual one; what there is to
        say about it. Where no colour is wanted, none that was chosen before is."""
        app, news = self._app, self._own.first()
        for theme in news.themes:
            app.register_theme(theme)
        sentences = [f"Theme is left out: {first_of(news.problems)}"] if news.problems else []
        name = wanted or (themes.WITHOUT_COLOUR if os.environ.get("NO_COLOR") else before or themes.DEFAULT)
        if self.has(name):
            app.theme = name
        elif wanted or before:
            self._awaited = name
            if wanted:
                sentences.append(f"There is no theme {wanted!r}; `:theme` shows those there are.")
            else:
                sentences.append(f"The theme {before!r} that you chose is not there any more; this is the usual one.")
            app.theme = themes.DEFAULT if self.has(themes.DEFAULT) else app.theme
        return sentences

    def look(self) -> None:
        """What a person has saved is seen at once; what is broken then leaves the colours as they are."""
        app, news = self._app, self._own.look()
        if news is None:
            return
        for theme in news.themes:
            app.register_theme(theme)
        for name in news.gone:
            if name != app.theme:  # else it stays until another one is chosen
                app.unregister_theme(name)
        names = {theme.name for theme in news.themes}
        if self._awaited in names:
            app.theme, self._awaited = self._awaited, ""
        elif app.theme in names:
            app.mutate_reactive(App.theme)
        if news.problems:
            app.notify(f"Themes stay as they were: {first_of(news.problems)}", severity="warning", timeout=10)
