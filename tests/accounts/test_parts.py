"""The parts of a page: what the tags print, and that forms come out right by themselves."""

import pytest
from django import forms
from django.template import Context, Template


class NoteForm(forms.Form):
    kind = forms.ChoiceField(label="类型", choices=[("talk", "谈心"), ("other", "其他")], widget=forms.RadioSelect)
    text = forms.CharField(label="看到了什么", widget=forms.Textarea(attrs={"class": "yd-words"}), help_text="一句话")
    urgent = forms.BooleanField(label="需要关注", required=False)
    place = forms.CharField(label="地点", required=False)


def printed(source, **context):
    return Template(source).render(Context(context))


@pytest.mark.parametrize(("days", "words"), [(None, "未记"), (0, "今天"), (1, "1 天"), (26, "26 天")])
def test_days_since_noticed_are_words(days, words):
    assert printed("{% days_word days %}", days=days) == words


def test_a_students_avatar_empties_under_the_privacy_key_and_that_of_staff_does_not():
    assert "yd-name" in printed('{% avatar "沈清和" %}')
    assert "yd-name" not in printed('{% avatar "周敏" staff=True %}')


def test_each_name_in_a_row_wears_the_privacy_class_and_is_escaped():
    html = printed("{% names people %}", people=["沈清和", "<b>"])
    assert html == '<span class="yd-name">沈清和</span>、<span class="yd-name">&lt;b&gt;</span>'


@pytest.mark.parametrize(("part", "whole", "filled"), [(38, 45, 84), (0, 0, 0), (9, 5, 100)])
def test_a_ring_is_filled_by_attribute_and_never_beyond_full(part, whole, filled):
    html = printed("{% ring part whole %}", part=part, whole=whole)
    assert f'stroke-dasharray="{filled} 100"' in html
    assert "style" not in html


def test_a_tile_names_its_box_by_the_visible_name():
    html = printed('{% tile "id1" "沈清和" 26 "/s/" %}')
    assert 'aria-labelledby="n-id1"' in html
    assert html.count("沈清和") == 1  # none in an attribute, where the privacy key cannot reach


def test_a_field_ties_help_and_error_to_its_control():
    html = printed("{% field form.text %}", form=NoteForm({"text": ""}))
    assert 'aria-describedby="id_text_helptext id_text_error"' in html
    assert 'id="id_text_helptext"' in html
    assert 'id="id_text_error"' in html
    assert 'aria-invalid="true"' in html


def test_controls_get_their_class_once_together_with_their_own():
    html = printed("{{ form.text }}{{ form.urgent }}{{ form.place }}", form=NoteForm())
    assert html.count('class="form-control yd-words"') == 1
    assert html.count('class="form-check-input"') == 1
    assert html.count("class=") == 3


def test_what_was_typed_comes_back_with_the_error():
    html = printed("{{ form }}", form=NoteForm({"text": "他说<想家>", "kind": ""}))
    assert "他说&lt;想家&gt;" in html
    assert "这一项必填" in html


def test_choices_become_chips_with_the_icon_of_their_value():
    html = printed("{% chips form.kind %}", form=NoteForm({"kind": "talk"}))
    assert html.count('class="yd-chip"') == 2
    assert html.count("#i-message-circle") == 1
    assert html.count(" checked") == 1
    assert "<fieldset" in html


def test_only_optional_fields_say_so():
    form = NoteForm()
    assert "可不填" in printed("{% field form.place %}", form=form)
    assert "可不填" not in printed("{% field form.text %}", form=form)
