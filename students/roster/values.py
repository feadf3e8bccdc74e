"""Single cells: text in, a typed value out, or Unreadable with a sentence. None of them reads the clock."""

import re
import unicodedata
from datetime import date, timedelta

from django.utils.translation import gettext as _

from students.roster.codes import KEPT_AS_CODE, look_up

MAX_NAME = 50
AGES = range(3, 26)
INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb]"
)
SPACES = re.compile(r"\s+")
DOTS = re.compile("[\u00b7\u2022\u2027\u30fb\uff65\u2219\u22c5]")
HAN = "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
INNER_SPACE = re.compile(f"(?<={HAN}) (?={HAN})")
DOT_SPACES = re.compile(" ?· ?")
NOTHING = {"", "-", "--", "—", "——", "/", "无", "暂无", "没有", "空", "null", "none", "n/a"}
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if chr(code - 0xFEE0).isalnum()}

DATE_FORMS = (
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    re.compile(
        r"(?P<y>\d{4})\s?[-./年]\s?(?P<m>\d{1,2})\s?[-./月]\s?(?P<d>\d{1,2})\s?[日号]?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?"
    ),
)
MONTH_FORMS = (re.compile(r"(?P<y>\d{4})(?P<m>\d{2})"), re.compile(r"(?P<y>\d{4})\s?[-./年]\s?(?P<m>\d{1,2})\s?月?"))
SERIAL = re.compile(r"\d{5}(\.\d+)?")
SERIAL_EPOCH = date(1899, 12, 30)
SERIALS = range(32_874, 73_051)  # 1990 to 2099
DAYS_1904 = 1_462  # a workbook in the 1904 system counts from so many days later

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
ID_CHECKS = "10X98765432"
LOST = "000"  # what Excel leaves of the last three of 18 digits
ID_SHAPE = re.compile(r"\d{17}[\dX]")
NATIONAL_NO = re.compile(r"[GJL]\d{17}[\dX]")  # DOMAIN §2.4
SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
PHONE = re.compile(r"(\+?86)?1\d{10}|0\d{2,3}\d{7,8}(转?\d{1,6})?|\d{7,8}")
FORCED_TEXT = re.compile(r"=\"(.*)\"|'(.*)", re.DOTALL)
YES = {"是", "1", "有", "y", "yes", "true", "√", "✓", "对", "t"}
NO = {"否", "0", "无", "n", "no", "false", "×", "x", "不是", "没有", "f"}


class Unreadable(ValueError):
    """The cell cannot become a value. Its text is the sentence for the person who uploaded the file."""


def plain_text(text: str) -> str:
    """What a cell says, letter for letter, without the invisible: NFC, no zero-width or control characters, no outer space."""
    return unicodedata.normalize("NFC", INVISIBLE.sub("", text)).strip()


def plain_code(text: str) -> str:
    """For codes, numbers and dates: full-width becomes half-width as well."""
    return SPACES.sub(" ", unicodedata.normalize("NFKC", plain_text(text))).strip()


def number_text(text: str) -> str:
    """For ids: no spaces, and without the \"=\" or apostrophe by which people force Excel to keep text."""
    plain = plain_code(text)
    if forced := FORCED_TEXT.fullmatch(plain):
        plain = forced[1] or forced[2] or ""
    return plain.replace(" ", "").upper()


def is_blank(text: str) -> bool:
    return plain_code(text).lower() in NOTHING


def parse_name(text: str) -> str:
    """张 三 → 张三; Ai Li stays; 阿依古丽•买买提 → 阿依古丽·买买提."""
    name = SPACES.sub(" ", plain_text(text).replace("\u3000", " ")).translate(FULL_WIDTH)
    name = DOT_SPACES.sub("·", DOTS.sub("·", name))
    while INNER_SPACE.search(name):
        name = INNER_SPACE.sub("", name)
    if len(name) > MAX_NAME:
        raise Unreadable(_("The name is longer than 50 characters. Please check the cell."))
    if not any(letter.isalpha() for letter in name):
        raise Unreadable(_("The name has no letters. Please enter the student's name."))
    return name


def is_usual_name(name: str) -> bool:
    """Letters, their accents, and what stands between the parts of a name."""
    return all(unicodedata.category(letter)[0] in "LM" or letter in "· -.'’" for letter in name)


def parse_code(table: str, text: str) -> str:
    """The name in the table, or its code where the model keeps codes (sex, boarding_type, left_behind, status)."""
    found = look_up(table, plain_code(text))
    if found is None:
        raise Unreadable(
            _("“%(text)s” is not one of the known values. Please use the words of the template.")
            % {"text": shorten(text)}
        )
    code, name = found
    return code if table in KEPT_AS_CODE else name


def parse_date(text: str, *, epoch1904: bool = False) -> date:
    """20110101, 2011-1-1, 2011.01.01, 2011/1/1, 2011年1月1日, and Excel's serial number."""
    plain = plain_code(text)
    if SERIAL.fullmatch(plain):
        return _from_serial(int(plain[:5]) + DAYS_1904 * epoch1904, text)
    for form in DATE_FORMS:
        if found := form.fullmatch(plain):
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                break
    raise Unreadable(_("“%(text)s” is not a date. Please write it like 20160521.") % {"text": shorten(text)})


def _from_serial(serial: int, text: str) -> date:
    if serial not in SERIALS:
        raise Unreadable(_("“%(text)s” is not a date. Please write it like 20160521.") % {"text": shorten(text)})
    return SERIAL_EPOCH + timedelta(days=serial)


def check_birth_date(day: date, *, today: date) -> date:
    """Not in the future, and an age at which people go to school."""
    if day > today:
        raise Unreadable(_("The date of birth lies in the future. Please correct it."))
    age = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    if age not in AGES:
        raise Unreadable(
            _("By this date of birth the student would be %(age)d years old. Please correct it.") % {"age": age}
        )
    return day


