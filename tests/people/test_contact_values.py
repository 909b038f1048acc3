import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.people import contact_values
from helpdesk.people.contact_values import ContactValue


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Mei-Ling.Ho@Northline.EXAMPLE ", "mei-ling.ho@northline.example"),
        ("<ops@host_1.local>", "ops@host_1.local"),
        ("root@localhost", "root@localhost"),
        ("li@例子.公司", "li@xn--fsqu00a.xn--55qx5d"),
        ("jörg@münchen.example", "jörg@xn--mnchen-3ya.example"),
        ("monitor@[192.0.2.1]", "monitor@[192.0.2.1]"),
    ],
)
def test_an_address_has_one_form(typed, stored):
    assert contact_values.email(typed) == stored
    assert contact_values.email(stored) == stored


@pytest.mark.parametrize(
    "typed", ["", "nobody", "a b@example.com", "a@b..c", "@example.com", "a@", "a@b c", "a@@b"]
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(ValueError, match="not a"):
        contact_values.email(typed)


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text):
    try:
        stored = contact_values.email(text)
    except ValueError:
        return
    assert contact_values.email(stored) == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("2345 6789", ContactValue("+85223456789")),
        ("+852 2345-6789 ext. 4021", ContactValue("+85223456789", "4021")),
        ("2345 6789 内线 4021", ContactValue("+85223456789", "4021")),
        ("２３４５ ６７８９", ContactValue("+85223456789")),
        ("+44 (0)20 7946 0123", ContactValue("+442079460123")),
        ("4021", ContactValue("", "4021")),
        ("ext 4021", ContactValue("", "4021")),
    ],
)
def test_a_number_has_one_form(typed, stored):
    assert contact_values.phone(typed, "HK") == stored


@pytest.mark.parametrize("typed", ["", "call me", "+999999999999999999", "1"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValueError, match="not a telephone number"):
        contact_values.phone(typed, "HK")


@given(st.text(alphabet="0123456789 +()-xext.内线#", max_size=30))
def test_any_text_is_a_number_or_refused(text):
    try:
        stored = contact_values.phone(text, "GB")
    except ValueError:
        return
    again = stored.value or stored.extension
    assert contact_values.phone(again, "GB").value == stored.value


def test_numbers_read_as_they_are_dialled(session):
    assert contact_values.show("phone", "+85223456789", "4021", "HK") == "2345 6789 ext. 4021"
    assert contact_values.show("phone", "+442079460123", "", "HK") == "+44 20 7946 0123"
    assert contact_values.show("phone", "", "4021", "HK") == "ext. 4021"
    assert contact_values.show("email", "li@xn--fsqu00a.xn--55qx5d", "", "HK") == "li@例子.公司"
