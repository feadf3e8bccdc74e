"""The categories and the services that a school starts with (DOMAIN §3.2, §4). From then on the school edits its own; no law
fixes them.

Plain data, since a migration reads it too.
"""

# code, name, group, default basis, level
CATEGORIES = (
    ("F1", "留守（单亲或双亲外出）", "F", "roster", 3),
    ("F2", "进城务工人员随迁子女", "F", "roster", 3),
    ("F3", "孤儿", "F", "document", 3),
    ("F4", "事实无人抚养", "F", "document", 3),
    ("F5", "单亲家庭", "F", "judgement", 3),
    ("F6", "父母离异", "F", "judgement", 3),
    ("F7", "重组家庭", "F", "judgement", 3),
    ("F8", "隔代或委托照护", "F", "judgement", 3),
    ("F9", "父母服刑或强制戒毒", "F", "document", 4),
    ("F10", "家庭突发变故", "F", "judgement", 3),
    ("F11", "家庭关系紧张", "F", "judgement", 3),
    ("E1", "脱贫户或监测户", "E", "document", 3),
    ("E2", "低保或低保边缘", "E", "document", 3),
    ("E3", "特困供养", "E", "document", 3),
    ("E4", "其他经济困难", "E", "document", 3),
    ("H1", "残疾", "H", "document", 3),
    ("H2", "随班就读", "H", "roster", 3),
    ("H3", "重病或慢性病", "H", "document", 3),
    ("H4", "特异体质或过敏", "H", "document", 3),
    ("L1", "学习困难", "L", "judgement", 3),
    ("L2", "疑似学习障碍（未认定）", "L", "judgement", 3),
    ("L3", "厌学或辍学风险", "L", "judgement", 3),
    ("B1", "行为偏差", "B", "judgement", 3),
    ("B2", "不良行为（未成年人法定九类）", "B", "judgement", 3),
    ("B3", "网络沉迷", "B", "judgement", 3),
    ("B4", "欺凌相关", "B", "document", 4),
    ("P1", "情绪困扰", "P", "judgement", 3),
    ("P2", "心理高关怀", "P", "judgement", 4),
    ("P3", "复学学生", "P", "judgement", 3),
    ("P4", "转入适应", "P", "judgement", 3),
    ("S1", "涉案", "S", "document", 4),
    ("S9", "其他需关注", "S", "judgement", 3),
)

# name, who carries it out, groups and codes of categories that it fits
SERVICES = (
    ("班主任谈心", "班主任", ("F", "E", "L", "B", "P", "S")),
    ("心理辅导", "心理教师", ("P", "F9", "F10", "F11", "B3", "B4", "L3")),
    ("学业帮扶（一对一或小组）", "科任教师", ("L", "F2", "P3", "P4")),
    ("课堂便利（座位、作业、考试时间）", "科任教师", ("H1", "H2", "H3", "L1", "L2")),
    ("同伴互助", "班主任", ("P4", "P3", "P1", "F1", "F2", "H2")),
    ("兴趣小组和班级任务", "班主任", ("B", "P1", "P4", "F1", "L3")),
    ("家校联系", "班主任", ("F", "L", "B", "P", "E4")),
    ("家庭教育指导（家长学校）", "德育处", ("F5", "F6", "F7", "F8", "F11", "B1", "B2", "B3")),
    ("资助申请", "资助专员", ("E", "F3", "F4")),
    ("校医随访", "校医", ("H",)),
    ("随班就读支持（个别化教育计划）", "资源教师", ("H1", "H2")),
    ("转介校外专业机构", "德育处、心理教师", ("P2", "H1", "L2", "B2")),
)
