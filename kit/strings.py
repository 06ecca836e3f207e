"""The sentences that the console's scripts show; they reach the page as JSON, so that a script holds no language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def console_strings() -> dict[str, str]:
    """Key -> sentence in the language in force. Keys beginning with "cm-" are CodeMirror's own phrases."""
    return {
        "close": _("Close"),
        "copied": _("Copied"),
        "copy-failed": _("The browser did not allow copying. Select the text and copy it."),
        "pick-color": _("Pick a colour for “%(name)s”"),
        "palette-nothing": _("Nothing found. Try fewer letters."),
        "request-failed": _("Something went wrong on our side. Nothing was changed; please try again."),
        "request-forbidden": _("Your role does not allow this. Nothing was changed."),
        "request-gone": _("This is no longer there. Reload the page to see how things stand."),
        "request-offline": _(
            "The console cannot be reached. Check your connection; what you typed is still here."
        ),
        "request-slow-down": _("Too many requests at once. Wait a moment, then try again."),
        "save-signed-out": _(
            "Your session has ended, and nothing was saved. What you typed is still here: sign in in another tab, come back, and save."
        ),
        "save-signed-in": _("You are signed in again, and what you typed is still here. Save it now."),
        "save-gone": _(
            "Nothing was saved: what this page is about was deleted meanwhile, or is no longer open to you. What you typed is still here, to be copied."
        ),
        "save-forbidden": _(
            "Nothing was saved: your role does not allow this, or no longer does. What you typed is still here, to be copied."
        ),
        "sign-in-again": _("Sign in"),
        "editor-bytes": _("%(count)s B"),
        "editor-kilobytes": _("%(count)s KB"),
        "editor-size": _("%(size)s of %(most)s"),
        "editor-position": _("Line %(line)s, column %(column)s"),
        "editor-leave": _("Tab indents; Esc, then Tab leaves the editor"),
        "editor-fault": _("1 remark"),
        "editor-faults": _("%(count)s remarks"),
        "editor-syntax": _("The code cannot be read from here: something is missing or left open."),
        "editor-syntax-at": _("The code cannot be read at “%(text)s”."),
        "cm-Find": _("Find"),
        "cm-Replace": _("Replace with"),
        "cm-next": _("next"),
        "cm-previous": _("previous"),
        "cm-all": _("all"),
        "cm-match case": _("match case"),
        "cm-regexp": _("regular expression"),
        "cm-by word": _("whole words"),
        "cm-replace": _("replace"),
        "cm-replace all": _("replace all"),
        "cm-close": _("close"),
        "cm-current match": _("current match"),
        "cm-on line": _("on line"),
        "cm-replaced match on line $": _("replaced match on line $"),
        "cm-replaced $ matches": _("replaced $ matches"),
        "cm-Go to line": _("Go to line"),
        "cm-go": _("go"),
        "cm-Diagnostics": _("Remarks"),
        "cm-No diagnostics": _("No remarks"),
        "cm-Completions": _("Completions"),
        "cm-Selection deleted": _("Selection deleted"),
        "cm-Folded lines": _("Folded lines"),
        "cm-Unfolded lines": _("Unfolded lines"),
        "cm-folded code": _("folded code"),
        "cm-unfold": _("unfold"),
        "cm-Fold line": _("Fold line"),
        "cm-Unfold line": _("Unfold line"),
        "cm-to": _("to"),
        "cm-Control character": _("Control character"),
    }
