"""What a roster can say about a student: the 71 columns of the national import template and those of local sheets (DOMAIN §2.1-2.2).

Keys of students are the names of model fields; keys of the family are ``guardian1.phone``.
"""

from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

MODELS = ("student", "enrolment", "profile", "background", "guardian")


@dataclass(frozen=True)
class Field:
    """``kind`` names the parser in values.py or codes.py, ``part`` the model that keeps it ("" = none), ``length`` its limit."""

    key: str
    header: str
    label: str
    kind: str
    part: str = ""
    aliases: tuple[str, ...] = ()
    length: int = 0
    ignored: bool = False

    @property
    def order(self) -> int:
        """Of the member of the family: 1, 2, …; 0 for the student."""
        head = self.key.partition(".")[0]
        return int(head.removeprefix("guardian")) if "." in self.key else 0

    @property
    def title(self) -> str:
        """In the words of the interface."""
        if self.order:
            return gettext("Family member %(number)d: %(field)s") % {"number": self.order, "field": gettext(self.label)}
        return gettext(self.label)

    @property
    def level(self) -> int:
        """The confidentiality level of the row that keeps it (DESIGN §3)."""
        return {"profile": 2, "background": 3, "guardian": 3}.get(self.part, 1)


STUDENT_FIELDS = (
    Field("school_code", "学校标识码", _("School code"), "school_code", aliases=("学校代码",)),
    Field("name", "姓名", _("Name"), "name", "student", ("学生姓名", "学生名字"), 50),
    Field("sex", "性别", _("Sex"), "sex", "student", ("学生性别",)),
    Field("birth_date", "出生日期", _("Date of birth"), "birth_date", "student", ("出生年月", "出生年月日", "生日")),
    Field("birthplace_code", "出生地行政区划代码", _("Code of the birthplace"), "region", "profile", ("出生地", "出生地行政区划"), 12),
    Field("native_place", "籍贯", _("Native place"), "text", "profile", (), 60),
    Field("ethnicity", "民族", _("Ethnicity"), "ethnicity", "student", ("学生民族",), 20),
    Field("nationality", "国籍/地区", _("Nationality or region"), "nationality", "student", ("国籍",), 20),
    Field("id_type", "身份证件类型", _("Kind of identity document"), "id_type", "background", ("证件类型", "身份证类型"), 30),
    Field("overseas_type", "港澳台侨外", _("Hong Kong, Macao, Taiwan or overseas"), "overseas_type", "profile", ("港澳台侨",), 20),
    Field("health_status", "健康状况", _("Health"), "health_status", "background", (), 20),
    Field("political_status", "政治面貌", _("Political status"), "political_status", "student", (), 20),
    Field("id_no", "身份证件号", _("Number of the identity document"), "id_no", "background",
          ("身份证号", "身份证件号码", "身份证号码", "身份证", "证件号码", "证件号", "公民身份号码"), 30),
    Field("hukou_type", "户口性质", _("Kind of household registration"), "hukou_type", "profile", ("户籍性质",), 20),
    Field("hukou_code", "户口所在地行政区划", _("Code of the household registration"), "region", "profile",
          ("户口所在地", "户口所在地行政区划代码"), 12),
    Field("class", "班号", _("Class"), "class", "enrolment", ("班级", "班级名称", "所在班级")),
    Field("entry_month", "入学年月", _("Month of entry"), "month", "student", ("入学时间", "入学日期"), 6),
    Field("entry_mode", "入学方式", _("Way of entry"), "entry_mode", "student", (), 20),
    Field("boarding_type", "就读方式", _("Boarding"), "boarding_type", "student"),
    Field("address_now", "现住址", _("Present address"), "text", "background", ("现住地址", "居住地址"), 200),
    Field("address_mail", "通信地址", _("Postal address"), "text", "background", ("通讯地址",), 200),
    Field("address_home", "家庭地址", _("Home address"), "text", "background", ("家庭住址",), 200),
    Field("phone", "联系电话", _("Phone"), "phone", "background", ("电话", "手机", "手机号", "手机号码", "家庭电话"), 30),
    Field("postcode", "邮政编码", _("Postcode"), "postcode", "profile", ("邮编",), 6),
    Field("is_only_child", "是否独生子女", _("Only child"), "boolean", "profile", ("独生子女",)),
    Field("attended_preschool", "是否受过学前教育", _("Attended preschool"), "boolean", "profile", ("学前教育",)),
    Field("left_behind", "是否留守儿童", _("Left behind"), "left_behind", "background", ("留守儿童", "留守情况")),
    Field("needs_aid", "是否需要申请资助", _("Asks for aid"), "boolean", "background", ("申请资助",)),
    Field("has_boarding_allowance", "是否享受一补", _("Has the boarders' living allowance"), "boolean", "background", ("享受一补",)),
    Field("is_orphan", "是否孤儿", _("Orphan"), "boolean", "background", ("孤儿",)),
    Field("is_martyr_child", "是否烈士或优抚子女", _("Child of a martyr or of a family entitled to care"), "boolean", "background",
          ("烈士或优抚子女",)),
    Field("commute_km", "上下学距离", _("Way to school, km"), "kilometres", "profile", ("上下学距离公里", "上下学距离km")),
    Field("commute_mode", "上下学方式", _("How they come to school"), "commute_mode", "profile", ("上下学交通方式",), 20),
    Field("needs_bus", "是否需要乘坐校车", _("Needs the school bus"), "boolean", "profile", ("乘坐校车",)),
    Field("former_name", "曾用名", _("Former name"), "text", "profile", (), 50),
    Field("id_valid", "身份证件有效期", _("Identity document valid until"), "text", "profile", ("证件有效期",), 30),
    Field("blood_type", "血型", _("Blood type"), "text", "profile", (), 10),
    Field("talent", "特长", _("Talent"), "text", "profile", (), 200),
    Field("student_no_aux", "学籍辅号", _("Auxiliary student number"), "text", "student", ("学籍副号", "省学籍号"), 30),
    Field("seat_no", "班内学号", _("Seat number"), "seat", "enrolment", ("班内编号", "座号", "座位号", "班级学号")),
    Field("student_source", "学生来源", _("Source of the student"), "student_source", "student", (), 20),
    Field("email", "电子信箱", _("E-mail"), "text", ignored=True, aliases=("电子邮箱", "邮箱")),
    Field("homepage", "主页地址", _("Homepage"), "text", ignored=True),
    Field("disability_type", "残疾类型", _("Kind of disability"), "disability_type", "background", (), 20),
    Field("paid_place", "是否由政府购买学位", _("Place paid by the government"), "boolean", ignored=True),
    Field("inclusion_type", "随班就读", _("Mainstreaming"), "inclusion_type", "background", ("是否随班就读",), 20),
    Field("is_migrant_child", "是否进城务工人员随迁子女", _("Migrant worker's child"), "boolean", "background",
          ("随迁子女", "是否随迁子女", "进城务工人员随迁子女")),
)  # fmt: skip

