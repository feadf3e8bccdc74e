"""Code tables of DOMAIN §2.6. A cell may hold the code, the name or both: "1", "男", "1-男", full-width too."""

import re

# GB/T 3304, in code order 01-56.
ETHNICITIES = [
    "汉族", "蒙古族", "回族", "藏族", "维吾尔族", "苗族", "彝族", "壮族", "布依族",
    "朝鲜族", "满族", "侗族", "瑶族", "白族", "土家族", "哈尼族", "哈萨克族", "傣族",
    "黎族", "傈僳族", "佤族", "畲族", "高山族", "拉祜族", "水族", "东乡族", "纳西族",
    "景颇族", "柯尔克孜族", "土族", "达斡尔族", "仫佬族", "羌族", "布朗族", "撒拉族", "毛南族",
    "仡佬族", "锡伯族", "阿昌族", "普米族", "塔吉克族", "怒族", "乌孜别克族", "俄罗斯族", "鄂温克族",
    "德昂族", "保安族", "裕固族", "京族", "塔塔尔族", "独龙族", "鄂伦春族", "赫哲族", "门巴族",
    "珞巴族", "基诺族",
]  # fmt: skip
RENAMED_ETHNICITIES = {
    "毛难族": "毛南族",
    "崩龙族": "德昂族",
    "维族": "维吾尔族",
    "哈族": "哈萨克族",
    "柯族": "柯尔克孜族",
    "乌兹别克族": "乌孜别克族",
}

TABLES: dict[str, dict[str, str]] = {
    "sex": {"0": "未知", "1": "男", "2": "女", "9": "未说明"},
    "ethnicity": {**{f"{n:02d}": name for n, name in enumerate(ETHNICITIES, 1)}, "97": "其他", "98": "外国血统"},
    "nationality": {
        "CHN": "中国", "USA": "美国", "JPN": "日本", "KOR": "韩国", "GBR": "英国", "FRA": "法国", "DEU": "德国", "RUS": "俄罗斯",
        "CAN": "加拿大", "AUS": "澳大利亚", "VNM": "越南", "THA": "泰国", "MMR": "缅甸", "PHL": "菲律宾", "IND": "印度", "PAK": "巴基斯坦",
        "HKG": "中国香港", "MAC": "中国澳门", "TWN": "中国台湾", "SGP": "新加坡", "MYS": "马来西亚", "NZL": "新西兰",
    },
    "id_type": {
        "1": "居民身份证", "6": "香港特区护照/身份证明", "7": "澳门特区护照/身份证明", "8": "台湾居民来往大陆通行证",
        "9": "境外永久居住证", "A": "护照", "Z": "其他",
    },
    "overseas_type": {
        "00": "否", "01": "香港同胞", "02": "香港同胞亲属", "03": "澳门同胞", "04": "澳门同胞亲属", "05": "台湾同胞", "06": "台湾同胞亲属",
        "11": "华侨", "12": "侨眷", "13": "归侨", "14": "归侨子女", "21": "归国留学人员", "31": "非华裔中国人", "41": "外籍华裔人",
        "51": "外国人", "99": "其他",
    },
    "political_status": {"01": "中共党员", "02": "预备党员", "03": "共青团员", "13": "群众"},
    "health_status": {"10": "健康或良好", "20": "一般或较弱", "30": "有慢性病", "40": "有生理缺陷", "50": "残疾"},
    "hukou_type": {"1": "农业户口", "2": "非农业户口"},
    "entry_mode": {"11": "就近入学", "12": "其他", "21": "统一招生考试/普通入学", "22": "体育特招", "23": "艺术特招", "99": "其他"},
    "boarding_type": {"1": "走读", "2": "住校", "9": "其他"},
    "student_source": {"1": "正常入学", "2": "借读", "9": "其他"},
    "left_behind": {"0": "非留守儿童", "1": "单亲留守儿童", "2": "双亲留守儿童"},
    "disability_type": {
        "0": "无残疾", "61": "视力残疾", "62": "听力残疾", "63": "言语残疾", "64": "肢体残疾", "65": "智力残疾", "66": "精神残疾",
        "67": "多重残疾", "69": "其他残疾",
    },
    "inclusion_type": {"0": "非随班就读", "1": "视力残疾随班就读", "2": "听力残疾随班就读", "3": "智力残疾随班就读", "9": "其他残疾随班就读"},
    "commute_mode": {"1": "步行", "2": "自行车(含摩托、电动)", "3": "公共交通", "4": "家长自行接送", "5": "校车", "9": "其他"},
    "relation": {
        "1": "父亲", "2": "母亲", "3": "祖父母或外祖父母", "4": "兄弟姐妹", "5": "其他", "51": "父亲", "52": "母亲", "57": "继父或养父", "58": "继母或养母",
        **dict.fromkeys(("61", "62", "63", "64"), "祖父母或外祖父母"), **{str(n): "兄弟姐妹" for n in range(71, 80)}, "97": "其他亲属", "99": "非亲属",
    },
    "status": {"present": "在校", "suspended": "休学"},
}  # fmt: skip

