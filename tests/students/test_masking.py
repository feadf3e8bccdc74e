"""What stands masked until somebody asks for it in full."""

import pytest

from students.masking import mask_address, mask_id, mask_phone


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("990102201705203217", "99**************17"),
        ("G990102201705203217", "G9***************17"),
        ("A12345", "******"),
        ("", ""),
    ],
)
def test_a_masked_id_shows_neither_birthday_nor_sex(number, shown):
    assert mask_id(number) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [("13800001234", "138****1234"), ("0990-1234567", "099*****4567"), ("1234567", "*****67"), ("12", "**"), ("", "")],
)
def test_a_masked_phone_keeps_its_last_digits(number, shown):
    assert mask_phone(number) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("示范省示范市新华区滨河街12号3单元501", "示范省示范市新华区****"),
        ("示范市建平县幸福小区5号楼", "示范市建平县****"),
        ("某镇幸福小区5号楼301室", "某镇幸福****"),
        ("东街3号", "东****"),
        ("新华区", "新****"),
        ("", ""),
    ],
)
def test_a_masked_address_ends_with_the_district(address, shown):
    assert mask_address(address) == shown