# Columns of other sheets than the template: exports and local lists (DOMAIN §2.2).
EXTRA_FIELDS = (
    Field("national_no", "学籍号", _("National student number"), "national_no", "background",
          ("全国学籍号", "学籍主号", "国网学籍号", "全国学籍主号"), 19),
    Field("grade", "年级", _("Grade"), "grade", aliases=("所在年级", "年级名称")),
    Field("stage", "学段", _("Stage"), "stage"),
    Field("status", "学籍状态", _("State"), "status", "student"),
    Field("is_boarder", "是否为住宿生", _("Boards at school"), "is_boarder", aliases=("是否住宿生", "是否住校", "住宿生")),
    Field("flags", "是否为随迁子女或留守儿童", _("Migrant worker's child or left behind"), "flags", aliases=("是否随迁子女或留守儿童",)),
    Field("on_leave", "休学中", _("On leave from school"), "on_leave", aliases=("是否休学",)),
)  # fmt: skip

GUARDIAN_FIELDS = (
    ("name", "姓名", _("Name"), "name", 50),
    ("relation", "关系", _("Relation"), "relation", 20),
    ("relation_note", "关系说明", _("Note on the relation"), "text", 60),
    ("address", "现住址", _("Address"), "text", 200),
    ("hukou_code", "户口所在地行政区划", _("Code of the household registration"), "region", 12),
    ("phone", "联系电话", _("Phone"), "phone", 30),
    ("is_guardian", "是否监护人", _("Is a guardian"), "boolean", 0),
    ("id_type", "身份证件类型", _("Kind of identity document"), "id_type", 30),
    ("id_no", "身份证件号", _("Number of the identity document"), "id_no", 30),
    ("ethnicity", "民族", _("Ethnicity"), "ethnicity", 20),
    # Over-collection is criticised (DOMAIN §2.1): where the family works is read past and never kept.
    ("employer", "工作单位", _("Employer"), "text", 0),
    ("job", "职务", _("Job"), "text", 0),
)  # fmt: skip
GUARDIAN_WORDS = {
    "姓名": ("姓名", "名字"), "关系": ("关系", "与学生关系"), "现住址": ("现住址", "住址", "地址"),
    "户口所在地行政区划": ("户口所在地行政区划", "户口所在地"), "联系电话": ("联系电话", "电话", "手机", "手机号", "手机号码"),
    "身份证件类型": ("身份证件类型", "证件类型"), "身份证件号": ("身份证件号", "身份证号", "身份证件号码", "身份证号码", "证件号码"),
    "工作单位": ("工作单位", "单位"),
}  # fmt: skip
GUARDIAN_PREFIXES = ("成员{n}", "家庭成员或监护人{n}", "家庭成员{n}", "家长{n}", "监护人{n}")
GUARDIANS = 4
NOT_KEPT = {"employer", "job"}


def _guardian_fields() -> tuple[Field, ...]:
    return tuple(
        Field(
            key=f"guardian{n}.{name}",
            header=f"成员{n}{header}",
            label=label,
            kind=kind,
            part="" if name in NOT_KEPT else "guardian",
            aliases=_guardian_aliases(n, header),
            length=length,
            ignored=name in NOT_KEPT,
        )
        for n in range(1, GUARDIANS + 1)
        for name, header, label, kind, length in GUARDIAN_FIELDS
    )


def _guardian_aliases(n: int, header: str) -> tuple[str, ...]:
    words = GUARDIAN_WORDS.get(header, (header,))
    aliases = [prefix.format(n=n) + word for prefix in GUARDIAN_PREFIXES for word in words]
    parent = {1: "父亲", 2: "母亲"}.get(n)
    return tuple(aliases + [parent + word for word in words] if parent else aliases)


FIELDS: dict[str, Field] = {field.key: field for field in (*STUDENT_FIELDS, *_guardian_fields(), *EXTRA_FIELDS)}
# The order of the template: the last column of the students stands behind the family.
TEMPLATE = [
    *STUDENT_FIELDS[:-1],
    *(FIELDS[f"guardian{n}.{name}"] for n in (1, 2) for name, *_rest in GUARDIAN_FIELDS),
    STUDENT_FIELDS[-1],
]