# What people write instead of the name in the table.
SYNONYMS: dict[str, dict[str, str]] = {
    "sex": {"男性": "男", "女性": "女", "男生": "男", "女生": "女", "m": "男", "f": "女"},
    "ethnicity": RENAMED_ETHNICITIES,
    "nationality": {"中华人民共和国": "中国", "156": "中国", "中国大陆": "中国", "中国籍": "中国"},
    "id_type": {"身份证": "居民身份证", "二代身份证": "居民身份证", "户口簿": "其他", "出生证": "其他", "无": "其他"},
    "overseas_type": {"非港澳台侨外": "否", "无": "否", "不是": "否"},
    "political_status": {"党员": "中共党员", "团员": "共青团员", "中共预备党员": "预备党员", "少先队员": "群众", "无": "群众"},
    "health_status": {"健康": "健康或良好", "良好": "健康或良好", "一般": "一般或较弱", "较弱": "一般或较弱", "慢性病": "有慢性病"},
    "hukou_type": {"农业": "农业户口", "非农业": "非农业户口", "居民户口": "居民户口", "居民": "居民户口", "家庭户": "家庭户", "集体户": "集体户",
                   "农村": "农业户口", "城镇": "非农业户口", "非农": "非农业户口"},
    "boarding_type": {"走读生": "走读", "住读": "住校", "寄宿": "住校", "住宿": "住校", "住校生": "住校", "住宿生": "住校", "寄宿生": "住校"},
    "left_behind": {"否": "非留守儿童", "非留守": "非留守儿童", "不是": "非留守儿童", "单亲留守": "单亲留守儿童", "双亲留守": "双亲留守儿童"},
    "disability_type": {"无": "无残疾", "否": "无残疾", **{name: name + "残疾" for name in ["视力", "听力", "言语", "肢体", "智力", "精神", "多重", "其他"]}},
    "inclusion_type": {"否": "非随班就读", "无": "非随班就读", "视力随班就读": "视力残疾随班就读", "听力随班就读": "听力残疾随班就读",
                       "智力随班就读": "智力残疾随班就读", "其他随班就读": "其他残疾随班就读"},
    "commute_mode": {"自行车": "自行车(含摩托、电动)", "电动车": "自行车(含摩托、电动)", "摩托车": "自行车(含摩托、电动)", "骑车": "自行车(含摩托、电动)",
                     "公交": "公共交通", "公交车": "公共交通", "地铁": "公共交通", "家长接送": "家长自行接送", "接送": "家长自行接送", "走路": "步行"},
    "relation": {"爸爸": "父亲", "妈妈": "母亲", "父": "父亲", "母": "母亲", "祖父": "祖父母或外祖父母", "祖母": "祖父母或外祖父母",
                 "外祖父": "祖父母或外祖父母", "外祖母": "祖父母或外祖父母", "爷爷": "祖父母或外祖父母", "奶奶": "祖父母或外祖父母",
                 "外公": "祖父母或外祖父母", "外婆": "祖父母或外祖父母", "姥姥": "祖父母或外祖父母", "姥爷": "祖父母或外祖父母",
                 "继父": "继父或养父", "养父": "继父或养父", "继母": "继母或养母", "养母": "继母或养母"},
    "status": {"在籍": "在校", "复学": "在校", "正常": "在校", "在读": "在校", "就读": "在校", "转入": "在校", "借读": "在校", "休学中": "休学"},
}  # fmt: skip
# These the model keeps as codes; the rest as the name in the table.
KEPT_AS_CODE = {"sex", "boarding_type", "left_behind", "status"}
PAIR = re.compile(r"([0-9A-Za-z]{1,3})\s*[-–—－:：.、_ ]\s*(.+)")


def look_up(table: str, text: str) -> tuple[str, str] | None:
    """(code, name) of a plain text, or None. ``text`` has been through values.plain_code()."""
    names = TABLES[table]
    if pair := PAIR.fullmatch(text):
        known = look_up(table, pair[2])
        if known and names.get(_pad(table, pair[1]), pair[2]) in {known[1], pair[2]}:
            return known
        return None
    name = SYNONYMS.get(table, {}).get(text.lower(), text)
    if table == "ethnicity":
        full = name if name.endswith("族") else name + "族"
        full = RENAMED_ETHNICITIES.get(full, full)
        name = full if full in names.values() else name
    code = next((code for code, each in names.items() if each == name), None)
    if code is not None:
        return code, name
    if name in SYNONYMS.get(table, {}).values():  # a name that other code bases use, without a code of its own
        return "", name
    code = _pad(table, text.upper())
    return (code, names[code]) if code in names else None


def _pad(table: str, code: str) -> str:
    width = max(len(each) for each in TABLES[table])
    return code.zfill(width) if table in {"ethnicity", "overseas_type", "political_status"} and code.isdigit() else code