def parse_month(text: str, *, epoch1904: bool = False) -> str:
    """yyyymm, from 202609, 2026-9, 2026年9月 or any full date."""
    plain = plain_code(text)
    for form in MONTH_FORMS:
        if (found := form.fullmatch(plain)) and 1 <= int(found["m"]) <= 12 and 1900 < int(found["y"]) < 2200:
            return f"{found['y']}{int(found['m']):02d}"
    return f"{parse_date(text, epoch1904=epoch1904):%Y%m}"


def id_check_digit(first17: str) -> str:
    """GB 11643-1999: the weighted sum of the 17 digits modulo 11."""
    return ID_CHECKS[sum(weight * int(digit) for weight, digit in zip(ID_WEIGHTS, first17, strict=True)) % 11]


def parse_resident_id(text: str) -> str:
    """The 18 characters of a resident's ID number. Digits that a spreadsheet destroyed are named, never guessed."""
    number = number_text(text)
    shaped = bool(ID_SHAPE.fullmatch(number)) and number.isascii()
    fits = shaped and id_check_digit(number[:17]) == number[17]
    # One real number in about 11,000 ends in 000 and fits: those are kept, and check_rows warns.
    if SCIENTIFIC.fullmatch(number) or (shaped and not fits and number.endswith(LOST)):
        raise Unreadable(
            _(
                "The ID number ends in 000, as if a spreadsheet had lost its last digits. "
                "Check it against the document, format the column as text and enter it again."
            )
        )
    if len(number) == 15 and number.isdigit():
        raise Unreadable(
            _("The ID number has 15 digits instead of 18. Please enter the number of the present document.")
        )
    if not shaped:
        raise Unreadable(_("The ID number does not have 18 characters. Please check it against the document."))
    if not fits:
        raise Unreadable(
            _("The last character of the ID number does not fit the others. Please check it against the document.")
        )
    if birth_date_of(number) is None:
        raise Unreadable(
            _("The ID number contains a date of birth that does not exist. Please check it against the document.")
        )
    return number


def birth_date_of(id_no: str) -> date | None:
    """Digits 7-14."""
    try:
        return date(int(id_no[6:10]), int(id_no[10:12]), int(id_no[12:14]))
    except ValueError:
        return None


def sex_of(id_no: str) -> str:
    """The 17th digit: odd is male. Codes of GB/T 2261.1."""
    return "1" if int(id_no[16]) % 2 else "2"


def parse_document_no(text: str) -> str:
    """Of a passport or permit: no rule of form, at most 30 characters."""
    number = number_text(text)
    if len(number) > 30:
        raise Unreadable(_("The number of the document is longer than 30 characters. Please check the cell."))
    return number


def parse_national_no(text: str) -> str:
    """学籍号: G, J or L and 18 more. It is never derived from the ID number, nor that from it (DOMAIN §2.4)."""
    number = number_text(text)
    if not NATIONAL_NO.fullmatch(number) or not number.isascii():
        raise Unreadable(_("The national student number is not G, J or L followed by 18 characters. Please check it."))
    return number


def parse_phone(text: str) -> str:
    """As written, in half-width: a number with a country code or spaces stays what it was."""
    return plain_code(text)


def is_usual_phone(phone: str) -> bool:
    return all(PHONE.fullmatch(re.sub(r"[\s()-]", "", part)) for part in re.split(r"[,;/、]", phone))


def parse_boolean(text: str) -> bool:
    plain = plain_code(text).lower()
    plain = plain.partition("-")[2] or plain if re.fullmatch(r"[01]-[是否]", plain) else plain
    if plain in YES or plain in NO:
        return plain in YES
    raise Unreadable(_("“%(text)s” is neither yes nor no. Please enter 是 or 否.") % {"text": shorten(text)})


def parse_seat(text: str) -> int:
    found = re.fullmatch(r"(\d{1,4})\s?号?", plain_code(text))
    if not found or not 1 <= int(found[1]) <= 999:
        raise Unreadable(
            _("“%(text)s” is not a seat number. Please enter a number from 1 to 999.") % {"text": shorten(text)}
        )
    return int(found[1])


def parse_kilometres(text: str) -> int:
    """Whole kilometres, rounded; metres are understood."""
    found = re.fullmatch(r"约?(\d{1,6}(?:\.\d+)?)\s?(公里|千米|km|米|m)?", plain_code(text).lower())
    amount = float(found[1]) / (1000 if found[2] in {"米", "m"} else 1) if found else -1
    if not 0 <= amount <= 500:
        raise Unreadable(
            _("“%(text)s” is not a distance in kilometres. Please enter a whole number.") % {"text": shorten(text)}
        )
    return int(amount + 0.5)


def parse_digits(text: str, lengths: tuple[int, ...]) -> str:
    """Codes of regions and postcodes."""
    digits = number_text(text)
    if not (digits.isascii() and digits.isdigit() and len(digits) in lengths):
        expected = _(" or ").join(str(length) for length in lengths)
        raise Unreadable(
            _("“%(text)s” does not have %(digits)s digits. Please check it.")
            % {"text": shorten(text), "digits": expected}
        )
    return digits


def parse_text(text: str, length: int) -> str:
    plain = plain_text(text)
    if length and len(plain) > length:
        raise Unreadable(_("The text is longer than %(length)d characters. Please shorten it.") % {"length": length})
    return plain


def shorten(text: str) -> str:
    """For a sentence: the beginning of what stands in the cell."""
    plain = plain_text(text)
    return plain if len(plain) <= 20 else plain[:20] + "…"
