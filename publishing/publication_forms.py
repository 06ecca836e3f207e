"""What a person may say when something goes live, is planned, rolled back or switched off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kit import time_zones
from kit.documents import digest
from publishing.promotions import CHECK_LENGTH, MOST_CHECKS, in_words


def note_field(help_text: str | Promise = "") -> forms.CharField:
    return forms.CharField(max_length=500, required=False, label=_("Note"), help_text=help_text)  # type: ignore[arg-type]


class ReviewForm(forms.Form):
    """Putting a release live: note, checklist, when. A tick is bound to its sentence, wherever in the list that stands by now."""

    note = note_field(_("What changes for visitors, for those who read the history."))
    when = forms.ChoiceField(
        label=_("When?"),
        choices=[("now", _("Now")), ("later", _("At a time"))],
        widget=forms.RadioSelect,
        initial="now",
        required=False,
    )
    at = forms.CharField(
        label=_("Date and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    turn = forms.ChoiceField(
        label=_("The clocks go back on that day: which of the two?"), required=False, widget=forms.RadioSelect
    )
    warnings_seen = forms.BooleanField(label=_("I have read these warnings"), required=False)

    def __init__(self, *args: Any, zone: str, checklist: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.checklist = checklist
        #: The time that was typed comes twice on its day.
        self.twice = False
        names = sorted(time_zones.names())
        self.fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in names]  # type: ignore[attr-defined]
        self.fields["time_zone"].initial = zone
        self.fields["turn"].choices = [("first", ""), ("second", "")]  # type: ignore[attr-defined]
        for sentence in checklist:
            self.fields[_check(sentence)] = forms.BooleanField(label=sentence, required=False)

    @property
    def checks(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("check_")]

    @property
    def ticked(self) -> set[int]:
        return {
            place for place, sentence in enumerate(self.checklist) if self.cleaned_data.get(_check(sentence))
        }

    def ask_for_ticks(self, *, warnings: bool) -> None:
        """Say at each box that has to be ticked that it is not; all of them at once. Call it on a form that was sent."""
        self.is_valid()
        ticked = {name for name, value in self.cleaned_data.items() if value}
        if warnings and "warnings_seen" not in ticked:
            self.add_error("warnings_seen", _("Say that you have read them."))
        for sentence in self.checklist:
            if _check(sentence) not in ticked:
                self.add_error(_check(sentence), _("Every point of the checklist has to be ticked."))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data["moment"] = None
        if data.get("when") == "later":
            try:
                local = datetime.fromisoformat(data.get("at", ""))
            except ValueError:
                self.add_error("at", _("Say when: a date and a time."))
                return data
            zone = ZoneInfo(data.get("time_zone") or self.zone)
            moment = local.replace(tzinfo=zone) if local.tzinfo is None else local
            if local.tzinfo is None:
                moment = self._one_of_two(moment, data.get("turn", ""))
            if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
                self.add_error("at", _("The clocks leap over this time on that day; choose another."))
            elif moment <= timezone.now():
                self.add_error("at", _("This time has passed already."))
            data["moment"] = moment
            data["time_zone"] = zone.key
        return data

    def _one_of_two(self, moment: datetime, turn: str) -> datetime:
        """Of an hour that comes twice, the one that was meant: nobody is left to guess."""
        first, second = moment.replace(fold=0), moment.replace(fold=1)
        # In the hour that is leapt over it is the second that lies earlier.
        if second.utcoffset() == first.utcoffset() or second.astimezone(UTC) < first.astimezone(UTC):
            return moment
        self.twice = True
        self.fields["turn"].choices = [("first", in_words(first)), ("second", in_words(second))]  # type: ignore[attr-defined]
        if not turn:
            self.add_error("turn", _("This time comes twice on that day; say which one you mean."))
        return second if turn == "second" else first


def _check(sentence: str) -> str:
    """The name of the box for one sentence of a checklist."""
    return f"check_{digest(sentence)[:12]}"


class RulesForm(forms.Form):
    """How releases of a channel go live."""

    live_on_save = forms.BooleanField(
        label=_("Publish to live on save"),
        required=False,
        help_text=_("Every save reaches visitors at once, without a look at it in test."),
    )
    four_eyes = forms.BooleanField(
        label=_("A second person approves"),
        required=False,
        help_text=_("Whoever asks for a release to go live cannot approve it."),
    )
    checklist = forms.CharField(
        label=_("Checklist"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One sentence per line, to be ticked before a release goes live."),
    )

    def clean_checklist(self) -> list[str]:
        lines = [" ".join(line.split()) for line in self.cleaned_data["checklist"].splitlines()]
        lines = [line for line in lines if line]
        if len(lines) > MOST_CHECKS or any(len(line) > CHECK_LENGTH for line in lines):
            raise forms.ValidationError(
                _("At most %(most)s lines of %(length)s characters."),
                params={"most": MOST_CHECKS, "length": CHECK_LENGTH},
            )
        return lines

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("live_on_save") and (data.get("four_eyes") or data.get("checklist")):
            self.add_error(
                "live_on_save",
                _(
                    "Publishing on save leaves no time for a second person or a checklist: choose one of them."
                ),
            )
        return data


class RollBackForm(forms.Form):
    note = note_field()


class SwitchForm(forms.Form):
    hidden = forms.BooleanField(required=False)
    scripts_off = forms.BooleanField(required=False)
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)
    seen = forms.IntegerField(required=False)
